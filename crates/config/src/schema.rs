//! The one table of keys: from it come what is understood, what is told about the rest, the help and the
//! documentation.

mod access;
mod bridges;
mod elsewhere;
mod http;
mod kind;
mod limits;
mod listeners;
mod log;
mod nearest;
mod operators;
mod remote;
mod row;
mod shape;
mod stored;
mod system;
mod tls;

pub use kind::Kind;
pub use nearest::nearest;
pub use row::{Effect, Row};
pub(crate) use shape::Shape;

/// Every key, section by section, in the order of the documentation.
pub const SECTIONS: &[(&str, &[Row])] = &[
    ("system", system::ROWS),
    ("system", limits::SYSTEM),
    ("mqtt", limits::MQTT),
    ("mqtt", system::MQTT),
    ("retained", limits::RETAINED),
    ("connections", limits::CONNECTIONS),
    ("listeners.tcp", listeners::TCP),
    ("listeners.ssl", listeners::SSL),
    ("listeners.ssl", listeners::SSL_TLS),
    ("listeners.ws", listeners::WS),
    ("listeners.wss", listeners::WSS),
    ("listeners.wss", listeners::WSS_TLS),
    ("auth", access::ROWS),
    ("auth", limits::ACCESS),
    ("auth.http_auth", remote::ROWS),
    ("auth.http_auth", remote::LOGIN),
    ("auth.http_auth", remote::LOGIN_TLS),
    ("auth.http_auth", remote::SUPERUSER),
    ("auth.http_auth", remote::SUPERUSER_TLS),
    ("auth.http_auth", remote::ACL),
    ("auth.http_auth", remote::ACL_TLS),
    ("auth.http_auth", remote::NATIVE),
    ("auth.http_auth", remote::NATIVE_TLS),
    ("registry", system::REGISTRY),
    ("registry", limits::REGISTRY),
    ("registration", http::REGISTRATION),
    ("registration", http::REGISTRATION_TLS),
    ("registration", limits::REGISTRATION),
    ("http_server", http::MANAGEMENT),
    ("http_server", http::MANAGEMENT_TLS),
    ("http_server", operators::LOGIN),
    ("http_server", operators::TOKENS),
    ("http_server", operators::OPERATORS),
    ("auth_service", http::AUTHENTICATION_SERVICE),
    ("auth_service", http::AUTHENTICATION_SERVICE_TLS),
    ("log", log::ROWS),
    ("sqlite", elsewhere::SQLITE),
    ("webhook", elsewhere::WEBHOOK),
    ("preset", elsewhere::PRESET),
    ("bridges", bridges::MQTT),
    ("bridges", bridges::AWS),
    ("bridges", bridges::NNG),
    ("rules", elsewhere::RULES),
    ("rules", elsewhere::RULES_MYSQL),
    ("rules", elsewhere::RULES_POSTGRESQL),
    ("rules", elsewhere::RULES_TIMESCALEDB),
    ("other", elsewhere::DEAD),
];

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|(_, rows)| rows.iter())
}
