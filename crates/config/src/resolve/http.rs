//! The HTTP listeners.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use vouchmq_broker::ListenAddress;
use vouchmq_tls::Fingerprint;

use super::{Resolver, Section};
use crate::address;
use crate::config::{
    AuthenticationServiceOptions, BrokerOptions, CallerOptions, EmqxFailure, EmqxUnknown, Hidden, HttpBounds,
    HttpListenerOptions, HttpRules, ManagementOptions, RegistrationOptions,
};
use crate::tree::Node;

const MANAGEMENT_PORT: u16 = 8081;
const REGISTRATION_PORT: u16 = 8082;
/// Of an authentication service.
const KEY_BYTES_MIN: usize = 32;
const HEADER_CHARS_MIN: usize = 16;

impl<'a> Resolver<'a> {
    pub(super) fn management(&mut self) -> Option<ManagementOptions> {
        let default = ManagementOptions::at(SocketAddr::from((Ipv4Addr::LOCALHOST, MANAGEMENT_PORT)));
        let Some(section) = self.section("http_server") else { return Some(default) };
        let is_on = section.is_on();
        if let Some(enable) = section.get("enable").filter(|_| !is_on) {
            let text = "http_server.enable: the listener is off; NanoMQ opens it all the same";
            self.warn(enable.place, text, "take http_server out of the file of NanoMQ, and it is off there");
        }
        let tls = self.section("http_server.tls").and_then(|tls| self.tls(&tls, is_on));
        if !is_on {
            return None;
        }
        let insecure_ok = section.switch("insecure_ok") == Some(true);
        let is_exempt = tls.is_some() || insecure_ok;
        let addresses = match section.get("bind") {
            Some(bind) => self.management_binds(&section, bind, is_exempt),
            None => {
                let port = self.number("http_server.port").and_then(|port| u16::try_from(port).ok());
                let ip = self.management_ip(&section, is_exempt);
                vec![ListenAddress::Tcp(SocketAddr::new(ip, port.unwrap_or(MANAGEMENT_PORT)))]
            }
        };
        if insecure_ok && tls.is_none() && addresses.iter().any(|address| !is_local(address)) {
            let text =
                "http_server.insecure_ok: whoever is on the way reads tokens and passwords of operators";
            self.warn(section.node.place, text, "configure http_server.tls");
        }
        let rules = self.management_rules(&section);
        let http = HttpListenerOptions { addresses, tls, insecure_ok, rules };
        Some(ManagementOptions { http, login: self.login(&section) })
    }

    /// The addresses of `bind`.
    fn management_binds(
        &mut self,
        section: &Section<'a>,
        bind: &'a Node,
        is_exempt: bool,
    ) -> Vec<ListenAddress> {
        for key in ["port", "ip_addr"] {
            if let Some(node) = section.get(key) {
                let text = format!("{}: bind says where operators connect", section.key(key));
                self.warn(node.place, text, "take one of them out");
            }
        }
        let mut addresses = Vec::new();
        for node in bind.list().unwrap_or_default() {
            let Some(Ok(bind)) = node.text().map(address::bind) else { continue };
            let text = match &bind.address {
                _ if bind.path.is_some() => format!("{} has a path", bind.address),
                address if addresses.contains(address) => format!("{address} is there twice"),
                address if !is_exempt && !is_local(address) => {
                    format!("{address} is not loopback, and there is no TLS")
                }
                ListenAddress::Tcp(_) | ListenAddress::Unix(_) => {
                    addresses.push(bind.address);
                    continue;
                }
            };
            let hint = "configure http_server.tls, or write 127.0.0.1 and put a proxy with TLS in front; \
                        insecure_ok = true opens plain HTTP to networks";
            self.error(node.place, format!("http_server.bind: {text}"), hint);
        }
        if addresses.is_empty() && !self.notes.has_errors() {
            self.error(
                bind.place,
                "http_server.bind: there is no address",
                "write http_server.enable = false",
            );
        }
        addresses
    }

