use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, Side};

use crate::Refusal;

/// Why a session ends. What is to be said to the other end about it waits to be written
/// ([`Session::write_tls`](super::Session::write_tls)).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionFault {
    /// The first bytes are not TLS.
    #[error("the other end does not speak TLS; is the port right?")]
    NotTls,
    /// The other end speaks none of our versions.
    #[error("there is no version of TLS that both ends speak")]
    Version,
    /// The two have no method in common.
    #[error("there is no cipher suite, key exchange or signature that both ends know")]
    NothingInCommon,
    /// It offers protocols above TLS, and ours is not among them.
    #[error("the client asks for another protocol (ALPN)")]
    OtherProtocol,
    /// It has presented no certificate, and must.
    #[error("the client has presented no certificate")]
    NoCertificate,
    /// A client's certificate is not good.
    #[error("the client is refused: {0}")]
    Certificate(Refusal),
    /// A server's certificate is not good.
    #[error("the server's certificate is refused: {0}")]
    ServerCertificate(String),
    /// The other end has refused us.
    #[error("the other end has refused the connection: {0}")]
    Alert(String),
    /// All else.
    #[error("TLS: {0}")]
    Protocol(String),
}

impl SessionFault {
    /// What a failed [`accept_stream`](crate::Server::accept_stream) is about; `None` where it is the stream's.
    pub fn of_stream(fault: &io::Error) -> Option<Self> {
        let inner = fault.get_ref()?;
        inner
            .downcast_ref::<Self>()
            .cloned()
            .or_else(|| Some(Self::of(inner.downcast_ref::<Error>()?, Side::Server)))
    }

    /// `side`: our own.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the rest of a foreign list of faults is told in its words"
    )]
    pub(crate) fn of(fault: &Error, side: Side) -> Self {
        match fault {
            Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
                Self::NotTls
            }
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled
                // older than 1.2: there is no such extension before
                | PeerIncompatible::SignatureAlgorithmsExtensionRequired,
            )
            | Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::Version,
            Error::PeerIncompatible(_) => Self::NothingInCommon,
            Error::NoApplicationProtocol => Self::OtherProtocol,
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::InvalidCertificate(what) => match side {
                Side::Server => Self::Certificate(Refusal::of(what)),
                Side::Client => Self::ServerCertificate(in_words(what)),
            },
            Error::AlertReceived(alert) => Self::Alert(alert_in_words(*alert, side)),
            other => Self::Protocol(other.to_string()),
        }
    }
}

fn alert_in_words(alert: AlertDescription, side: Side) -> String {
    match (alert, side) {
        (AlertDescription::UnknownCA, Side::Server) => "it does not know the authority of our certificate",
        (AlertDescription::UnknownCA, Side::Client) => {
            "it does not know the authority of our certificate (--cert)"
        }
        (AlertDescription::CertificateRequired, Side::Client) => "it wants a certificate (--cert and --key)",
        (AlertDescription::HandshakeFailure, Side::Client) => {
            "it wants a certificate (--cert and --key), or nothing that we speak"
        }
        (AlertDescription::CertificateRevoked, _) => "our certificate is revoked",
        (AlertDescription::CertificateExpired, _) => "our certificate has expired",
        (other, _) => return format!("{other:?}"),
    }
    .to_owned()
}

/// A refusal of the server's certificate.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest of a foreign list of faults is told in its words"
)]
fn in_words(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => "no known authority has signed it (--cafile names one)".to_owned(),
        CertificateError::Other(other) => other.0.to_string(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        other => other.to_string(),
    }
}
