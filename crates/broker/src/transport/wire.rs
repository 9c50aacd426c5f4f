use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A socket.
#[derive(Debug)]
pub(crate) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket that is registered with no reactor.
#[derive(Debug)]
pub(crate) enum DetachedWire {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Wire {
    /// Reads what is there into `buffer`; 0 = the peer has closed.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let polled = match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
        };
        polled.map(|result| result.map(|()| buffer.filled().len()))
    }

    /// Ready when the peer has closed and nothing is left to read. Of what has come nothing is taken, and while it lies
    /// there nobody can tell what follows.
    pub(crate) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let polled = match self {
                Self::Tcp(stream) => stream.poll_read_ready(cx),
                Self::Unix(stream) => stream.poll_read_ready(cx),
            };
            if ready!(polled).is_err() {
                return Poll::Ready(());
            }
            let mut byte = [MaybeUninit::uninit()];
            let peeked = match self {
                Self::Tcp(stream) => {
                    stream.try_io(Interest::READABLE, || SockRef::from(stream).peek(&mut byte))
                }
                Self::Unix(stream) => {
                    stream.try_io(Interest::READABLE, || SockRef::from(stream).peek(&mut byte))
                }
            };
            match peeked {
                Ok(0) => return Poll::Ready(()),
                Ok(_) => return Poll::Pending,
                // The news was old: the next one is waited for.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(()),
            }
        }
    }

    /// Waits until there is something to read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            Self::Unix(stream) => stream.readable().await,
        }
    }

    /// Reads what is there; 0 = the peer has closed.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buffer),
            Self::Unix(stream) => stream.try_read(buffer),
        }
    }

    /// Writes what the peer takes now, in one system call.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, slices) {
            (Self::Tcp(stream), [one]) => stream.try_write(one),
            (Self::Tcp(stream), many) => stream.try_write_vectored(many),
            (Self::Unix(stream), [one]) => stream.try_write(one),
            (Self::Unix(stream), many) => stream.try_write_vectored(many),
        }
    }

    /// Ready when the peer takes bytes again.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            Self::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    /// Ends one or both directions.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream).shutdown(how),
            Self::Unix(stream) => SockRef::from(stream).shutdown(how),
        }
    }

    pub(super) fn detach(self) -> io::Result<DetachedWire> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(DetachedWire::Tcp),
            Self::Unix(stream) => stream.into_std().map(DetachedWire::Unix),
        }
    }
}

impl DetachedWire {
    pub(super) fn attach(self) -> io::Result<Wire> {
        match self {
            Self::Tcp(stream) => TcpStream::from_std(stream).map(Wire::Tcp),
            Self::Unix(stream) => UnixStream::from_std(stream).map(Wire::Unix),
        }
    }
}

impl Write for &Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
