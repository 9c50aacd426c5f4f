//! One TLS configuration for every listener and every outgoing connection: which files, which versions, whose
//! certificates. Owns rustls; nobody else names it.

mod options;

pub use options::{
    CertificateFiles, ClientCertificates, ClientOptions, ExpiredRevocationList, ServerOptions, TlsVersion,
    TlsVersions,
};
