use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, HandshakeKind, InvalidMessage, ProtocolVersion};
use rustls::{ServerConfig, ServerConnection};

use crate::{Refusal, TlsFault, TlsVersion};

/// Bytes that wait to be written below TLS, at most: [`Session::write`] takes nothing beyond.
const BUFFER_MAX: usize = 64 * 1024;

/// The server's end of a TLS connection, without its socket: bytes go in and out by calls, none of which waits.
/// It may move between threads.
pub struct Session {
    connection: ServerConnection,
    was_handshaking: bool,
}

/// What [`Session::process`] has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that can be [read](Session::read).
    pub readable: usize,
    /// Whether the handshake has ended in this call: the client's certificate is known, and is to be vouched for.
    pub is_established: bool,
    /// Whether the other end has said that it sends no more.
    pub is_closed: bool,
}

/// Why a session ends. What is to be said to the other end about it waits to be written ([`Session::write_tls`]).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionFault {
    /// The first bytes are not TLS.
    #[error("this is not TLS: is the client meant for another port?")]
    NotTls,
    /// The other end speaks none of our versions.
    #[error("the client speaks no version of TLS that this listener speaks")]
    Version,
    /// The two have no method in common.
    #[error("client and server have no cipher suite or signature method in common")]
    NothingInCommon,
    /// It offers protocols above TLS, and ours is not among them.
    #[error("the client asks for another protocol (ALPN)")]
    OtherProtocol,
    /// It has presented no certificate, and must.
    #[error("the client has presented no certificate")]
    NoCertificate,
    /// Its certificate is not good.
    #[error("the client is refused: {0}")]
    Certificate(Refusal),
    /// The other end has refused us.
    #[error("the client has refused the connection: {0}")]
    Alert(String),
    /// All else.
    #[error("{0}")]
    Protocol(String),
}

impl Session {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Result<Self, TlsFault> {
        let mut connection =
            ServerConnection::new(config).map_err(|fault| TlsFault::Options(fault.to_string()))?;
        connection.set_buffer_limit(Some(BUFFER_MAX));
        Ok(Self { connection, was_handshaking: true })
    }

    /// Takes bytes from below, 4 KiB at a time or somewhat more; 0: the end. Then comes [`process`](Self::process), and
    /// all that is readable is to be read before the next call.
    ///
    /// # Errors
    /// Those of `from`; `WouldBlock` is one of them. An error of its own where what is readable was left lying.
    pub fn read_tls(&mut self, from: &mut dyn Read) -> io::Result<usize> {
        self.connection.read_tls(from)
    }

    /// Looks at what was taken.
    ///
    /// # Errors
    /// [`SessionFault`]: the session is over. What waits to be written is to be written all the same: it says why.
    pub fn process(&mut self) -> Result<Progress, SessionFault> {
        let state = self.connection.process_new_packets().map_err(|fault| SessionFault::of(&fault))?;
        let is_established = self.was_handshaking && !self.connection.is_handshaking();
        self.was_handshaking &= !is_established;
        Ok(Progress {
            readable: state.plaintext_bytes_to_read(),
            is_established,
            is_closed: state.peer_has_closed(),
        })
    }

    /// Gives what has been received.
    ///
    /// # Errors
    /// `WouldBlock` where there is nothing yet. `UnexpectedEof` where the connection has ended without being closed by
    /// TLS: somebody else may have cut it.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.connection.reader().read(into)
    }

    /// Takes what is to be sent, as much as there is room for: 0 where there is none, until
    /// [`write_tls`](Self::write_tls) has made some.
    ///
    /// # Errors
    /// Where the session is over.
    pub fn write(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        self.connection.writer().write_vectored(from)
    }

    /// Gives what waits to be written below, in one vectored write.
    ///
    /// # Errors
    /// Those of `into`; `WouldBlock` is one of them.
    pub fn write_tls(&mut self, into: &mut dyn Write) -> io::Result<usize> {
        self.connection.write_tls(into)
    }

    /// Whether something waits to be written.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Whether the handshake goes on.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Says that nothing more is sent; it waits to be written.
    pub fn close_notify(&mut self) {
        self.connection.send_close_notify();
    }

    /// The certificates of the client: its own, then those that it says lead to its authority. Empty during the
    /// handshake, and where it has none. With a ticket: those that it had presented when it got the ticket.
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        self.connection.peer_certificates().unwrap_or_default()
    }

    /// The server name that the client has asked for (SNI).
    pub fn sni(&self) -> Option<&str> {
        self.connection.server_name()
    }

    /// What is spoken, once that is known.
    pub fn version(&self) -> Option<TlsVersion> {
        let is_newest = self.connection.protocol_version()? == ProtocolVersion::TLSv1_3;
        Some(if is_newest { TlsVersion::V1_3 } else { TlsVersion::V1_2 })
    }

    /// Whether the client has come back by a ticket.
    pub fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("version", &self.version()).finish_non_exhaustive()
    }
}

// === impl SessionFault ===

impl SessionFault {
    /// What a failed [`accept_stream`](crate::Server::accept_stream) is about; `None` where it is the stream's.
    pub fn of_stream(fault: &io::Error) -> Option<Self> {
        fault.get_ref()?.downcast_ref::<rustls::Error>().map(Self::of)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the rest of a foreign list of faults is told in its words"
    )]
    fn of(fault: &rustls::Error) -> Self {
        use rustls::Error;
        match fault {
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls,
            Error::PeerIncompatible(
                rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13
                | rustls::PeerIncompatible::SupportedVersionsExtensionRequired
                | rustls::PeerIncompatible::Tls12NotOffered
                | rustls::PeerIncompatible::Tls12NotOfferedOrEnabled
                // older than 1.2: there is no such extension before
                | rustls::PeerIncompatible::SignatureAlgorithmsExtensionRequired,
            ) => Self::Version,
            Error::PeerIncompatible(_) => Self::NothingInCommon,
            Error::NoApplicationProtocol => Self::OtherProtocol,
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::InvalidCertificate(what) => Self::Certificate(Refusal::of(what)),
            Error::AlertReceived(AlertDescription::UnknownCA) => {
                Self::Alert("it does not know the authority of the server's certificate".to_owned())
            }
            Error::AlertReceived(what) => Self::Alert(format!("{what:?}")),
            other => Self::Protocol(other.to_string()),
        }
    }
}
