use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use vouchmq_tls::{Server, ServerOptions, TlsFault};

use super::crowd::Crowd;
use super::front::Front;
use super::{HostNames, HttpLimits, Service, connection};

/// Where a listener listens, and what it allows.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// What it is called in the log and in errors, as `management`.
    pub name: &'static str,
    /// Where; port 0 picks a free one.
    pub address: SocketAddr,
    /// Names that `Host` may have beside those of loopback.
    pub host_names: HostNames,
    /// Bounds.
    pub limits: HttpLimits,
    /// TLS. Without it only loopback can be listened on.
    pub tls: Option<ServerOptions>,
    /// Another listener of this process has the port, and is about to close.
    pub takes_over: bool,
}

/// Why nothing can listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenFault {
    /// The address is not loopback, and there is no TLS.
    #[error(
        "the {name} listener cannot bind {address}: without TLS, HTTP listens on loopback only; give it a \
         certificate ('vouchmq cert self-signed' makes one), or write 127.0.0.1:{port} and put a proxy with TLS in \
         front", port = .address.port()
    )]
    NotLoopback {
        /// The listener.
        name: &'static str,
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// TLS does not load.
    #[error("the {name} listener: {fault}")]
    Tls {
        /// The listener.
        name: &'static str,
        /// Which file, what is wrong with it, what mends it.
        fault: TlsFault,
    },
    /// The system refused.
    #[error("the {name} listener cannot bind {address}")]
    Bind {
        /// The listener.
        name: &'static str,
        /// Where it was to listen.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Accepts HTTP/1.1 on one address, within [`HttpLimits`].
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    options: ListenerOptions,
    tls: Option<Server>,
}

impl ListenerOptions {
    /// The defaults at an address.
    pub fn new(name: &'static str, address: SocketAddr) -> Self {
        Self {
            name,
            address,
            host_names: HostNames::default(),
            limits: HttpLimits::default(),
            tls: None,
            takes_over: false,
        }
    }
}

impl Listener {
    /// Takes the address; who connects from now on waits for [`serve`](Self::serve).
    ///
    /// # Errors
    /// [`ListenFault`]: without TLS every address but loopback is refused.
    pub async fn bind(options: ListenerOptions) -> Result<Self, ListenFault> {
        let (name, address) = (options.name, options.address);
        if options.tls.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(ListenFault::NotLoopback { name, address });
        }
        let tls = options.tls.as_ref().map(Server::load_now).transpose();
        let tls = tls.map_err(|fault| ListenFault::Tls { name, fault })?;
        let fault = |source| ListenFault::Bind { name, address, source };
        let socket = listen(address, options.takes_over).map_err(fault)?;
        let address = socket.local_addr().map_err(fault)?;
        Ok(Self { socket, address, options, tls })
    }

    /// Where it listens, with the port that the system chose.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it speaks below HTTP; all clones change by [`Server::reload`], and clients that are refused then are
    /// disconnected.
    pub fn tls(&self) -> Option<Server> {
        self.tls.clone()
    }

    /// Serves `service` until `drain` is ready, then lets requests that have begun end, for at most
    /// [`HttpLimits::drain_timeout`]. Dropping the future closes everything at once.
    pub async fn serve(self, service: impl Into<Service>, drain: impl Future<Output = ()>) {
        let limits = Arc::new(self.options.limits.clone());
        let front = Arc::new(Front::new(&self.options, service.into(), &limits));
        let crowd = Arc::new(Crowd::new(limits.connections_max, limits.connections_per_address_max));
        let (closing, is_closing) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut drain = std::pin::pin!(drain);
        loop {
            let accepted = tokio::select! {
                () = &mut drain => break,
                accepted = self.socket.accept() => accepted,
            };
            // What has ended must not pile up.
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = crowd.enter(peer.ip()) else { continue };
                    let served = connection::serve(
                        prepare(stream),
                        peer,
                        front.clone(),
                        limits.clone(),
                        is_closing.clone(),
                        self.tls.clone(),
                    );
                    connections.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    if !is_of_one_connection(&error) {
                        tracing::warn!(listener = front.name(), %error, "accepting pauses");
                        sleep(limits.accept_pause).await;
                    }
                }
            }
        }
        drop(self.socket);
        drop(is_closing);
        drop(closing);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if timeout(limits.drain_timeout, all_ended).await.is_err() {
            tracing::warn!(listener = front.name(), "requests were cut off: they did not end in time");
        }
    }
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens at an address so that another listener of this process can take it over. One that another process has is
/// refused all the same.
fn listen(address: SocketAddr, takes_over: bool) -> io::Result<TcpListener> {
    let socket = || if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    if !takes_over && address.port() != 0 {
        let probe = socket()?;
        probe.set_reuseaddr(true)?;
        probe.bind(address)?;
    }
    let socket = socket()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Small answers must not wait for an acknowledgement of the one before.
fn prepare(stream: TcpStream) -> TcpStream {
    // It fails only if the peer is gone already.
    let _ = stream.set_nodelay(true);
    stream
}

/// Whether only the connection that was to be accepted is broken. Everything else (no descriptors, no
/// memory) would come back at once.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

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
