//! One TLS configuration for every listener and every outgoing connection: which files, which versions, whose
//! certificates. Owns rustls; nobody else names it.
//!
//! A [`Server`] is what a listener holds: cheap to clone, replaced while connections stay open ([`Server::reload`]).
//! MQTT listeners drive a [`Session`] themselves, without a runtime; HTTP listeners take [`Server::accept_stream`].
//! After **every** handshake with a certificate [`Server::vouch`] decides: a ticket brings back a certificate that was
//! judged long ago.

mod authorities;
mod certificate;
mod certified;
mod chain;
mod client;
mod fault;
mod fingerprint;
pub mod issue;
mod names;
mod options;
mod peer;
mod pem;
mod revocation;
mod server;
mod session;
mod unverified;

pub use rustls::pki_types::CertificateDer;
pub use tokio_rustls::client::TlsStream as ClientStream;
pub use tokio_rustls::server::TlsStream as ServerStream;

pub use authorities::{Refusal, Vouched};
pub use client::{Client, ConnectFault};
pub use fault::{Notice, TlsFault};
pub use fingerprint::{Fingerprint, FingerprintFault};
pub use options::{
    CertificateFiles, ClientCertificates, ClientOptions, ExpiredRevocationList, ServerOptions, TlsVersion,
    TlsVersions,
};
pub use peer::Peer;
pub use server::{Protocol, Reload, Reloaded, Server};
pub use session::{Progress, Session, SessionFault};

#[cfg(test)]
mod tests;
