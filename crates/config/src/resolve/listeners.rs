//! `listeners`: where MQTT clients connect.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use vouchmq_broker::{ListenAddress, ListenerOptions, ProxyProtocolOptions, WebSocketOptions};

use super::{Resolver, Section};
use crate::address;
use crate::hocon::Place;
use crate::schema::Shape;
use crate::value;

/// What is spoken at a listener.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spoken {
    Tcp,
    Ssl,
    Ws,
    Wss,
}

impl Spoken {
    const ALL: [Self; 4] = [Self::Tcp, Self::Ssl, Self::Ws, Self::Wss];

    const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Ssl => "ssl",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Tcp => 1883,
            Self::Ssl => 8883,
            Self::Ws => 8083,
            Self::Wss => 8086,
        }
    }

    const fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::Wss)
    }

    const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

/// As NanoMQ has it.
const WEBSOCKET_PATH: &str = "/mqtt";

impl<'a> Resolver<'a> {
    pub(super) fn listeners(&mut self) -> Vec<ListenerOptions> {
        let loopback = |port| ListenAddress::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let Some(all) = self.root.get("listeners") else {
            if self.has_file {
                let text =
                    "no listeners are configured: clients connect to 127.0.0.1:1883, from this machine only";
                self.warn(
                    Place::default(),
                    text,
                    "NanoMQ listens on 0.0.0.0:1883: write listeners.tcp.bind for that",
                );
            }
            return vec![ListenerOptions::plain("tcp", loopback(1883))];
        };
        if all.get("ssl").is_some() && all.get("wss").is_none() {
            let text =
                "listeners.ssl: WebSocket over TLS is not opened with it, as NanoMQ does at 0.0.0.0:8086";
            self.warn(all.place, text, "write listeners.wss.bind if clients need it");
        }
        let mut listeners: Vec<ListenerOptions> = Vec::new();
        let mut taken: BTreeMap<String, Box<str>> = BTreeMap::new();
        for spoken in Spoken::ALL {
            for (name, section, is_named) in self.sections(spoken) {
                let Some((options, place)) = self.listener(spoken, &name, &section, is_named) else {
                    continue;
                };
                let address = options.address.to_string();
                if let Some(other) = taken.get(&address) {
                    let text =
                        format!("{}.bind: {} is taken by listeners.{}", section.path, options.address, other);
                    self.error(place, text, "give each listener an address of its own");
                }
                if !is_any_port(&options.address) {
                    taken.entry(address).or_insert_with(|| options.name.clone());
                }
                listeners.push(options);
            }
        }
        listeners
    }

    /// The listener without a name, if anything is said about it, and those that have one.
    fn sections(&self, spoken: Spoken) -> Vec<(String, Section<'a>, bool)> {
        let word = spoken.word();
        let Some(section) = self.section(&format!("listeners.{word}")) else { return Vec::new() };
        let shape = Shape::whole().named("listeners").and_then(|shape| shape.named(word));
        let is_key = |key: &str| shape.is_some_and(|shape| shape.named(key).is_some());
        let entries = section.node.map().unwrap_or_default();
        let named: Vec<_> =
            entries.iter().filter(|entry| !is_key(&entry.key) && entry.node.map().is_some()).collect();
        // What stands beside names and has no address is for WebSocket, or a leftover.
        let is_there = section.get("bind").is_some() || (named.is_empty() && !entries.is_empty());
        let mut sections = Vec::new();
        if is_there {
            sections.push((word.to_owned(), section.clone(), false));
        }
        sections.extend(named.into_iter().map(|entry| {
            let path = section.key(&entry.key);
            (format!("{word}.{}", entry.key), Section { path, node: &entry.node }, true)
        }));
        sections
    }

    fn listener(
        &mut self,
        spoken: Spoken,
        name: &str,
        section: &Section<'a>,
        is_named: bool,
    ) -> Option<(ListenerOptions, Place)> {
        let place = section.get("bind").map_or(section.node.place, |node| node.place);
        let is_on = section.is_on();
        if let Some(enable) = section.get("enable").filter(|_| !is_on && (is_named || spoken != Spoken::Ssl))
        {
            let text =
                format!("{}: the listener is off; NanoMQ opens it all the same", section.key("enable"));
            self.warn(enable.place, text, "take it out of the file, and it is off in both");
        }
        let tls = if spoken.has_tls() { self.tls_of(spoken, section, is_on) } else { None };
        if !is_on {
            return None;
        }
        if section.get("bind").is_none() {
            let text = format!(
                "{} has no address: clients connect to 127.0.0.1:{} only",
                section.path,
                spoken.port()
            );
            self.warn(place, text, "write bind = \"0.0.0.0:PORT\" for all networks");
        }
        let bind = value::bind(section.get("bind")).map(|(bind, _)| bind);
        let port = spoken.port();
        let (address, path) = match bind {
            Some(bind) => (bind.address, bind.path),
            None => (ListenAddress::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port))), None),
        };
        if path.is_some() && !spoken.is_websocket() {
            self.error(
                place,
                format!("{}: only WebSocket has a path", section.key("bind")),
                "take the path out",
            );
        }
        let asks = tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        if asks && spoken.is_websocket() && section.get("origins").is_none() {
            let text = format!(
                "{}: a page of any origin connects with the certificate of the browser that shows it",
                section.path
            );
            self.warn(place, text, "write origins = [\"https://…\"], the pages that may");
        }
        let websocket = spoken.is_websocket().then(|| WebSocketOptions {
            path: path.unwrap_or_else(|| WEBSOCKET_PATH.into()),
            origins: section.list("origins").map(|_| section.texts("origins").map(Into::into).collect()),
        });
        let trusted: Vec<_> =
            section.texts("proxy_protocol.trusted").filter_map(|text| address::network(text).ok()).collect();
        let proxy_protocol = section.get("proxy_protocol.trusted").map(|_| ProxyProtocolOptions { trusted });
        let options = ListenerOptions { name: name.into(), address, proxy_protocol, tls, websocket };
        Some((options, place))
    }

    /// WebSocket over TLS shows the certificate of `listeners.ssl`, unless it has one of its own.
    fn tls_of(
        &mut self,
        spoken: Spoken,
        section: &Section<'a>,
        is_on: bool,
    ) -> Option<vouchmq_tls::ServerOptions> {
        let has_own = ["certfile", "keyfile", "certificates"].iter().any(|key| section.get(key).is_some());
        if spoken == Spoken::Wss
            && !has_own
            && let Some(shared) = self.section("listeners.ssl")
        {
            return self.tls(&shared, is_on);
        }
        self.tls(section, is_on)
    }
}

/// Two listeners may both ask for a port that is free.
fn is_any_port(address: &ListenAddress) -> bool {
    match address {
        ListenAddress::Tcp(address) => address.port() == 0,
        ListenAddress::Unix(_) => false,
    }
}