    fn management_rules(&mut self, section: &Section<'a>) -> HttpRules {
        let number = |key: &str| self.number(&section.key(key));
        let size = |key: &str| number(key).and_then(|amount| usize::try_from(amount).ok());
        let time = |key: &str, default| number(key).map_or(default, Duration::from_millis);
        let default = HttpBounds::default();
        let bounds = HttpBounds {
            requests_max: size("limit_conn").unwrap_or(default.requests_max),
            connections_max: size("max_connections").unwrap_or(default.connections_max),
            connections_per_address_max: size("limit_conn_per_address")
                .unwrap_or(default.connections_per_address_max),
            body_bytes_max: size("max_body"),
            head_timeout: time("head_timeout", default.head_timeout),
            body_timeout: time("body_timeout", default.body_timeout),
            request_timeout: time("request_timeout", default.request_timeout),
            idle_timeout: time("idle_timeout", default.idle_timeout),
        };
        let rules = HttpRules {
            bounds: Some(bounds),
            allow: networks(section, "allow"),
            trusted_proxies: networks(section, "trusted_proxies"),
            has_proxy_protocol: section.switch("proxy_protocol") == Some(true),
            host_names: section.texts("host_names").map(Into::into).collect(),
        };
        if rules.has_proxy_protocol && rules.trusted_proxies.is_empty() {
            let place = section.get("proxy_protocol").map_or(section.node.place, |node| node.place);
            let text = "http_server.proxy_protocol: nobody could connect, as there are no trusted_proxies";
            self.error(place, text, "name the proxies in http_server.trusted_proxies");
        }
        rules
    }

    /// A management API without TLS is not for a network, whatever the file says.
    fn management_ip(&mut self, section: &Section<'a>, is_exempt: bool) -> IpAddr {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let hint = "configure http_server.tls for other machines, or put a proxy with TLS in front";
        let Some(node) = section.get("ip_addr") else {
            let text =
                "http_server has no ip_addr: operators connect to 127.0.0.1 only, where NanoMQ takes 0.0.0.0";
            self.warn(section.node.place, text, hint);
            return loopback;
        };
        let ip = node.text().and_then(|text| text.parse::<IpAddr>().ok()).unwrap_or(loopback);
        if is_exempt || ip.to_canonical().is_loopback() {
            return ip;
        }
        let text =
            format!("http_server.ip_addr: without TLS operators connect to 127.0.0.1 only, not to {ip}");
        self.warn(node.place, text, hint);
        loopback
    }

    pub(super) fn registration(&mut self) -> Option<RegistrationOptions> {
        let default = SocketAddr::from((Ipv4Addr::LOCALHOST, REGISTRATION_PORT));
        let http = self.http("registration", Some(default))?;
        Some(RegistrationOptions { http })
    }

    /// The service, and whether it has an address in the file.
    pub(super) fn authentication_service(&mut self) -> Option<(AuthenticationServiceOptions, bool)> {
        let http = self.http("auth_service", None);
        let section = self.section("auth_service")?;
        let (http, is_bound) = match http {
            Some(http) => (http, true),
            // A flag may give it one.
            None => (HttpListenerOptions::at((Ipv4Addr::LOCALHOST, 0).into()), false),
        };
        let callers = self.callers(&section);
        let brokers = self.brokers(&section);
        let mut options =
            AuthenticationServiceOptions { callers, brokers, ..AuthenticationServiceOptions::at(http) };
        options.trust_loopback = section.switch("trust_loopback").unwrap_or(options.trust_loopback);
        if section.text("emqx_unknown") == Some("deny") {
            options.emqx_unknown = EmqxUnknown::Deny;
        }
        if section.text("emqx_failure") == Some("status") {
            options.emqx_failure = EmqxFailure::Status;
        }
        let number = |key: &str| self.number(&section.key(key));
        let size = |key: &str, default| {
            number(key).and_then(|amount| usize::try_from(amount).ok()).unwrap_or(default)
        };
        options.passwords_at_once_max = size("max_passwords_at_once", options.passwords_at_once_max);
        options.passwords_waiting_max = size("max_passwords_waiting", options.passwords_waiting_max);
        options.nonces_max = size("max_nonces", options.nonces_max);
        let rate = number("max_rate").and_then(|rate| u32::try_from(rate).ok());
        options.verifications_per_second = rate.unwrap_or(options.verifications_per_second);
        options.patience = number("password_timeout").map_or(options.patience, Duration::from_millis);
        if !options.trust_loopback && options.callers.is_empty() && options.brokers.is_empty() {
            let text = "auth_service: nobody may ask: there are no callers and no brokers";
            self.warn(section.node.place, text, "name callers or brokers, or write trust_loopback = true");
        }
        Some((options, is_bound))
    }

