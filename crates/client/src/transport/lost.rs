//! Why a question has no answer.

use vouchmq_identity::signature::SignatureFault;

use super::Origin;

/// Why a question has no answer. Whoever asked knows nothing: it must not let anybody in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Lost {
    /// Nobody listens, its name is unknown, or it takes too long to get through.
    #[error("no connection to {server}: {why}")]
    NoConnection {
        /// Which server.
        server: Origin,
        /// Why not.
        why: Box<str>,
    },
    /// Both ends do not agree on TLS: a wrong name, an expired certificate, none of ours where one is wanted.
    #[error("no TLS with {server}: {why}")]
    Tls {
        /// Which server.
        server: Origin,
        /// Why not.
        why: Box<str>,
    },
    /// No whole answer came in time.
    #[error("{server} did not answer in time")]
    TimedOut {
        /// Which server.
        server: Origin,
    },
    /// As many as may already wait for a connection.
    #[error("too many questions wait for {server}")]
    TooManyWait {
        /// Which server.
        server: Origin,
    },
    /// The answer is too long.
    #[error("the answer of {server} is longer than {max} bytes")]
    TooLong {
        /// Which server.
        server: Origin,
        /// How long an answer may be.
        max: usize,
    },
    /// The connection ended before the answer did.
    #[error("{server} broke off: {why}")]
    BrokenOff {
        /// Which server.
        server: Origin,
        /// How.
        why: Box<str>,
    },
    /// What came is not HTTP.
    #[error("{server} answered something that is no HTTP: {why}")]
    Garbage {
        /// Which server.
        server: Origin,
        /// What is wrong with it.
        why: Box<str>,
    },
    /// The answer is not signed, or not rightly.
    #[error("the answer of {server} is not signed as it must be: {fault}")]
    NotSigned {
        /// Which server.
        server: Origin,
        /// What is wrong with it.
        fault: SignatureFault,
    },
    /// The server failed too often, and is left alone for a while.
    #[error("{server} failed too often and is not asked for now")]
    BreakerOpen {
        /// Which server.
        server: Origin,
    },
    /// All of them are left alone for a while.
    #[error("no server is asked for now: all have failed too often")]
    AllBreakersOpen,
    /// The request cannot be written: no randomness for its nonce, or a header field that is none.
    #[error("the request to {server} cannot be made: {why}")]
    NoRequest {
        /// Which server.
        server: Origin,
        /// Why not.
        why: Box<str>,
    },
}
