use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use vouchmq_identity::is_same;

use super::{Gatekeeper, Presented, Principal, Refusal, Stranger};

/// The first administrator's token: it opens everything.
pub struct AdministratorToken(SecretString);

/// A token is too short to be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the administrator token has {found} characters: it needs at least {TOKEN_LEN_MIN}")]
pub struct TooShort {
    /// How long it is.
    pub found: usize,
}

const TOKEN_LEN_MIN: usize = 32;

impl AdministratorToken {
    /// The token, of at least 32 characters.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn new(token: SecretString) -> Result<Self, TooShort> {
        let found = token.expose_secret().chars().count();
        if found < TOKEN_LEN_MIN { Err(TooShort { found }) } else { Ok(Self(token)) }
    }

    /// Whether this is the token; in constant time.
    pub fn is(&self, bearer: &SecretString) -> bool {
        is_same(self.0.expose_secret().as_bytes(), bearer.expose_secret().as_bytes())
    }
}

#[async_trait]
impl Gatekeeper for AdministratorToken {
    async fn principal(&self, presented: &Presented, _: IpAddr) -> Result<Principal, Refusal> {
        match presented {
            Presented::Bearer(bearer) if self.is(bearer) => Ok(Principal::administrator()),
            Presented::Bearer(_) => Err(Stranger::because("unknown_token").into()),
            Presented::Basic { .. } | Presented::Certificate(_) | Presented::Nothing { .. } => {
                Err(Stranger::because("no_token").into())
            }
        }
    }
}

impl fmt::Debug for AdministratorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdministratorToken(..)")
    }
}
