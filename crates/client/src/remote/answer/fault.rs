/// Why an answer is not understood, exactly; for logs and metrics. It never lets anybody in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// This status says neither that a client may, nor that it may not.
    #[error("status {0}")]
    Status(u16),
    /// Nothing in the body.
    #[error("an empty body")]
    Empty,
    /// A body that is said to be something else, or nothing.
    #[error("the content type is neither application/json nor application/x-www-form-urlencoded")]
    ContentType,
    /// A body that is not what it is said to be.
    #[error("the body is not what its content type says")]
    Unreadable,
    /// The same member twice.
    #[error("a member of the body is there twice")]
    Twice,
    /// JSON, but no object.
    #[error("the body is JSON, but no object")]
    NoObject,
    /// No `result`.
    #[error("no result in the body")]
    NoResult,
    /// A `result` that is no text, or none that is known.
    #[error("a result that is none")]
    UnknownResult,
    /// `is_superuser` says neither yes nor no.
    #[error("is_superuser is neither true nor false")]
    Superuser,
    /// `expire_at` is no time, or one in milliseconds.
    #[error("expire_at is no time in seconds since 1970")]
    Expiry,
    /// The verdict is over already.
    #[error("the verdict ended before it came")]
    Expired,
    /// `client_attrs` are none, or too many.
    #[error("client_attrs are none, or too many")]
    Attributes,
    /// `acl` is neither a list nor a map.
    #[error("acl is neither a list nor a map")]
    Acl,
    /// More rules than are taken.
    #[error("more than {max} rules")]
    TooManyRules {
        /// The bound.
        max: usize,
    },
    /// A rule that is none.
    #[error("rule {number}: {fault}")]
    Rule {
        /// Which, counted from 1.
        number: usize,
        /// What is wrong.
        fault: RuleFault,
    },
    /// The service says that it cannot decide now.
    #[error("the service cannot decide now")]
    Unavailable,
}

/// Why a rule of an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// No object.
    #[error("no object")]
    NoObject,
    /// Neither `allow` nor `deny`.
    #[error("permission is allow or deny")]
    Permission,
    /// None that is known.
    #[error("action is publish, pub, subscribe, sub or all")]
    Action,
    /// No topic filter, or none at all.
    #[error("topic is a filter, or topics are")]
    Topic,
    /// No QoS.
    #[error("qos is 0, 1 or 2, or a list of these")]
    Qos,
    /// Neither yes nor no.
    #[error("retain is true, false or all")]
    Retain,
    /// No network.
    #[error("ipaddr is an address or a network")]
    Address,
    /// A member that is not known here, and may make the rule about less than it would be without.
    #[error("it has a member that is not known here")]
    UnknownMember,
}

impl NotUnderstood {
    /// The reason, for logs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Empty => "empty",
            Self::ContentType => "content_type",
            Self::Unreadable => "unreadable",
            Self::Twice => "duplicate_member",
            Self::NoObject => "no_object",
            Self::NoResult => "no_result",
            Self::UnknownResult => "unknown_result",
            Self::Superuser => "is_superuser",
            Self::Expiry => "expire_at",
            Self::Expired => "expired",
            Self::Attributes => "client_attrs",
            Self::Acl | Self::TooManyRules { .. } | Self::Rule { .. } => "acl",
            Self::Unavailable => "service_unavailable",
        }
    }
}
