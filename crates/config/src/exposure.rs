//! What is open to whom.

use std::fmt;
use std::net::IpAddr;

use vouchmq_broker::{ListenAddress, ListenerOptions};
use vouchmq_identity::AuthenticatorName;
use vouchmq_tls::ServerOptions;

use crate::config::remote::{knows_everybody, shown};
use crate::config::{Authentication, Config, HttpListenerOptions, ManagementLogin};

/// A listener as seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// What it is called, as `tcp` or `http_server`.
    pub name: String,
    /// Where it is, as `mqtts://0.0.0.0:8883`.
    pub url: String,
    /// Who can reach it.
    pub reach: Reach,
    /// Whether what is said there is encrypted.
    pub is_encrypted: bool,
    /// Who is let in, in words.
    pub who: String,
    /// Whether anybody is let in.
    pub is_open: bool,
}

/// Who can reach an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Processes on this machine.
    Loopback,
    /// Machines of a private network (RFC 1918, RFC 4193, RFC 3927).
    Private,
    /// Everybody, as far as no firewall stands in between.
    Everybody,
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Loopback => "this machine",
            Self::Private => "a private network",
            Self::Everybody => "every network",
        })
    }
}

impl Config {
    /// What is open to whom, the MQTT listeners first.
    pub fn exposed(&self) -> Vec<Exposed> {
        let mut all: Vec<Exposed> = self.listeners.iter().map(|listener| self.mqtt(listener)).collect();
        if let Some(management) = &self.management {
            let (who, is_open) = (operators(&management.login), management.login.is_open.is_some());
            all.extend(http("http_server", &management.http, &who).map(|one| Exposed { is_open, ..one }));
        }
        if let Some(registration) = &self.registration {
            all.extend(http("registration", &registration.http, "devices, as their product says"));
        }
        if let Some(service) = &self.authentication_service {
            let who = if service.trust_loopback {
                "its callers and brokers, and this machine"
            } else {
                "its callers and brokers"
            };
            all.extend(http("auth_service", &service.http, who));
        }
        all
    }

    fn mqtt(&self, listener: &ListenerOptions) -> Exposed {
        let reach = match &listener.address {
            ListenAddress::Tcp(address) => reach(address.ip()),
            ListenAddress::Unix(_) => Reach::Loopback,
        };
        let scheme = match (&listener.websocket, &listener.tls) {
            (None, None) => "mqtt",
            (None, Some(_)) => "mqtts",
            (Some(_), None) => "ws",
            (Some(_), Some(_)) => "wss",
        };
        let path = listener.websocket.as_ref().map_or("", |websocket| &websocket.path);
        let mut who = self.who();
        if listener.tls.as_ref().is_some_and(wants_certificates) {
            who.push_str(", with a certificate");
        }
        let is_open = self.authentication.allow_anonymous == Some(true) && !self.is_decided();
        Exposed {
            name: listener.name.to_string(),
            url: format!("{scheme}://{}{path}", listener.address),
            reach,
            is_encrypted: listener.tls.is_some(),
            who,
            is_open,
        }
    }

    /// Whether a service is asked that decides about everybody.
    fn is_decided(&self) -> bool {
        let is_asked = self.authentication.order.contains(&AuthenticatorName::Http);
        is_asked && self.remote.as_ref().is_some_and(knows_everybody)
    }

    fn who(&self) -> String {
        let Authentication { allow_anonymous, order, users, password_file, mosquitto_password_file } =
            &self.authentication;
        let service = self.remote.as_ref().filter(|_| order.contains(&AuthenticatorName::Http));
        let mut who = Vec::new();
        if *allow_anonymous == Some(true) && !self.is_decided() {
            let whom = if service.is_some() { "ANYBODY of whom the service says nothing" } else { "ANYBODY" };
            who.push(whom.to_owned());
        }
        for name in order {
            let has_files = password_file.is_some() || mosquitto_password_file.is_some();
            match name {
                AuthenticatorName::Registry => who.push("devices of the registry".to_owned()),
                AuthenticatorName::File if users.is_some() || has_files => {
                    let more = if has_files { " and those of password files" } else { "" };
                    who.push(format!("{} users of the file{more}", users.as_ref().map_or(0, Vec::len)));
                }
                AuthenticatorName::Http => {
                    let url = service.and_then(shown);
                    who.extend(url.map(|url| format!("whom the authentication service at {url} lets in")));
                }
                AuthenticatorName::File => {}
            }
        }
        if who.is_empty() { "nobody".to_owned() } else { who.join(", ") }
    }
}

/// By what operators show who they are.
fn operators(login: &ManagementLogin) -> String {
    let ways = [
        (true, "a token"),
        (!login.users.is_empty(), "a password"),
        (login.tokens.is_some(), "a signed token"),
        (!login.certificates.is_empty(), "a certificate of theirs"),
    ];
    let ways: Vec<&str> = ways.into_iter().filter_map(|(is_there, way)| is_there.then_some(way)).collect();
    let anybody = if login.is_open.is_some() { "ANYBODY on this machine, " } else { "" };
    format!("{anybody}operators with {}", ways.join(" or "))
}

fn http(name: &str, http: &HttpListenerOptions, who: &str) -> impl Iterator<Item = Exposed> {
    http.addresses.iter().map(move |address| {
        let tls = http.tls.as_ref().filter(|_| matches!(address, ListenAddress::Tcp(_)));
        let with = if tls.is_some_and(wants_certificates) { ", with a certificate" } else { "" };
        Exposed {
            name: name.to_owned(),
            url: http.url(address),
            reach: match address {
                ListenAddress::Tcp(address) => reach(address.ip()),
                ListenAddress::Unix(_) => Reach::Loopback,
            },
            is_encrypted: tls.is_some(),
            who: format!("{who}{with}"),
            is_open: false,
        }
    })
}

fn wants_certificates(tls: &ServerOptions) -> bool {
    tls.clients.as_ref().is_some_and(|clients| clients.is_required)
}

fn reach(ip: IpAddr) -> Reach {
    match ip.to_canonical() {
        ip if ip.is_loopback() => Reach::Loopback,
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => Reach::Private,
        IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Private,
        IpAddr::V4(_) | IpAddr::V6(_) => Reach::Everybody,
    }
}
