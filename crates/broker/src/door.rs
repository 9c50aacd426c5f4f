use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::{ArcSwap, Guard};
use vouchmq_identity::{Cidr, Doorway};
use vouchmq_tls::Server;

use crate::judge::Judge;
use crate::transport::Peer;
use crate::{ListenAddress, ListenerOptions, WebSocketOptions};

/// A listener, as its connections know it.
#[derive(Debug)]
pub(crate) struct Door {
    /// No other listener of the process has or had it.
    pub(crate) id: u64,
    spoken: ArcSwap<Spoken>,
}

/// A listener, as it stands in the seat of a connection that came by it.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub(crate) name: Arc<str>,
    /// What others may know of it.
    pub(crate) doorway: Arc<Doorway>,
    pub(crate) crowd: Arc<Crowd>,
}

/// How many have come by a listener.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// Who is here now.
    pub(crate) present: AtomicU64,
    /// Who came, ever.
    pub(crate) arrived: AtomicU64,
}

/// What is spoken below MQTT at a door: from the next connection on.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) entrance: Arc<Entrance>,
    /// Proxies that say for whom they connect.
    pub(crate) proxies: Option<Arc<[Cidr]>>,
    pub(crate) tls: Option<Server>,
    /// Judges those who come now, for as long as they stay.
    pub(crate) judge: Arc<Judge>,
    pub(crate) websocket: Option<Arc<WebSocketOptions>>,
}

impl Door {
    pub(crate) fn new(id: u64, spoken: Spoken) -> Self {
        Self { id, spoken: ArcSwap::from_pointee(spoken) }
    }

    /// What is spoken now.
    pub(crate) fn spoken(&self) -> Guard<Arc<Spoken>> {
        self.spoken.load()
    }

    /// Changes what is spoken with those who come.
    pub(crate) fn speak(&self, spoken: Spoken) {
        self.spoken.store(Arc::new(spoken));
    }
}

impl Spoken {
    pub(crate) fn new(
        options: &ListenerOptions,
        bound: &ListenAddress,
        tls: Option<Server>,
        judge: Arc<Judge>,
        crowd: Arc<Crowd>,
    ) -> Self {
        let proxies = options.proxy_protocol.as_ref().map(|proxies| proxies.trusted.clone().into());
        let websocket = options.websocket.clone().map(Arc::new);
        let port = match bound {
            ListenAddress::Tcp(address) => Some(address.port()),
            ListenAddress::Unix(_) => None,
        };
        let doorway = Arc::new(Doorway { name: options.name.clone(), port });
        let entrance = Arc::new(Entrance { name: Arc::from(&*options.name), doorway, crowd });
        Self { entrance, proxies, tls, judge, websocket }
    }

    /// Nothing lies between MQTT and the socket.
    pub(crate) const fn is_plain(&self) -> bool {
        self.proxies.is_none() && self.tls.is_none() && self.websocket.is_none()
    }

    /// Whether a connection from there begins with a PROXY header. A Unix socket is in the hands of who may
    /// connect to it: its file's owner and group.
    pub(crate) fn is_of_proxy(&self, peer: Peer) -> bool {
        self.proxies.as_ref().is_some_and(|trusted| match peer.ip() {
            Some(address) => trusted.iter().any(|network| network.contains(address)),
            None => true,
        })
    }
}
