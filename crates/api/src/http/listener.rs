use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch::{self, Receiver};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use vouchmq_broker::ListenAddress;
use vouchmq_tls::{Server, ServerOptions, TlsFault};

use super::client::Told;
use super::connection::Connection;
use super::crowd::{Entry, Place};
use super::front::Front;
use super::origin::Origin;
use super::policy::Now;
use super::socket::{Accepted, Socket, is_of_one_connection};
use super::watch::Watch;
use super::{Policy, Service};

/// Where a listener listens, and what it allows.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// What it is called in the log and in errors, as `management`.
    pub name: &'static str,
    /// Where; port 0 picks a free one.
    pub address: ListenAddress,
    /// Who may connect, and what they get. Listeners that share one share its bounds.
    pub policy: Policy,
    /// TLS. Without it only loopback can be listened on. A Unix socket never has it.
    pub tls: Option<ServerOptions>,
    /// Other addresses than loopback may be listened on without TLS: whoever is on the way reads and changes what is
    /// said.
    pub insecure_ok: bool,
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
        address: ListenAddress,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Accepts HTTP/1.1 at one address, within the rules of its [`Policy`].
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: ListenAddress,
    options: ListenerOptions,
    tls: Option<Server>,
}

impl ListenerOptions {
    /// The defaults at an address of TCP.
    pub fn new(name: &'static str, address: SocketAddr) -> Self {
        Self::at(name, ListenAddress::Tcp(address))
    }

    /// The defaults at an address.
    pub fn at(name: &'static str, address: ListenAddress) -> Self {
        Self { name, address, policy: Policy::default(), tls: None, insecure_ok: false, takes_over: false }
    }
}

impl Listener {
    /// Takes the address; who connects from now on waits for [`serve`](Self::serve).
    ///
    /// # Errors
    /// [`ListenFault`]: without TLS every address but loopback is refused.
    pub async fn bind(options: ListenerOptions) -> Result<Self, ListenFault> {
        let name = options.name;
        let tls = match options.address {
            ListenAddress::Tcp(address) => {
                let is_loopback = address.ip().to_canonical().is_loopback();
                if options.tls.is_none() && !is_loopback && !options.insecure_ok {
                    return Err(ListenFault::NotLoopback { name, address });
                }
                let tls = options.tls.as_ref().map(Server::load_now).transpose();
                tls.map_err(|fault| ListenFault::Tls { name, fault })?
            }
            ListenAddress::Unix(_) => None,
        };
        let listening = Socket::listen(&options.address, options.takes_over);
        let fault = |source| ListenFault::Bind { name, address: options.address.clone(), source };
        let (socket, address) = listening.map_err(fault)?;
        Ok(Self { socket, address, options, tls })
    }

    /// Where it listens, with the port that the system chose.
    pub const fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// The same, where it is an address of TCP.
    pub const fn tcp_address(&self) -> Option<SocketAddr> {
        match self.address {
            ListenAddress::Tcp(address) => Some(address),
            ListenAddress::Unix(_) => None,
        }
    }

    /// What it speaks below HTTP; all clones change by [`Server::reload`], and clients that are refused then are
    /// disconnected.
    pub fn tls(&self) -> Option<Server> {
        self.tls.clone()
    }

    /// Serves `service` until `drain` is ready, then lets requests that have begun end, for at most
    /// [`drain_timeout`](super::HttpLimits::drain_timeout). Dropping the future closes everything at once.
    pub async fn serve(self, service: impl Into<Service>, drain: impl Future<Output = ()>) {
        let Self { socket, options: ListenerOptions { name, policy, .. }, tls, address: _ } = self;
        let front = Arc::new(Front::new(name, service.into(), policy.clone(), tls.is_some()));
        let (closing, is_closing) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut drain = std::pin::pin!(drain);
        loop {
            let accepted = tokio::select! {
                () = &mut drain => break,
                accepted = socket.accept() => accepted,
            };
            // What has ended must not pile up.
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok(accepted) => take(&mut connections, accepted, &front, &is_closing, tls.clone()),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(listener = name, %error, "accepting pauses");
                    sleep(policy.now().limits.accept_pause).await;
                }
            }
        }
        drop(socket);
        drop(is_closing);
        drop(closing);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if timeout(policy.now().limits.drain_timeout, all_ended).await.is_err() {
            tracing::warn!(listener = name, "requests were cut off: they did not end in time");
        }
    }
}

/// Serves who has connected, or lets it go.
fn take(
    connections: &mut JoinSet<()>,
    accepted: Accepted,
    front: &Arc<Front>,
    is_closing: &Receiver<()>,
    tls: Option<Server>,
) {
    let (policy, origin) = (front.policy(), accepted.origin());
    let now = policy.now();
    if !now.rules.admits(origin) {
        policy.counts().unlisted.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(listener = front.name(), peer = %origin, "connection refused: not an address that may connect");
        return;
    }
    let watch = Arc::new(Watch::start(now.limits.clone()));
    let Some(place) = enter(front, origin, &now, &watch) else { return };
    let number = place.number();
    let connection = Connection {
        origin,
        told: Told::Nothing,
        local: accepted.local(),
        front: front.clone(),
        now,
        watch,
        is_closing: is_closing.clone(),
        tls,
    };
    let task = connections.spawn(async move {
        match accepted {
            Accepted::Tcp(stream, _) => connection.serve(stream).await,
            Accepted::Unix(stream) => connection.serve(stream).await,
        }
        drop(place);
    });
    policy.crowd().serves(number, task);
}

fn enter(front: &Front, origin: Origin, now: &Now, watch: &Arc<Watch>) -> Option<Place> {
    let policy = front.policy();
    match policy.crowd().enter(origin, now.rules.trusts(origin.ip()), &now.limits, watch.clone()) {
        Entry::Free(place) => Some(place),
        Entry::Made(place) => {
            policy.counts().displaced.fetch_add(1, Ordering::Relaxed);
            Some(place)
        }
        Entry::Full => {
            policy.counts().crowded.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(listener = front.name(), peer = %origin, "connection refused: there are as many as may be");
            None
        }
    }
}
