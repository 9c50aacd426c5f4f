//! SCRAM-SHA-256: a password is proven without being sent, and the server proves itself (RFC 5802, RFC 7677).
//!
//! The [`ScramServer`] is an [`ExchangeMethod`](crate::ExchangeMethod) over [`ScramCredentials`], which yield
//! a [`ScramVerifier`] for a user; [`ScramClient`] is the other side. In MQTT 5.0 (§4.12) the messages travel
//! as Authentication Data: client-first in CONNECT, server-first and client-final in AUTH, server-final in
//! CONNACK; all but the first in AUTH when a client re-authenticates.
//!
//! # What is left out
//! * Channel binding: the method is `SCRAM-SHA-256`, not `-PLUS`. See [`ScramFault::ChannelBinding`].
//! * SASLprep (RFC 4013). User names and passwords are the bytes that they are: every other way to
//!   authenticate here compares bytes, and two names that only normalisation makes equal would be one user by
//!   SCRAM and two in the registry. For ASCII, which devices' secrets are, SASLprep changes nothing; it would
//!   refuse control characters, and so do we. A password with other characters matches as long as both ends
//!   are given the same bytes.
//! * Optional extensions are accepted and ignored, as the standard asks; mandatory ones are refused.

use std::num::NonZeroU32;

use crate::NoEntropy;

mod client;
mod keys;
mod message;
mod server;
mod syntax;
mod verifier;

#[cfg(test)]
mod tests;

pub use client::{ExpectServerFinal, ExpectServerFirst, ScramClient};
pub use server::{Admitted, ScramCredentials, ScramLookup, ScramServer};
pub use verifier::{ScramVerifier, VerifierFault};

/// The name of the mechanism, which clients give as Authentication Method.
pub const SCRAM_SHA_256: &str = "SCRAM-SHA-256";

/// What is wrong with a message of the other side. Never repeats the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramFault {
    /// Not 1 to 2,048 bytes of UTF-8 without NUL.
    #[error("message is not 1 to 2048 bytes of text")]
    NotText,
    /// Not the attributes that the message must have, in their order (RFC 5802 §7).
    #[error("message does not have the attributes it must have")]
    Malformed,
    /// Channel binding was asked for (`p=…`), or offered (`y`), or `c=` is not what the client began with.
    ///
    /// A server that can bind must refuse `y` (RFC 5802 §6). This one cannot yet and could accept it; it
    /// does not, so that no client comes to rely on what has to end when it can. MQTT lists no mechanisms
    /// from which a client could conclude anything, so none has cause to send it.
    #[error("channel binding is not what it must be")]
    ChannelBinding,
    /// The client wants to act for another user (`a=…`).
    #[error("authorization identity is another than the user name")]
    AuthorizationIdentity,
    /// An extension that must be understood (`m=…`) and is not.
    #[error("mandatory extension is not known")]
    MandatoryExtension,
    /// Not 1 to 256 bytes without control characters, wrongly escaped, or not the User Name of CONNECT.
    #[error("user name is not usable, or not the one of CONNECT")]
    UserName,
    /// Not printable, too long, or not the one of this exchange.
    #[error("nonce is not printable, too long or of another exchange")]
    Nonce,
    /// Not 8 to 64 bytes in base64.
    #[error("salt is not 8 to 64 bytes in base64")]
    Salt,
    /// Not a number from 4,096 to 1,000,000.
    #[error("iteration count is not from 4096 to 1000000")]
    Iterations,
    /// A proof or signature that is not 32 bytes in base64.
    #[error("proof or signature is not 32 bytes in base64")]
    Proof,
    /// A message after the end of the exchange.
    #[error("message after the end of the exchange")]
    OutOfTurn,
    /// The server says that it failed (`e=…`).
    #[error("server reported an error")]
    ServerError,
    /// The server does not know the user's keys: it is not the one that it should be.
    #[error("server could not prove that it knows the user")]
    ServerSignature,
}

/// Why there can be no verifier or no exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoScram {
    /// The user name is empty, longer than 256 bytes or has control characters.
    #[error("user name is not 1 to 256 bytes without control characters")]
    UserName,
    /// An empty password protects nothing.
    #[error("the password is empty")]
    EmptyPassword,
    /// Clients that keep to the standard cannot use a password with control characters (RFC 4013 §2.3).
    #[error("the password has control characters")]
    ControlCharacter,
    /// No randomness for the salt or the nonce.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// How often a password is hashed, 4,096 (the least that RFC 7677 §4 allows) to 1,000,000.
///
/// The client pays: 4,096 take a microcontroller up to a second. The upper bound keeps a hostile server from
/// holding a client for hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iterations(NonZeroU32);

// === impl Iterations ===

impl Iterations {
    /// `None` beyond the bounds.
    pub const fn new(count: u32) -> Option<Self> {
        match NonZeroU32::new(count) {
            Some(nonzero) if 4_096 <= count && count <= 1_000_000 => Some(Self(nonzero)),
            Some(_) | None => None,
        }
    }

    /// How many.
    pub const fn count(self) -> u32 {
        self.0.get()
    }

    /// Decimal digits, the first of which is not 0.
    fn parse(digits: &str) -> Option<Self> {
        let is_canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse().ok().filter(|_| is_canonical).and_then(Self::new)
    }
}

impl Default for Iterations {
    /// 4,096: enough for the random secrets of devices, which no dictionary has. Passwords that people chose
    /// need more.
    fn default() -> Self {
        Self(const { NonZeroU32::MIN.saturating_add(4_095) })
    }
}

/// The bytes of a password that SCRAM can use.
fn usable(password: &str) -> Result<&[u8], NoScram> {
    if password.is_empty() {
        return Err(NoScram::EmptyPassword);
    }
    if password.chars().any(char::is_control) {
        return Err(NoScram::ControlCharacter);
    }
    Ok(password.as_bytes())
}
