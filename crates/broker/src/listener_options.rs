use vouchmq_identity::Cidr;
use vouchmq_tls::ServerOptions;

use crate::ListenAddress;

/// One place where clients connect, and what is spoken below MQTT there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerOptions {
    /// What it is called in logs, in errors and in the configuration, as `tcp`, `ssl.backup`, `wss`. No two have
    /// the same.
    pub name: Box<str>,
    /// Where it listens.
    pub address: ListenAddress,
    /// The PROXY protocol, which comes first of all.
    pub proxy_protocol: Option<ProxyProtocolOptions>,
    /// TLS.
    pub tls: Option<ServerOptions>,
    /// WebSocket (RFC 6455), below which TLS may lie.
    pub websocket: Option<WebSocketOptions>,
}

/// Who may say for whom it connects (PROXY protocol, version 1 or 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyProtocolOptions {
    /// The proxies. Each connection of theirs begins with a header; nobody else's may.
    pub trusted: Vec<Cidr>,
}

/// How a listener speaks WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketOptions {
    /// The path of the request, as `/mqtt`; every other is not found.
    pub path: Box<str>,
    /// The origins of pages whose scripts may connect, as `https://example.com`; `None`: any. Clients that are no
    /// browsers send none, and are let in.
    pub origins: Option<Vec<Box<str>>>,
}

impl ListenerOptions {
    /// Plain MQTT at an address.
    pub fn plain(name: &str, address: ListenAddress) -> Self {
        Self { name: name.into(), address, proxy_protocol: None, tls: None, websocket: None }
    }
}
