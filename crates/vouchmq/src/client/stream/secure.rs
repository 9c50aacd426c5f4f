use std::io::{self, IoSlice, Read, Write};

use vouchmq_tls::Session;

use super::{Socket, unless_it_would_block};

/// TLS on a socket.
#[derive(Debug)]
pub(super) struct Secure {
    pub(super) socket: Socket,
    pub(super) session: Session,
}

/// A socket as a session wants it.
struct NonBlocking<'a>(&'a Socket);

impl Secure {
    /// Shakes hands.
    pub(super) async fn open(socket: Socket, session: Session) -> io::Result<Self> {
        let mut secure = Self { socket, session };
        loop {
            secure.try_flush().or_else(unless_it_would_block)?;
            if !secure.session.is_handshaking() {
                return Ok(secure);
            }
            secure.socket.ready(secure.session.wants_write()).await?;
            match secure.receive() {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection",
                    ));
                }
                Ok(_) => {}
                Err(error) => unless_it_would_block(error)?,
            }
        }
    }

    pub(super) fn try_read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Many servers just close; MQTT says itself when all is said.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            self.receive()?;
        }
    }

    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.try_flush()?;
        let taken = self.session.write(&[IoSlice::new(bytes)])?;
        self.try_flush().or_else(unless_it_would_block)?;
        Ok(taken)
    }

    pub(super) fn try_flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut NonBlocking(&self.socket))?;
        }
        Ok(())
    }

    /// Takes what has come; 0 at the end.
    fn receive(&mut self) -> io::Result<usize> {
        let taken = self.session.read_tls(&mut NonBlocking(&self.socket))?;
        let processed = self.session.process();
        // An alert says to the server why.
        self.try_flush().or_else(unless_it_would_block)?;
        processed.map_err(io::Error::other)?;
        Ok(taken)
    }
}

// === impl NonBlocking ===

impl Read for NonBlocking<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl Write for NonBlocking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
