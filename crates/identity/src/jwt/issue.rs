use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::EncodingKey;

use super::json::quote;
use super::{Algorithm, KeyFault, pem};
use crate::UnixMillis;
use crate::model::{Role, Scope};

/// A private key, and the one algorithm that it is for. `Debug` does not show it; it is wiped when dropped.
#[derive(Clone)]
pub struct SigningKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
}

/// What a new token is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// `iss`
    pub issuer: Option<Box<str>>,
    /// `aud`
    pub audience: Option<Box<str>>,
    /// `sub`
    pub subject: Option<Box<str>>,
    /// `jti`
    pub id: Option<Box<str>>,
    /// `role`
    pub role: Option<Role>,
    /// `scope`
    pub scopes: Vec<Scope>,
    /// How long it is good, in seconds.
    pub lifetime_secs: u64,
    /// By which name the key is known to who verifies (`kid`).
    pub key_id: Option<Box<str>>,
}

impl SigningKey {
    /// The one private key of a file in PEM: RSA, EC (P-256, P-384) or Ed25519, not encrypted.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_pem(text: &str) -> Result<Self, KeyFault> {
        pem::private(text)
    }

    /// What it is for.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs a token. The library draws what ECDSA needs to be drawn.
    ///
    /// # Errors
    /// [`KeyFault::Unusable`]: the key is damaged, or an RSA key too short.
    pub fn sign(&self, grant: &Grant, now: UnixMillis) -> Result<String, KeyFault> {
        let header = written(&[
            ("alg", Some(text(self.algorithm.as_str()))),
            ("typ", Some(text("JWT"))),
            ("kid", grant.key_id.as_deref().map(text)),
        ]);
        let now = now.millis() / 1000;
        let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.as_str()).collect();
        let payload = written(&[
            ("iss", grant.issuer.as_deref().map(text)),
            ("sub", grant.subject.as_deref().map(text)),
            ("aud", grant.audience.as_deref().map(text)),
            ("iat", Some(now.to_string())),
            ("exp", Some(now.saturating_add(grant.lifetime_secs).to_string())),
            ("jti", grant.id.as_deref().map(text)),
            ("role", grant.role.map(|role| text(role.as_str()))),
            ("scope", (!scopes.is_empty()).then(|| text(&scopes.join(" ")))),
        ]);
        let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
        let message = format!("{}.{}", part(&header), part(&payload));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm.of_library());
        Ok(format!("{message}.{}", signature.map_err(|_| KeyFault::Unusable)?))
    }
}

fn text(text: &str) -> String {
    let mut quoted = String::new();
    quote(text, &mut quoted);
    quoted
}

/// An object of the members that there are; values are JSON already.
fn written(members: &[(&str, Option<String>)]) -> String {
    let there = members.iter().filter_map(|(name, value)| Some(format!("\"{name}\":{}", value.as_ref()?)));
    format!("{{{}}}", there.collect::<Vec<_>>().join(","))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
