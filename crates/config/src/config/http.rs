//! The HTTP listeners.

use std::net::SocketAddr;
use std::time::Duration;

use vouchmq_identity::Cidr;
use vouchmq_tls::{Fingerprint, ServerOptions};

use super::{Hidden, ManagementLogin};

/// Where an HTTP listener listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpListenerOptions {
    /// The address; port 0 picks a free one.
    pub address: SocketAddr,
    /// HTTPS; without it the address is of loopback.
    pub tls: Option<ServerOptions>,
}

/// Where operators connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementOptions {
    /// Where it listens.
    pub http: HttpListenerOptions,
    /// How operators show who they are.
    pub login: ManagementLogin,
}

/// Where new devices register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationOptions {
    /// Where it listens.
    pub http: HttpListenerOptions,
}

/// Where other brokers ask who their clients are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationServiceOptions {
    /// Where it listens.
    pub http: HttpListenerOptions,
    /// Who may use the native endpoints.
    pub callers: Vec<CallerOptions>,
    /// Which brokers may use the endpoints of NanoMQ and EMQX.
    pub brokers: Vec<BrokerOptions>,
    /// Whoever connects from loopback may ask, unsigned and unlisted.
    pub trust_loopback: bool,
    /// What EMQX is told of a client that nobody here knows.
    pub emqx_unknown: EmqxUnknown,
    /// What EMQX is told when there is no verdict.
    pub emqx_failure: EmqxFailure,
    /// Verifications of one caller in a second, and at once; 0 for any number.
    pub verifications_per_second: u32,
    /// Passwords that are verified at a time.
    pub passwords_at_once_max: usize,
    /// Passwords that wait.
    pub passwords_waiting_max: usize,
    /// How long a password waits.
    pub patience: Duration,
    /// Signed requests that are remembered against replay.
    pub nonces_max: usize,
}

/// A caller of the native endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerOptions {
    /// Its `keyid`.
    pub name: Box<str>,
    /// The key that it signs with.
    pub key: Option<Hidden>,
    /// The fingerprint of the certificate that it presents; it need not sign then.
    pub certificate: Option<Fingerprint>,
    /// Networks that it may ask from; from anywhere if empty.
    pub networks: Vec<Cidr>,
}

/// A broker that is NanoMQ or EMQX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerOptions {
    /// What it is called in the log.
    pub name: Box<str>,
    /// A header field and its value, sent with every request.
    pub header: Option<(Box<str>, Hidden)>,
    /// The fingerprint of the certificate that it presents.
    pub certificate: Option<Fingerprint>,
    /// Networks that it may ask from; from anywhere if empty, and then there is one of the others.
    pub networks: Vec<Cidr>,
}

/// What EMQX is told of a client that nobody here knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmqxUnknown {
    /// `ignore`
    #[default]
    Ignore,
    /// `deny`
    Deny,
}

/// What EMQX is told when there is no verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmqxFailure {
    /// `deny`
    #[default]
    Deny,
    /// The status that fits.
    Status,
}

impl HttpListenerOptions {
    /// Plain HTTP at an address of loopback.
    pub const fn at(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl ManagementOptions {
    /// Plain HTTP at an address of loopback.
    pub fn at(address: SocketAddr) -> Self {
        Self { http: HttpListenerOptions::at(address), login: ManagementLogin::default() }
    }
}

impl AuthenticationServiceOptions {
    /// The defaults: nobody but who connects from loopback may ask.
    pub const fn at(http: HttpListenerOptions) -> Self {
        Self {
            http,
            callers: Vec::new(),
            brokers: Vec::new(),
            trust_loopback: true,
            emqx_unknown: EmqxUnknown::Ignore,
            emqx_failure: EmqxFailure::Deny,
            verifications_per_second: 20_000,
            passwords_at_once_max: 2,
            passwords_waiting_max: 256,
            patience: Duration::from_millis(4_000),
            nonces_max: 2_000_000,
        }
    }
}
