//! The HTTP listeners.

use super::Kind::{Address, Bytes, Count, HttpAddress, Ip, List, Network, Secret, Switch, Text, Time, Word};
use super::row::{Row, own, row};
use super::tls::tls;

pub(super) const MANAGEMENT: &[Row] = &[
    row("http_server.enable", Switch).default("true").acts("false: operators connect nowhere"),
    row("http_server.port", Count)
        .default("8081")
        .within(0..=65_535)
        .acts("port of the management API; 0 picks a free one"),
    row("http_server.ip_addr", Ip).default("127.0.0.1").acts(
        "address of the management API; without TLS it is 127.0.0.1 whatever stands here. NanoMQ's default is 0.0.0.0",
    ),
    own("http_server.bind", List(&Address)).acts(
        "where operators connect, instead of port and ip_addr: HOST:PORT, PORT of 127.0.0.1, unix:PATH (plain HTTP, for the user of the broker only); other addresses than loopback want TLS",
    ),
    own("http_server.insecure_ok", Switch).default("false").acts(
        "true: plain HTTP at other addresses than loopback, too. Whoever is on the way reads tokens and passwords",
    ),
    row("http_server.limit_conn", Count).default("32").within(1..=100_000).acts(
        "requests of operators that are worked on at a time, as in NanoMQ; more wait, each on its connection, for request_timeout at most. Who is refused takes no place. It bounds no connections: see max_connections",
    ),
    own("http_server.max_connections", Count).default("1024").within(1..=100_000).acts(
        "connections at a time. For one more, that which has asked nothing for the longest time is closed",
    ),
    own("http_server.limit_conn_per_address", Count).default("256").within(1..=100_000).acts(
        "connections of one address at a time (of one /64 of IPv6); more are closed at once. Not for loopback and trusted_proxies",
    ),
    row("http_server.max_body", Bytes).within(1024..=1 << 30).acts(
        "bytes of a request's body, whatever it is for; more is 413. Without it each kind of request has a bound of its own. NanoMQ's default is 1MB",
    ),
    own("http_server.head_timeout", Time).default("10s").within(100..=600_000).acts(
        "for a TLS handshake and the head of the first request together, and for every further head; then the connection is closed",
    ),
    own("http_server.body_timeout", Time)
        .default("10s")
        .within(100..=600_000)
        .acts("for the body of a request; then 408 and the connection is closed"),
    own("http_server.request_timeout", Time)
        .default("30s")
        .within(100..=600_000)
        .acts("for a request and its answer; then 503. Streams of events are exempt"),
    own("http_server.idle_timeout", Time)
        .default("75s")
        .within(100..=3_600_000)
        .acts("between an answer and the next request; then the connection is closed"),
    own("http_server.allow", List(&Network)).acts(
        "networks of operators; connections of others are closed at once, and who asks by a trusted proxy gets 403. Loopback is no exception: write 127.0.0.1 too",
    ),
    own("http_server.trusted_proxies", List(&Network)).acts(
        "proxies whose X-Forwarded-For, X-Forwarded-Proto and Forwarded are believed; those of others are ignored. A Unix socket counts as 127.0.0.1",
    ),
    own("http_server.proxy_protocol", Switch).default("false").acts(
        "true: every connection comes from trusted_proxies and begins with a PROXY protocol header (version 1 or 2)",
    ),
    own("http_server.host_names", List(&Text)).acts(
        "names that Host may have, beside localhost and addresses; without TLS other names are refused, with TLS where this is written",
    ),
];
pub(super) const MANAGEMENT_TLS: &[Row] = &tls!(own, "http_server.tls.");

pub(super) const REGISTRATION: &[Row] = &[own("registration.bind", HttpAddress)
    .default("127.0.0.1:8082")
    .acts("where new devices register: HOST:PORT, PORT of 127.0.0.1, or off; other addresses than loopback want TLS")];
pub(super) const REGISTRATION_TLS: &[Row] = &tls!(own, "registration.tls.");

pub(super) const AUTHENTICATION_SERVICE: &[Row] = &[
    own("auth_service.bind", HttpAddress)
        .default("off")
        .acts("where other brokers ask who their clients are; other addresses than loopback want TLS"),
    own("auth_service.trust_loopback", Switch)
        .default("true")
        .acts("whoever connects from loopback may ask, unsigned and unlisted; a proxy makes everybody do so"),
    own("auth_service.callers[].name", Text).acts("the keyid of a caller that signs its requests"),
    own("auth_service.callers[].key", Secret).acts("the key that it signs with, at least 32 bytes"),
    own("auth_service.callers[].certificate", Text)
        .acts("fingerprint of the certificate that it presents, as sha256:…; it need not sign then"),
    own("auth_service.callers[].networks", List(&Network))
        .acts("where it may ask from; without it from anywhere"),
    own("auth_service.brokers[].name", Text)
        .acts("what a broker that is NanoMQ or EMQX is called in the log"),
    own("auth_service.brokers[].header.name", Text).acts("header field that it sends with every request"),
    own("auth_service.brokers[].header.value", Secret)
        .acts("the value of that field, at least 16 characters"),
    own("auth_service.brokers[].certificate", Text)
        .acts("fingerprint of the certificate that it presents, as sha256:…"),
    own("auth_service.brokers[].networks", List(&Network))
        .acts("where it may ask from; without it from anywhere, and then it has to send a header field or to present a certificate"),
    own("auth_service.emqx_unknown", Word(&["ignore", "deny"]))
        .default("ignore")
        .acts("what EMQX is told of a client that nobody here knows"),
    own("auth_service.emqx_failure", Word(&["deny", "status"])).default("deny").acts(
        "what EMQX is told when there is no verdict: deny, or the status that fits, for a hardened profile",
    ),
    own("auth_service.max_rate", Count)
        .default("20000")
        .within(0..=u32::MAX as u64)
        .word("off", 0)
        .acts("verifications of one caller in a second, and at once; more are refused (429)"),
    own("auth_service.max_passwords_at_once", Count)
        .default("2")
        .within(1..=64)
        .acts("passwords that are verified at a time; each takes a thread and, with Argon2, some 20 MiB"),
    own("auth_service.max_passwords_waiting", Count)
        .default("256")
        .within(0..=1_000_000)
        .acts("passwords that wait to be verified; for more there is no verdict"),
    own("auth_service.password_timeout", Time)
        .default("4s")
        .within(1..=60_000)
        .acts("how long a password waits; then there is no verdict. NanoMQ and EMQX give up after 5s"),
    own("auth_service.max_nonces", Count).default("2000000").within(1..=100_000_000).acts(
        "signed requests that are remembered for a minute against replay; for more there is no verdict",
    ),
];
pub(super) const AUTHENTICATION_SERVICE_TLS: &[Row] = &tls!(own, "auth_service.tls.");
