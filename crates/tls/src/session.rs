mod fault;

use std::fmt;
use std::io::{self, IoSlice, Read, Write};

use rustls::pki_types::CertificateDer;
use rustls::{Connection, HandshakeKind, ProtocolVersion, Side};

pub use fault::SessionFault;

use crate::TlsVersion;

/// Bytes that wait to be written below TLS, at most: [`Session::write`] takes nothing beyond.
const BUFFER_MAX: usize = 64 * 1024;

/// One end of a TLS connection, without its socket: bytes go in and out by calls, none of which waits. It may move
/// between threads.
pub struct Session {
    connection: Connection,
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

impl Session {
    pub(crate) fn new(connection: Connection) -> Self {
        let mut connection = connection;
        connection.set_buffer_limit(Some(BUFFER_MAX));
        Self { connection, was_handshaking: true }
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
        let side = self.side();
        let processed = self.connection.process_new_packets();
        let state = processed.map_err(|fault| SessionFault::of(&fault, side))?;
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

    /// The certificates of the other end: its own, then those that it says lead to its authority. Empty during the
    /// handshake, and where it has none. With a ticket: those that it had presented when it got the ticket.
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        self.connection.peer_certificates().unwrap_or_default()
    }

    /// The server name that the client has asked for (SNI); `None` at the client's end.
    pub fn sni(&self) -> Option<&str> {
        match &self.connection {
            Connection::Server(server) => server.server_name(),
            Connection::Client(_) => None,
        }
    }

    /// What is spoken, once that is known.
    pub fn version(&self) -> Option<TlsVersion> {
        let is_newest = self.connection.protocol_version()? == ProtocolVersion::TLSv1_3;
        Some(if is_newest { TlsVersion::V1_3 } else { TlsVersion::V1_2 })
    }

    const fn side(&self) -> Side {
        match self.connection {
            Connection::Client(_) => Side::Client,
            Connection::Server(_) => Side::Server,
        }
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
