//! What lies below MQTT: TLS, WebSocket, the PROXY protocol, and listeners that change while everything runs.

mod layers;
mod live;
mod proxy;
mod stranger;
mod websocket;

use vouchmq_broker::{ListenerOptions, ProxyProtocolOptions, WebSocketOptions};
use vouchmq_tls::ServerOptions;

use crate::harness::*;

/// A listener on a free port.
fn listener(tls: Option<ServerOptions>, websocket: bool) -> ListenerOptions {
    let websocket = websocket.then(|| WebSocketOptions { path: "/mqtt".into(), origins: None });
    ListenerOptions { tls, websocket, ..ListenerOptions::plain("layered", tcp()) }
}

/// A listener behind proxies of this machine.
fn behind_proxies(listener: ListenerOptions, trusted: &str) -> ListenerOptions {
    let trusted = vec![trusted.parse().expect("a network")];
    ListenerOptions { proxy_protocol: Some(ProxyProtocolOptions { trusted }), ..listener }
}

fn serve(listener: ListenerOptions) -> Server {
    Server::with(|config, _| config.listeners = vec![listener])
}
