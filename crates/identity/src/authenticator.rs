use std::net::IpAddr;

use secrecy::SecretSlice;

use crate::Verdict;

mod anonymous;
mod chain;
mod file;

#[cfg(test)]
mod tests;

pub use anonymous::Anonymous;
pub use chain::Chain;
pub use file::FileAuthenticator;

/// Judges clients that want to connect.
///
/// Verification is synchronous, so that it can be tested and simulated as a function. A caller with a thread
/// that must not wait asks [`Authenticator::cost`] first and sends what is expensive to a bounded pool.
pub trait Authenticator: Send + Sync {
    /// Whether [`Authenticator::verify`] of this request is quick. Itself quick.
    fn cost(&self, request: &AuthRequest) -> Cost;

    /// Who the client is, if this authenticator knows it.
    fn verify(&self, request: &AuthRequest) -> Verdict;
}

/// How long a verification keeps its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Microseconds: may run where messages are routed.
    Cheap,
    /// Milliseconds, and perhaps megabytes: needs a pool that bounds how many run at once.
    Expensive,
}

/// What a client presents with its CONNECT, and where it comes from.
///
/// `Debug` never prints the password, which is wiped when the request is dropped.
#[derive(Debug)]
pub struct AuthRequest {
    /// The Client Identifier, or the one that the broker assigned.
    pub client_id: Box<str>,
    /// The User Name.
    pub username: Option<Box<str>>,
    /// The Password: any bytes. MQTT 5.0 allows one without a user name.
    pub password: Option<SecretSlice<u8>>,
    /// The client's address; `None` where there is none, as on a Unix socket.
    pub peer: Option<IpAddr>,
}
