use std::path::PathBuf;

/// How a listener speaks TLS. All files are PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// The listener's certificates, at least one. Which one a client sees is chosen by the server name that it asks
    /// for (SNI, RFC 6066 §3); the first is for those who name none, or one that no certificate has.
    pub certificates: Vec<CertificateFiles>,
    /// Who may vouch for clients; `None`: no certificate is asked of them.
    pub clients: Option<ClientCertificates>,
    /// The versions that are spoken.
    pub versions: TlsVersions,
    /// Whether clients may come back by a ticket, without a full handshake (RFC 8446 §2.2).
    pub has_tickets: bool,
}

/// A certificate, and the key that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key, not encrypted (PKCS #8, PKCS #1 or SEC 1).
    pub key: PathBuf,
}

/// How certificates of clients are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities that may vouch for clients.
    pub authorities: PathBuf,
    /// What they have revoked: each certificate of a chain whose issuer has a list here is looked up in it.
    pub revocation_lists: Vec<PathBuf>,
    /// What a list means whose time of the next update has passed.
    pub expired_revocation_list: ExpiredRevocationList,
    /// Whether a client without a certificate is refused.
    pub is_required: bool,
}

/// What a revocation list means whose time of the next update (RFC 5280 §5.1.2.5) has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiredRevocationList {
    /// Nobody can be judged by it: certificates of its issuer are refused.
    #[default]
    Refuse,
    /// What it revokes stays revoked, all else is good; a warning is logged.
    Accept,
}

/// How an outgoing connection speaks TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// The authorities that may vouch for the server; `None`: those that the system trusts.
    pub authorities: Option<PathBuf>,
    /// What is presented to the server.
    pub certificate: Option<CertificateFiles>,
    /// The name that the server's certificate must have; `None`: that of the address.
    pub server_name: Option<String>,
    /// The versions that are spoken.
    pub versions: TlsVersions,
}

/// The versions of TLS that are spoken, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsVersions {
    /// The oldest.
    pub min: TlsVersion,
    /// The newest.
    pub max: TlsVersion,
}

/// A version of TLS. Older ones are not spoken at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246), with forward secrecy only.
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

impl Default for TlsVersions {
    fn default() -> Self {
        Self { min: TlsVersion::V1_2, max: TlsVersion::V1_3 }
    }
}
