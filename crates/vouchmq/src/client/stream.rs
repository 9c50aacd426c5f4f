//! Bytes to a server and back: a socket, TLS on it, WebSocket on that. Nothing waits but what says so.

mod secure;
mod socket;
mod websocket;

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::net::{TcpStream, UnixStream};
use vouchmq_tls::Session;

use secure::Secure;
use socket::Socket;
use websocket::WebSocket;

/// An open stream to a server.
#[derive(Debug)]
pub(crate) struct Stream {
    below: Below,
    websocket: Option<Box<WebSocket>>,
}

/// What is below WebSocket.
#[derive(Debug)]
enum Below {
    Plain(Socket),
    Secure(Box<Secure>),
}

impl Stream {
    pub(crate) const fn tcp(stream: TcpStream) -> Self {
        Self { below: Below::Plain(Socket::Tcp(stream)), websocket: None }
    }

    pub(super) const fn unix(stream: UnixStream) -> Self {
        Self { below: Below::Plain(Socket::Unix(stream)), websocket: None }
    }

    /// Speaks TLS from now on: returns after the handshake. To be called on a plain stream.
    pub(super) async fn secured(self, session: Session) -> io::Result<Self> {
        match self.below {
            Below::Plain(socket) => {
                let secure = Secure::open(socket, session).await?;
                Ok(Self { below: Below::Secure(Box::new(secure)), websocket: None })
            }
            Below::Secure(_) => Ok(self),
        }
    }

    /// Speaks WebSocket from now on: returns when the server has agreed.
    pub(super) async fn upgraded(mut self, host: &str, path: &str) -> io::Result<Self> {
        let websocket = WebSocket::open(&mut self, host, path).await?;
        self.websocket = Some(Box::new(websocket));
        Ok(self)
    }

    /// Whether the server has taken us back by a ticket.
    pub(crate) fn is_resumed(&self) -> bool {
        match &self.below {
            Below::Plain(_) => false,
            Below::Secure(secure) => secure.session.is_resumed(),
        }
    }

    /// Waits until something can be read, or written if `writes` or if something waits below.
    pub(crate) async fn ready(&self, writes: bool) -> io::Result<tokio::io::Ready> {
        self.socket().ready(writes || self.wants_flush()).await
    }

    /// Waits until something can be read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.socket().ready(false).await.map(drop)
    }

    /// Whether something can be read.
    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_read_ready(cx)
    }

    /// Reads what is there; 0 = the server has closed.
    pub(crate) fn try_read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.websocket {
            Some(websocket) => websocket.try_read(&mut self.below, into),
            None => self.below.try_read(into),
        }
    }

    /// The same; `Pending` until there is something.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if let (Below::Plain(socket), None) = (&mut self.below, &self.websocket) {
            let mut buffer = ReadBuf::new(into);
            ready!(socket.poll_read(cx, &mut buffer))?;
            return Poll::Ready(Ok(buffer.filled().len()));
        }
        loop {
            match self.try_read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.poll_read_ready(cx))?,
                done => return Poll::Ready(done),
            }
        }
    }

    /// Takes what goes out now; some of it may still wait to be [flushed](Self::try_flush).
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.websocket {
            Some(websocket) => websocket.try_write(&mut self.below, bytes),
            None => self.below.try_write(bytes),
        }
    }

    /// Writes what waits below.
    pub(crate) fn try_flush(&mut self) -> io::Result<()> {
        if let Some(websocket) = &mut self.websocket {
            websocket.try_flush(&mut self.below)?;
        }
        self.below.try_flush()
    }

    /// Writes everything.
    pub(crate) async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            let step = if bytes.is_empty() { self.try_flush().map(|()| 0) } else { self.try_write(bytes) };
            match step {
                Ok(_) if bytes.is_empty() => return Ok(()),
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket().writable().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Fills the whole of it.
    pub(crate) async fn read_exact(&mut self, into: &mut [u8]) -> io::Result<()> {
        let mut at = 0;
        while let Some(rest) = into.get_mut(at..).filter(|rest| !rest.is_empty()) {
            match self.try_read(rest) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => at += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(false).await?;
                    self.try_flush().or_else(unless_it_would_block)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Says that nothing more will be written.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        if let Some(websocket) = &mut self.websocket {
            websocket.close();
        }
        self.write_all(&[]).await?;
        if let Below::Secure(secure) = &mut self.below {
            secure.session.close_notify();
        }
        self.write_all(&[]).await?;
        // WebSocket is closed by the server, when it has seen our Close.
        if self.websocket.is_some() { Ok(()) } else { self.socket_mut().shutdown().await }
    }

    /// Whether something waits below that was taken before.
    fn wants_flush(&self) -> bool {
        self.websocket.as_ref().is_some_and(|websocket| websocket.wants_flush()) || self.below.wants_flush()
    }

    fn socket(&self) -> &Socket {
        match &self.below {
            Below::Plain(socket) => socket,
            Below::Secure(secure) => &secure.socket,
        }
    }

    fn socket_mut(&mut self) -> &mut Socket {
        match &mut self.below {
            Below::Plain(socket) => socket,
            Below::Secure(secure) => &mut secure.socket,
        }
    }
}

// === impl Below ===

impl Below {
    fn try_read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_read(into),
            Self::Secure(secure) => secure.try_read(into),
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_write(bytes),
            Self::Secure(secure) => secure.try_write(bytes),
        }
    }

    fn try_flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secure(secure) => secure.try_flush(),
        }
    }

    fn wants_flush(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secure(secure) => secure.session.wants_write(),
        }
    }
}

/// What cannot be written now is written later.
pub(crate) fn unless_it_would_block(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::WouldBlock { Ok(()) } else { Err(error) }
}
