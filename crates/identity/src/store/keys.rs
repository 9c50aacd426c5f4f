use std::fmt;

/// How much that is not revoked was made with a key: without it none of that can be recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUses {
    /// Credentials.
    pub credential_count: u64,
    /// Claim tokens, used up or not.
    pub claim_token_count: u64,
    /// API keys.
    pub api_key_count: u64,
}

impl KeyUses {
    /// Whether nothing needs the key any more.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for KeyUses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { credential_count, claim_token_count, api_key_count } = self;
        write!(
            f,
            "credentials: {credential_count}, claim tokens: {claim_token_count}, API keys: {api_key_count}"
        )
    }
}
