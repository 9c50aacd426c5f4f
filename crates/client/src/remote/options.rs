//! What a service is asked, and how: `auth.http_auth`.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use vouchmq_tls::ClientOptions;

/// Which authentication service is asked about clients, and how. Two are equal if they mean the same.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteOptions {
    /// What is spoken with it.
    pub protocol: Protocol,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How long a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// How long a client waits for its verdict, all questions and repetitions included; shorter than the deadline of
    /// its CONNECT.
    pub deadline: Duration,
    /// Bounds of each server.
    pub server: ServerBounds,
    /// What is remembered of answers.
    pub cache: CacheOptions,
    /// How requests are signed (RFC 9421), and answers checked; `None`: neither.
    pub signing: Option<SigningOptions>,
}

/// What is spoken with a service.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub enum Protocol {
    /// Requests by template, as NanoMQ and EMQX send them.
    Templates {
        /// How answers read.
        mode: AnswerMode,
        /// Who is it? Asked at CONNECT; `None`: nobody is asked, and every client is somebody else's.
        login: Option<RequestOptions>,
        /// Is it a superuser? Asked after the first, once for each connection.
        superuser: Option<RequestOptions>,
        /// May it do this? Asked when nothing else says so.
        acl: Option<RequestOptions>,
    },
    /// The native endpoints of our own authentication service.
    Native(NativeOptions),
}

/// How answers read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerMode {
    /// NanoMQ: 200 allows, 401 and 403 deny, all else is unavailable. Bodies are not read.
    Status,
    /// EMQX 5: 204 allows; 200 with JSON or a form whose `result` is `allow`, `deny` or `ignore` (nothing: `ignore`),
    /// 401 and 403 deny, all else is unavailable.
    Json,
    /// 200 with JSON whose `result` is this allows, with another one denies; 401 and 403 deny, all else is
    /// unavailable.
    JsonResult(Box<str>),
}

/// One kind of request.
#[derive(Clone, PartialEq)]
pub struct RequestOptions {
    /// Where it goes, each a template of a URL with a fixed scheme and host; at least one. Several are servers that
    /// answer alike.
    pub urls: Vec<Box<str>>,
    /// How it is sent.
    pub method: RequestMethod,
    /// Header fields: names, and templates of values.
    pub headers: Vec<(Box<str>, Template)>,
    /// What it says.
    pub content: Content,
    /// TLS, where a URL says `https`.
    pub tls: ClientOptions,
}

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestMethod {
    /// Parameters stand in the query.
    Get,
    /// Parameters stand in the body.
    Post,
    /// Parameters stand in the body.
    Put,
}

/// What a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing but its URL and header fields.
    Nothing,
    /// Parameters in their order, each a name and a template: `%u` as NanoMQ writes it, `${username}`, or text. One
    /// whose placeholder has no value is left out. Sent as JSON where the content type says so, else as a form.
    Params(Vec<(Box<str>, Template)>),
    /// A template of the body; its values are written as its content type has them.
    Body(Template),
}

/// A text with placeholders in it, as the configuration has it; it may hold a secret of the operator.
#[derive(Clone)]
pub struct Template(SecretString);

/// The native endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeOptions {
    /// Servers, as `https://auth.example:8080`; at least one.
    pub servers: Vec<Box<str>>,
    /// TLS, where one says `https`.
    pub tls: ClientOptions,
    /// How long a question may wait for others that travel with it.
    pub batch_window: Duration,
    /// Questions of one request, at most 256.
    pub batch_max: usize,
    /// Whether the change stream is followed, by which cached answers and clients end at once when they are revoked.
    pub follows_changes: bool,
    /// For how long clients stay connected while the service cannot be asked whether they still may; `None` is for
    /// ever.
    pub staleness_max: Option<Duration>,
}

/// Bounds of each server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerBounds {
    /// Connections.
    pub connections_max: usize,
    /// Questions that wait for a connection; more are unavailable at once.
    pub waiting_max: usize,
    /// After so long a connection is made anew, and the name of the server looked up again.
    pub connection_age_max: Duration,
    /// Whether HTTP/2 is offered to servers with TLS.
    pub has_http2: bool,
    /// The longest answer, in bytes.
    pub answer_bytes_max: usize,
}

/// What is remembered of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    /// For how long an answer that allows holds at most; zero: none is remembered.
    pub ttl: Duration,
    /// For how long it holds for a connection what it may do (`acl_req`); zero: the service is asked each time.
    pub permission_ttl: Duration,
    /// For how long an answer that denies holds.
    pub negative_ttl: Duration,
    /// Answers.
    pub entries_max: usize,
    /// And their bytes.
    pub bytes_max: usize,
    /// For how long an answer that allowed is good beyond its time while no server answers; `None`: not at all.
    pub stale_if_error: Option<Duration>,
}

/// How requests are signed.
#[derive(Clone, Debug)]
pub struct SigningOptions {
    /// The `keyid`.
    pub key_id: Box<str>,
    /// The key, at least 32 bytes.
    pub key: SecretString,
    /// Whether answers have to be signed with the same key.
    pub checks_answers: bool,
}

impl RemoteOptions {
    /// Whether files are read for it, which may change without a word here.
    pub fn has_tls_files(&self) -> bool {
        let has = |tls: &ClientOptions| tls.authorities.is_some() || tls.certificate.is_some();
        match &self.protocol {
            Protocol::Templates { login, superuser, acl, .. } => {
                [login, superuser, acl].into_iter().flatten().any(|request| has(&request.tls))
            }
            Protocol::Native(native) => has(&native.tls),
        }
    }
}

impl Default for ServerBounds {
    fn default() -> Self {
        Self {
            connections_max: 256,
            waiting_max: 16_384,
            connection_age_max: Duration::from_mins(5),
            has_http2: true,
            answer_bytes_max: 1024 * 1024,
        }
    }
}

impl Default for CacheOptions {
    /// No login is remembered, as with NanoMQ.
    fn default() -> Self {
        Self {
            ttl: Duration::ZERO,
            permission_ttl: Duration::from_secs(10),
            negative_ttl: Duration::from_secs(2),
            entries_max: 100_000,
            bytes_max: 64 * 1024 * 1024,
            stale_if_error: None,
        }
    }
}

impl Template {
    /// What is written.
    pub fn text(&self) -> &str {
        secrecy::ExposeSecret::expose_secret(&self.0)
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Template {}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template(..)")
    }
}

/// Never its URLs: tokens may stand in their queries.
impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestOptions")
            .field("method", &self.method)
            .field("headers", &self.headers)
            .field("content", &self.content)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl PartialEq for SigningOptions {
    fn eq(&self, other: &Self) -> bool {
        let key = |options: &Self| secrecy::ExposeSecret::expose_secret(&options.key).to_owned();
        self.key_id == other.key_id && key(self) == key(other) && self.checks_answers == other.checks_answers
    }
}
