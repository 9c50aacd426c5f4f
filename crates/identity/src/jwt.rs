//! Signed tokens (JWT, RFC 7519) by which operators show who they are, verified as RFC 8725 has it.
//!
//! A [`Key`] has one algorithm, which its file tells and a token never does. Of a token nothing is looked at before
//! its length; its claims not before its signature. What is said twice, or in a way that two readers could understand
//! differently, is refused: duplicate members, numbers that are no whole seconds, base64url with padding or spaces,
//! headers that name a key or where to get one.
//!
//! Nothing here knows the time: it is an argument.

mod claims;
mod fault;
mod issue;
mod json;
mod jwks;
mod key;
mod pem;
mod policy;
mod token;

#[cfg(test)]
mod tests;

pub use claims::Claims;
pub use fault::{KeyFault, TokenFault};
pub use issue::{Grant, SigningKey};
pub use key::{Algorithm, Key, Keys};
pub use policy::Policy;
pub use token::decoded;

/// Bytes of a token.
pub const TOKEN_LEN_MAX: usize = 8 * 1024;
/// How far the clocks of who signs and who verifies may be apart, in seconds.
pub const LEEWAY_SECS_MAX: u64 = 60;
/// Keys that are tried at all.
pub const KEYS_MAX: usize = 32;