    /// An address; others than loopback want TLS.
    fn http(&mut self, path: &str, default: Option<SocketAddr>) -> Option<HttpListenerOptions> {
        let Some(section) = self.section(path) else { return default.map(HttpListenerOptions::at) };
        let bind = section.get("bind");
        let address = bind.and_then(|node| address::http(node.text()?).ok()).unwrap_or(default);
        let tls = self.section(&section.key("tls")).and_then(|tls| self.tls(&tls, address.is_some()));
        let address = address?;
        if tls.is_none() && !address.ip().to_canonical().is_loopback() {
            let place = bind.map_or(section.node.place, |node| node.place);
            let text = format!("{}: {address} is not loopback, and there is no TLS", section.key("bind"));
            let hint = format!(
                "configure {}, or write 127.0.0.1:{} and put a proxy with TLS in front",
                section.key("tls"),
                address.port()
            );
            self.error(place, text, &hint);
        }
        Some(HttpListenerOptions { tls, ..HttpListenerOptions::at(address) })
    }

    fn callers(&mut self, section: &Section<'a>) -> Vec<CallerOptions> {
        let mut callers: Vec<CallerOptions> = Vec::new();
        for node in section.list("callers").unwrap_or_default() {
            let caller = Section { path: section.key("callers[]"), node };
            let (key, certificate) = (caller.text("key"), self.fingerprint(&caller));
            let Some(name) = caller.text("name").filter(|_| key.is_some() || certificate.is_some()) else {
                let text = format!("{} has no name, or neither key nor certificate", caller.path);
                self.error(node.place, text, "write name, and key or certificate");
                continue;
            };
            if key.is_some_and(|key| key.len() < KEY_BYTES_MIN) {
                let place = caller.get("key").map_or(node.place, |node| node.place);
                let text = format!("{} is too short", caller.key("key"));
                self.error(place, text, "take at least 32 random bytes");
            }
            if callers.iter().any(|other| &*other.name == name) {
                self.error(
                    node.place,
                    format!("{}: two have the same name", caller.path),
                    "a keyid is one caller's",
                );
            }
            callers.push(CallerOptions {
                name: name.into(),
                key: key.map(Hidden::from),
                certificate,
                networks: networks(&caller, "networks"),
            });
        }
        callers
    }

    /// The fingerprint of a certificate.
    fn fingerprint(&mut self, section: &Section<'a>) -> Option<Fingerprint> {
        let node = section.get("certificate")?;
        let parsed = node.text()?.parse::<Fingerprint>();
        if let Err(fault) = &parsed {
            let text = format!("{}: {fault}", section.key("certificate"));
            self.error(node.place, text, "write it as sha256:… and 64 digits");
        }
        parsed.ok()
    }

    fn brokers(&mut self, section: &Section<'a>) -> Vec<BrokerOptions> {
        let mut brokers = Vec::new();
        for node in section.list("brokers").unwrap_or_default() {
            let broker = Section { path: section.key("brokers[]"), node };
            let networks = networks(&broker, "networks");
            let header = match (broker.text("header.name"), broker.text("header.value")) {
                (Some(name), Some(value)) => Some((name, value)),
                (None, None) => None,
                _ => {
                    self.error(
                        node.place,
                        format!("{}: header has a name and a value", broker.path),
                        "write both",
                    );
                    None
                }
            };
            if header.is_some_and(|(_, value)| value.chars().count() < HEADER_CHARS_MIN) {
                let place = broker.get("header.value").map_or(node.place, |node| node.place);
                self.error(
                    place,
                    format!("{} is too short", broker.key("header.value")),
                    "take at least 16 characters",
                );
            }
            let certificate = self.fingerprint(&broker);
            if header.is_none() && certificate.is_none() && networks.is_empty() {
                let text = format!("{}: anybody could be this broker", broker.path);
                self.error(node.place, text, "give it a header, a certificate, or networks");
            }
            let Some(name) = broker.text("name") else {
                self.error(node.place, format!("{} has no name", broker.path), "give it one, for the log");
                continue;
            };
            let header = header.map(|(name, value)| (name.into(), Hidden::from(value)));
            brokers.push(BrokerOptions { name: name.into(), header, certificate, networks });
        }
        brokers
    }
}

/// Whether only processes of this machine connect there.
fn is_local(address: &ListenAddress) -> bool {
    match address {
        ListenAddress::Tcp(address) => address.ip().to_canonical().is_loopback(),
        ListenAddress::Unix(_) => true,
    }
}

fn networks(section: &Section<'_>, key: &str) -> Vec<vouchmq_identity::Cidr> {
    section.texts(key).filter_map(|text| address::network(text).ok()).collect()
}
