//! The HTTP listeners.

use std::net::SocketAddr;
use std::time::Duration;

use vouchmq_broker::ListenAddress;
use vouchmq_identity::Cidr;
use vouchmq_tls::{Fingerprint, ServerOptions};

use super::{Hidden, ManagementLogin};

/// Where an HTTP listener listens, and what it gives to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpListenerOptions {
    /// The addresses, at least one; port 0 picks a free one.
    pub addresses: Vec<ListenAddress>,
    /// HTTPS at addresses of TCP; without it these are of loopback.
    pub tls: Option<ServerOptions>,
    /// Without TLS, addresses of TCP may be any.
    pub insecure_ok: bool,
    /// Who may connect, and bounds.
    pub rules: HttpRules,
}

/// Who may connect to an HTTP listener, and bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRules {
    /// Bounds; without them those of every listener.
    pub bounds: Option<HttpBounds>,
    /// Networks of clients; all if empty.
    pub allow: Vec<Cidr>,
    /// Proxies that are believed for whom they ask.
    pub trusted_proxies: Vec<Cidr>,
    /// Connections begin with a header of the PROXY protocol, and come from trusted proxies only.
    pub has_proxy_protocol: bool,
    /// Names that `Host` may have, beside those of loopback.
    pub host_names: Vec<Box<str>>,
}

/// Bounds of an HTTP listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpBounds {
    /// Requests that are worked on at a time.
    pub requests_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Connections of one address at a time.
    pub connections_per_address_max: usize,
    /// Bytes of any body; without it each kind of request has a bound of its own.
    pub body_bytes_max: Option<usize>,
    /// For the head of a request, and what comes before the first.
    pub head_timeout: Duration,
    /// For the body of a request.
    pub body_timeout: Duration,
    /// For a request and its answer.
    pub request_timeout: Duration,
    /// Between an answer and the next request.
    pub idle_timeout: Duration,
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
    pub fn at(address: SocketAddr) -> Self {
        let addresses = vec![ListenAddress::Tcp(address)];
        Self { addresses, tls: None, insecure_ok: false, rules: HttpRules::default() }
    }

    /// An address of its as people see it, as `https://0.0.0.0:8081`.
    pub fn url(&self, address: &ListenAddress) -> String {
        match address {
            ListenAddress::Tcp(address) if self.tls.is_some() => format!("https://{address}"),
            ListenAddress::Tcp(address) => format!("http://{address}"),
            ListenAddress::Unix(path) => format!("http+unix://{}", path.display()),
        }
    }

    /// The same at another address, and at no other.
    pub fn move_to(&mut self, address: SocketAddr) {
        self.addresses = vec![ListenAddress::Tcp(address)];
    }
}

impl Default for HttpBounds {
    /// Those of the management API.
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            requests_max: 32,
            connections_max: 1024,
            connections_per_address_max: 256,
            body_bytes_max: None,
            head_timeout: secs(10),
            body_timeout: secs(10),
            request_timeout: secs(30),
            idle_timeout: secs(75),
        }
    }
}

impl ManagementOptions {
    /// Plain HTTP at an address of loopback.
    pub fn at(address: SocketAddr) -> Self {
        let mut http = HttpListenerOptions::at(address);
        http.rules.bounds = Some(HttpBounds::default());
        Self { http, login: ManagementLogin::default() }
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
