//! The byte stream below MQTT, whatever it is made of.

mod frames;
mod layered;
mod peer;
mod wire;

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::ops::Range;
use std::task::{Context, Poll};

use layered::OnWire;
pub(crate) use layered::{Layered, Standing};
pub(crate) use peer::Peer;
pub(crate) use wire::{DetachedWire, Wire};

/// Pieces that one system call writes at most.
pub(crate) const SLICES_MAX: usize = 64;

/// What a connection is read from and written to: read when there is something, write without waiting, tell when
/// writing is possible again, and move to another thread.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Nothing lies below MQTT but the socket.
    Plain(Wire),
    /// TLS does, or WebSocket, or both.
    Layered(Box<Layered>),
}

/// A transport between two shards: registered with neither's reactor.
#[derive(Debug)]
pub(crate) enum Detached {
    Plain(DetachedWire),
    Layered(Box<Layered<DetachedWire>>),
}

/// What one read brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// Where the bytes of MQTT are in the buffer.
    pub(crate) data: Range<usize>,
    /// Bytes that came over the wire.
    pub(crate) wire_count: usize,
    /// Nothing follows.
    pub(crate) is_last: bool,
}

impl Transport {
    /// Reads what is there into `buffer`, by way of `sealed` where it has to be opened first.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        portion: usize,
        sealed: &mut Vec<u8>,
    ) -> Poll<io::Result<Received>> {
        match self {
            Self::Plain(wire) => {
                let buffer = buffer.get_mut(..portion).unwrap_or_default();
                wire.poll_read(cx, buffer).map_ok(|count| Received {
                    data: 0..count,
                    wire_count: count,
                    is_last: count == 0,
                })
            }
            Self::Layered(layered) => layered.poll_read(cx, buffer, portion, sealed),
        }
    }

    /// Takes of `slices` what can be written now, and writes it in one system call where nothing lies between.
    ///
    /// What was taken may still wait below: [`Transport::flush`].
    pub(crate) fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.try_write(slices),
            Self::Layered(layered) => layered.try_write(slices),
        }
    }

    /// Writes what waits below; `WouldBlock` when not all of it could be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Layered(layered) => layered.flush(),
        }
    }

    /// Something waits below to be written.
    pub(crate) fn has_unsent(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Layered(layered) => layered.has_unsent(),
        }
    }

    /// Says in the words of what lies below that nothing follows; it is to be [flushed](Transport::flush).
    pub(crate) fn say_goodbye(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Layered(layered) => layered.say_goodbye(),
        }
    }

    /// Ready when the peer takes bytes again.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire().poll_write_ready(cx)
    }

    /// Ready when the peer has closed and nothing is left to read; what it has sent stays where it is.
    pub(crate) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.wire().poll_gone(cx)
    }

    /// Reads bytes that nobody looks at; 0 = the peer has closed.
    pub(crate) fn poll_discard(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let wire = match self {
            Self::Plain(wire) => wire,
            Self::Layered(layered) => &mut layered.wire,
        };
        wire.poll_read(cx, buffer)
    }

    /// Ends one or both directions.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.wire().shutdown(how)
    }

    /// What lies below MQTT beside the socket.
    pub(crate) fn layers(&self) -> Option<&Layered> {
        match self {
            Self::Plain(_) => None,
            Self::Layered(layered) => Some(layered),
        }
    }

    pub(crate) fn layers_mut(&mut self) -> Option<&mut Layered> {
        match self {
            Self::Plain(_) => None,
            Self::Layered(layered) => Some(layered),
        }
    }

    fn wire(&self) -> &Wire {
        match self {
            Self::Plain(wire) => wire,
            Self::Layered(layered) => &layered.wire,
        }
    }

    /// Takes the socket off this thread's reactor.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        match self {
            Self::Plain(wire) => wire.detach().map(Detached::Plain),
            Self::Layered(layered) => layered.on(Wire::detach).map(Detached::Layered),
        }
    }
}

impl Detached {
    /// Puts the socket on this thread's reactor.
    pub(crate) fn attach(self) -> io::Result<Transport> {
        match self {
            Self::Plain(wire) => wire.attach().map(Transport::Plain),
            Self::Layered(layered) => layered.on(DetachedWire::attach).map(Transport::Layered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every connection keeps, however few of them speak TLS.
    #[test]
    fn what_lies_below_costs_a_plain_connection_nothing() {
        assert_eq!(size_of::<Transport>(), size_of::<Wire>());
        // The socket itself is 8 bytes larger where tokio has its features of the whole product.
        let (wire, socket) = (size_of::<Wire>(), size_of::<tokio::net::TcpStream>());
        assert!(wire <= socket + 8 && socket <= 40, "{wire} for {socket}");
    }
}
