use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

/// How the authentication service is configured, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthenticationServiceOptions {
    /// Who may use the native endpoints.
    pub callers: Vec<CallerOptions>,
    /// Which brokers may use the endpoints of NanoMQ and EMQX.
    pub brokers: Vec<BrokerOptions>,
    /// Whoever connects from loopback may ask, unsigned and unlisted. A proxy makes everybody do so.
    pub trust_loopback: bool,
    /// What EMQX is told of a client that nobody here knows.
    pub emqx_unknown: EmqxUnknown,
    /// What EMQX is told when there is no verdict.
    pub emqx_failure: EmqxFailure,
    /// Verifications of one caller in a second, and at once; 0 for any number.
    pub verifications_per_second: u32,
    /// Passwords that are verified at a time; each takes a thread and, with Argon2, some 20 MiB.
    pub passwords_at_once_max: usize,
    /// Passwords that wait; more are *unavailable*.
    pub passwords_waiting_max: usize,
    /// How long a password waits, in milliseconds; then it is *unavailable*. NanoMQ and EMQX give up at 5,000.
    pub patience_millis: u64,
    /// Signed requests that are remembered, for a minute each, against replay; more are *unavailable*.
    pub nonces_max: usize,
}

/// A caller of the native endpoints.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerOptions {
    /// Its `keyid`: 1 to 64 of the characters `A-Z a-z 0-9 . _ : -`.
    pub name: String,
    /// The key that it signs with: a text of at least 32 bytes, used as it is.
    #[serde(default, deserialize_with = "maybe_secret")]
    pub key: Option<SecretString>,
    /// The fingerprint of the certificate that it presents, as `sha256:…`; it need not sign then.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Networks that it may ask from, as `10.0.0.0/8`; from anywhere if empty.
    #[serde(default)]
    pub networks: Vec<String>,
}

/// A broker that is NanoMQ or EMQX: known by a header field, by its certificate, by its address, or by all that is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerOptions {
    /// What it is called in the log.
    pub name: String,
    /// What it sends with every request.
    #[serde(default)]
    pub header: Option<HeaderOptions>,
    /// The fingerprint of the certificate that it presents, as `sha256:…`.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Networks that it may ask from; from anywhere if empty, and then it has to send a header field or present a
    /// certificate.
    #[serde(default)]
    pub networks: Vec<String>,
}

/// A header field that proves who a broker is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderOptions {
    /// Its name, as `X-Broker-Key`.
    pub name: String,
    /// Its value: a text of at least 16 characters.
    #[serde(deserialize_with = "secret")]
    pub value: SecretString,
}

/// What EMQX is told of a client that nobody here knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmqxUnknown {
    /// `ignore`: it asks its next authenticator. When it has none it denies.
    #[default]
    Ignore,
    /// `deny`.
    Deny,
}

/// What EMQX is told when there is no verdict: too many at once, a request that is malformed, a caller that is
/// not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmqxFailure {
    /// `deny`. EMQX takes every status but 200 for *ignore*, unless its profile is hardened: the client would
    /// be let in by whoever is asked next.
    #[default]
    Deny,
    /// The status that fits, for an EMQX whose profile is hardened.
    Status,
}

impl Default for AuthenticationServiceOptions {
    fn default() -> Self {
        Self {
            callers: Vec::new(),
            brokers: Vec::new(),
            trust_loopback: false,
            emqx_unknown: EmqxUnknown::default(),
            emqx_failure: EmqxFailure::default(),
            verifications_per_second: 20_000,
            passwords_at_once_max: 2,
            passwords_waiting_max: 256,
            patience_millis: 4_000,
            nonces_max: 2_000_000,
        }
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn maybe_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    secret(deserializer).map(Some)
}
