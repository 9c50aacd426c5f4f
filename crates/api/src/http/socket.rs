//! What is listened on.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use vouchmq_broker::{ListenAddress, SocketFile, bind_unix};

use super::origin::Origin;

/// A listening socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix {
        socket: UnixListener,
        /// Goes with the socket.
        _file: SocketFile,
    },
}

/// Somebody who has connected.
#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// Bytes of answers that the system keeps for a connection; Linux doubles it for its own needs.
const SEND_BYTES: u32 = 128 * 1024;
/// Who may connect by a Unix socket: the user of this process.
const UNIX_MODE: u32 = 0o600;

impl Socket {
    /// Listens at an address so that another listener of this process can take it over. One that another process has
    /// is refused all the same.
    pub(super) fn listen(address: &ListenAddress, takes_over: bool) -> io::Result<(Self, ListenAddress)> {
        match address {
            ListenAddress::Tcp(address) => {
                let socket = tcp(*address, takes_over)?;
                let bound = ListenAddress::Tcp(socket.local_addr()?);
                Ok((Self::Tcp(socket), bound))
            }
            ListenAddress::Unix(path) => {
                let (socket, file) = bind_unix(path, UNIX_MODE)?;
                Ok((Self::Unix { socket: UnixListener::from_std(socket)?, _file: file }, address.clone()))
            }
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(socket) => {
                let (stream, peer) = socket.accept().await?;
                // Small answers must not wait for an acknowledgement of the one before. It fails only if the peer is
                // gone already.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream, peer))
            }
            Self::Unix { socket, .. } => Ok(Accepted::Unix(socket.accept().await?.0)),
        }
    }
}

impl Accepted {
    pub(super) const fn origin(&self) -> Origin {
        match self {
            Self::Tcp(_, peer) => Origin::Tcp(*peer),
            Self::Unix(_) => Origin::Unix,
        }
    }

    /// The address here that it came to.
    pub(super) fn local(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(stream, _) => Some(stream.local_addr().ok()?.ip()),
            Self::Unix(_) => None,
        }
    }
}

fn tcp(address: SocketAddr, takes_over: bool) -> io::Result<TcpListener> {
    let socket = || if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    if !takes_over && address.port() != 0 {
        let probe = socket()?;
        probe.set_reuseaddr(true)?;
        probe.bind(address)?;
    }
    let socket = socket()?;
    // Connections have it too: what nobody reads is not kept here by megabytes.
    socket.set_send_buffer_size(SEND_BYTES)?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Whether only the connection that was to be accepted is broken. Everything else (no descriptors, no
/// memory) would come back at once.
pub(super) fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_reads_is_not_kept_by_megabytes() {
        let anywhere = ListenAddress::Tcp(([127, 0, 0, 1], 0).into());
        let (socket, address) = Socket::listen(&anywhere, false).unwrap();
        let ListenAddress::Tcp(address) = address else { unreachable!("{address:?}") };
        let _client = TcpStream::connect(address).await.unwrap();
        let Accepted::Tcp(stream, _) = socket.accept().await.unwrap() else { unreachable!("it is TCP") };
        let size = TcpSocket::from_std_stream(stream.into_std().unwrap()).send_buffer_size().unwrap();
        assert!(size <= 2 * SEND_BYTES, "{size}");
    }

    /// Without descriptors or memory the next attempt fails at once, too: accepting pauses, and does not spin.
    #[test]
    fn accepting_pauses_for_what_would_come_back_at_once() {
        let (no_descriptor, none_in_the_system, no_memory) = (24, 23, 12);
        for code in [no_descriptor, none_in_the_system, no_memory] {
            assert!(!is_of_one_connection(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for kind in [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset] {
            assert!(is_of_one_connection(&kind.into()), "{kind:?}");
        }
    }
}
