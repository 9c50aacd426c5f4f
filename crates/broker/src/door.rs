use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use arc_swap::{ArcSwap, Guard};
use vouchmq_identity::Cidr;
use vouchmq_tls::{Refusal, Server, Vouched};

use crate::transport::{Layered, Peer, Standing};
use crate::{ListenerOptions, WebSocketOptions};

/// A listener, as its connections know it.
#[derive(Debug)]
pub(crate) struct Door {
    /// No other listener of the process has or had it.
    pub(crate) id: u64,
    spoken: ArcSwap<Spoken>,
    /// How often it changed whose certificates are good.
    judgement: AtomicU64,
}

/// What is spoken below MQTT at a door: from the next connection on.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) name: Arc<str>,
    /// Proxies that say for whom they connect.
    pub(crate) proxies: Option<Arc<[Cidr]>>,
    pub(crate) tls: Option<Server>,
    pub(crate) websocket: Option<Arc<WebSocketOptions>>,
}

impl Door {
    pub(crate) fn new(id: u64, spoken: Spoken) -> Self {
        Self { id, spoken: ArcSwap::from_pointee(spoken), judgement: AtomicU64::new(0) }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Arc<Self> {
        let address = crate::ListenAddress::Tcp(([127, 0, 0, 1], 0).into());
        Arc::new(Self::new(0, Spoken::new(&ListenerOptions::plain("tcp", address), None)))
    }

    /// What is spoken now.
    pub(crate) fn spoken(&self) -> Guard<Arc<Spoken>> {
        self.spoken.load()
    }

    /// Changes what is spoken with those who come.
    pub(crate) fn speak(&self, spoken: Spoken) {
        self.spoken.store(Arc::new(spoken));
    }

    /// Certificates are judged by others from now on, or by other lists.
    pub(crate) fn judgement_changed(&self) {
        self.judgement.fetch_add(1, Ordering::SeqCst);
    }

    /// Judges the certificate of a client, unless it was judged by what holds now.
    pub(crate) fn vouch(&self, layers: &mut Layered, now: SystemTime) -> Result<(), Refusal> {
        if layers.certificates().is_empty() {
            return Ok(());
        }
        let judgement = self.judgement.load(Ordering::SeqCst);
        if layers.standing.is_some_and(|standing| standing.judgement == judgement) {
            return Ok(());
        }
        // Where TLS is not spoken any more, who came by it stays.
        if let Some(server) = &self.spoken().tls {
            let Vouched { authority } = server.vouch(layers.certificates(), now)?;
            layers.standing = Some(Standing { judgement, authority });
        }
        Ok(())
    }
}

impl Spoken {
    pub(crate) fn new(options: &ListenerOptions, tls: Option<Server>) -> Self {
        let proxies = options.proxy_protocol.as_ref().map(|proxies| proxies.trusted.clone().into());
        let websocket = options.websocket.clone().map(Arc::new);
        Self { name: (&*options.name).into(), proxies, tls, websocket }
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
