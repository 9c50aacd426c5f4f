use axum::http::StatusCode;

/// Every way in which a request fails, one row each: the code is what clients branch on, and never changes.
macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        /// Why a request failed. Its [text](Code::as_str) is stable: clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])+ $name,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// What stands in `code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What stands in `title`.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }
        }
    };
}

codes! {
    /// Not a request that can be understood.
    MalformedRequest = BAD_REQUEST, "malformed_request", "The request cannot be understood";
    /// The body is not JSON.
    MalformedJson = BAD_REQUEST, "malformed_json", "The body is not JSON";
    /// `cursor` or `limit` of a list is wrong.
    BadCursor = BAD_REQUEST, "bad_cursor", "The cursor or limit is not valid";
    /// A header field has a value that it cannot have.
    BadHeader = BAD_REQUEST, "bad_header", "A header field is not valid";
    /// Nobody is known by this proof, or there is none.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "Authentication is required";
    /// A signature, or something that it covers, is not right.
    BadSignature = UNAUTHORIZED, "bad_signature", "The request is not signed as it must be";
    /// The caller is known and may not do this.
    Forbidden = FORBIDDEN, "forbidden", "The caller may not do this";
    /// A device is not let in; why is told to operators only.
    RegistrationRefused = FORBIDDEN, "registration_refused", "The device may not register";
    /// Somebody looked at the registration and said no.
    RegistrationRejected = FORBIDDEN, "registration_rejected", "The registration was rejected";
    /// There is no such thing, or none that the caller may see.
    NotFound = NOT_FOUND, "not_found", "There is no such resource";
    /// The resource has no such method.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "The resource has no such method";
    /// The body did not come in time.
    BodyTimeout = REQUEST_TIMEOUT, "body_timeout", "The body did not arrive in time";
    /// Something else stands against it.
    Conflict = CONFLICT, "conflict", "The state of the resource does not allow this";
    /// What has to be unique is taken.
    AlreadyExists = CONFLICT, "already_exists", "There is one already";
    /// The device stands elsewhere.
    InvalidTransition = CONFLICT, "invalid_transition", "The state of the device does not allow this";
    /// The device has as many credentials as it may.
    CredentialLimit = CONFLICT, "credential_limit", "The device has as many credentials as it may";
    /// The device has no secret that could be replaced.
    NothingToRotate = CONFLICT, "nothing_to_rotate", "The device has no secret to rotate";
    /// The product has as many devices as it may.
    DeviceQuota = CONFLICT, "device_quota", "The product has as many devices as it may";
    /// The product still has devices.
    ProductHasDevices = CONFLICT, "product_has_devices", "The product has devices";
    /// There are as many blocks as there may be.
    BlocksFull = CONFLICT, "blocks_full", "There are as many blocks as there may be";
    /// There are as many certificate authorities as there may be.
    AuthorityLimit = CONFLICT, "authority_limit", "There are as many certificate authorities as there may be";
    /// A device that has connected does not register again.
    AlreadyRegistered = CONFLICT, "already_registered", "The device is registered already";
    /// The registration is decided.
    AlreadyDecided = CONFLICT, "already_decided", "The registration is decided already";
    /// The same request is being answered.
    IdempotencyInFlight = CONFLICT, "idempotency_in_flight", "The first request with this key has not ended";
    /// A secret is shown once.
    SecretAlreadyShown = CONFLICT, "secret_already_shown", "The request succeeded before, and its secret was shown then";
    /// Nobody decided in time, or the secret was never used.
    RegistrationExpired = GONE, "registration_expired", "The registration has expired";
    /// Somebody was faster.
    VersionMismatch = PRECONDITION_FAILED, "version_mismatch", "The resource has another version";
    /// The body is too large.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large";
    /// The body has another media type.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The media type of the body is not supported";
    /// `Host` is not a name of this listener.
    MisdirectedRequest = MISDIRECTED_REQUEST, "misdirected_request", "This is not the host that was asked for";
    /// The body is JSON and not what it must be.
    Invalid = UNPROCESSABLE_ENTITY, "invalid", "The request is not valid";
    /// The product has no credentials of this kind.
    KindNotAllowed = UNPROCESSABLE_ENTITY, "kind_not_allowed", "The product does not allow this kind of credential";
    /// The configuration has mistakes; the one before goes on.
    ConfigInvalid = UNPROCESSABLE_ENTITY, "config_invalid", "The configuration has mistakes";
    /// The key belongs to another request.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The key was used with another request";
    /// A change needs `If-Match`.
    PreconditionRequired = PRECONDITION_REQUIRED, "precondition_required", "The request needs If-Match";
    /// Too often.
    TooManyRequests = TOO_MANY_REQUESTS, "too_many_requests", "Too many requests";
    /// As many devices wait for approval as may.
    QuarantineFull = TOO_MANY_REQUESTS, "quarantine_full", "Too many devices wait for approval";
    /// The head is too large.
    HeadTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", "The head of the request is too large";
    /// A fault of ours.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong here";
    /// Not now.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The service cannot answer now";
    /// It took too long.
    TimedOut = SERVICE_UNAVAILABLE, "timed_out", "The request took too long";
    /// What cannot be audited is not done.
    AuditUnavailable = SERVICE_UNAVAILABLE, "audit_unavailable", "The audit log cannot be written";
    /// Only HTTP/1.1 is spoken.
    HttpVersion = HTTP_VERSION_NOT_SUPPORTED, "http_version", "Only HTTP/1.1 is spoken";
}

impl Code {
    /// The code of an answer that came without one: the framework's own.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::BodyTimeout,
            409 => Self::Conflict,
            412 => Self::VersionMismatch,
            413 => Self::BodyTooLarge,
            415 => Self::UnsupportedMediaType,
            421 => Self::MisdirectedRequest,
            422 => Self::Invalid,
            429 => Self::TooManyRequests,
            431 => Self::HeadTooLarge,
            503 => Self::Unavailable,
            505 => Self::HttpVersion,
            400..500 => Self::MalformedRequest,
            _ => Self::Internal,
        }
    }
}
