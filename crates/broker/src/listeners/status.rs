use std::sync::atomic::Ordering;

use super::Listening;
use crate::{Control, ListenAddress};

/// One listener of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerStatus {
    /// What it is called in the configuration.
    pub name: Box<str>,
    /// Its address, with the port that was picked for `:0`.
    pub address: ListenAddress,
    /// What is spoken: `tcp`, `tls`, `ws`, `wss` or, on a Unix socket without anything below MQTT, `unix`.
    pub transport: &'static str,
    /// TLS lies below.
    pub is_tls: bool,
    /// A PROXY header comes first.
    pub is_behind_proxy: bool,
    /// Connections that came by it and are there, those included that are only told why they are refused.
    pub connections: u64,
    /// Connections that ever came by it.
    pub accepted: u64,
}

impl Control {
    /// Where clients connect.
    pub fn listeners(&self) -> Vec<ListenerStatus> {
        self.listeners.lock().all.iter().map(Listening::status).collect()
    }
}

impl Listening {
    fn status(&self) -> ListenerStatus {
        let (options, spoken) = (&self.options, self.door.spoken());
        let crowd = &spoken.entrance.crowd;
        let transport = match (&options.websocket, &options.tls, &self.bound) {
            (Some(_), Some(_), _) => "wss",
            (Some(_), None, _) => "ws",
            (None, Some(_), _) => "tls",
            (None, None, ListenAddress::Unix(_)) => "unix",
            (None, None, ListenAddress::Tcp(_)) => "tcp",
        };
        ListenerStatus {
            name: options.name.clone(),
            address: self.bound.clone(),
            transport,
            is_tls: options.tls.is_some(),
            is_behind_proxy: options.proxy_protocol.is_some(),
            connections: crowd.present.load(Ordering::Relaxed),
            accepted: crowd.arrived.load(Ordering::Relaxed),
        }
    }
}
