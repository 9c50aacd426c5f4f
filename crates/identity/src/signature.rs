//! Signed requests and answers between brokers and the authentication service: a subset of HTTP Message
//! Signatures (RFC 9421) with HMAC-SHA-256, and of digests of bodies (RFC 9530).
//!
//! A request is signed over `("@method" "@authority" "@path" "content-type" "content-digest")`, in this order,
//! with the parameters `created`, `expires`, `nonce`, `keyid` and `alg="hmac-sha256"`; its answer over
//! `("@status" "content-digest" "signature";req)`, which binds it to the request. Without that, whoever sits
//! between them on plain HTTP turns a denial into a permission.
//!
//! There is one way to write each of these fields, and every other is refused: one signature, no spaces but
//! those shown, each parameter once. A URL with a query is signed with `"@query"` behind `"@path"`.

mod field;
mod key;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use key::{SigningKey, WeakKey};
pub use request::{Claim, RequestParts, sign_request};
pub use response::{SignedAnswer, sign_response, verify_response};

/// How old a request may be, in seconds.
pub const AGE_SECS_MAX: u64 = 60;
/// How far ahead of ours the clock of a caller may be, in seconds.
pub const AHEAD_SECS_MAX: u64 = 5;

/// Why a message is not taken for signed. Says nothing about keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// A header field is missing.
    #[error("the header field {0} is missing")]
    Missing(&'static str),
    /// A header field is not written as it must be.
    #[error("the header field {0} is not written as it must be")]
    Malformed(&'static str),
    /// Other components are signed.
    #[error("other components are signed than have to be")]
    Components,
    /// Another algorithm than the one of the key.
    #[error("alg has to be \"hmac-sha256\"")]
    Algorithm,
    /// It is too old.
    #[error("the signature is older than {AGE_SECS_MAX} s")]
    Stale,
    /// It was made later than now.
    #[error("the signature was made more than {AHEAD_SECS_MAX} s in the future: compare the clocks")]
    FromFuture,
    /// Its time is over.
    #[error("the signature has expired")]
    Expired,
    /// The body is another.
    #[error("the body is not the one that was digested")]
    Digest,
    /// It was not made with this key, or over something else.
    #[error("the signature is not right")]
    Mismatch,
}
