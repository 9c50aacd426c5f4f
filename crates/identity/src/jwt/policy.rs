use crate::model::Rights;

/// What a token has to say beside a right signature. `exp` always has to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who has to have issued it, by `iss`; anybody with the key if `None`.
    pub issuer: Option<Box<str>>,
    /// Whom it has to be for, by `aud`. With `None` it has to be for nobody in particular.
    pub audience: Option<Box<str>>,
    /// Whether `iat` has to be there.
    pub needs_issued_at: bool,
    /// How far the clocks may be apart, in seconds; more than [`LEEWAY_SECS_MAX`](super::LEEWAY_SECS_MAX) counts as
    /// that.
    pub leeway_secs: u64,
    /// How long it may be good for at all, in seconds; as long as it says if `None`.
    pub lifetime_secs_max: Option<u64>,
    /// The claim that names a role.
    pub role_claim: Box<str>,
    /// The claim that names scopes: a text with spaces, or a list. `scope` and `scopes` if `None`.
    pub scope_claim: Option<Box<str>>,
    /// What is opened by a token that has none of these claims.
    pub unsaid: Rights,
}

impl Policy {
    /// Ours: issuer and audience are named, and what a token does not say it does not open.
    pub fn strict(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: Some(issuer.into()),
            audience: Some(audience.into()),
            needs_issued_at: true,
            leeway_secs: 30,
            lifetime_secs_max: None,
            role_claim: "role".into(),
            scope_claim: None,
            unsaid: Rights::default(),
        }
    }

    /// NanoMQ's: the issuer is the name of the key file, nobody is named as audience, and who has a token is the one
    /// operator. Other than there, a token has to end, and is not taken 200 seconds after its end.
    pub fn nanomq(key_file_name: &str) -> Self {
        Self {
            audience: None,
            needs_issued_at: false,
            unsaid: Rights::administrator(),
            ..Self::strict(key_file_name, "")
        }
    }
}
