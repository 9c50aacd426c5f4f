//! Brokers that ask an authentication service over HTTP, and what becomes of clients whatever the service does.

use std::time::Duration;

use vouchmq_broker::SystemClock;
use vouchmq_identity::Clock;

use crate::configured::Configured;
use crate::identity::fleet::eventually;
use crate::identity::wire::{Login, Version, Wire};
use crate::stub::Stub;

mod faults;
mod fixtures;
mod injection;
mod killed;
mod reload;
mod remembered;
mod rights;
pub(crate) mod service;
mod traps;
mod trial;
mod verdicts;

/// How answers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// NanoMQ: by their status.
    Status,
    /// By `auth_resp`.
    JsonResult,
    /// EMQX.
    Json,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Status, Self::JsonResult, Self::Json];

    /// The keys of `auth.http_auth` that say so.
    const fn keys(self) -> &'static str {
        match self {
            Self::Status => "",
            Self::JsonResult => "auth_resp.result = allow\n",
            Self::Json => "mode = json\n",
        }
    }

    /// A stub that answers so.
    fn stub(self, flags: &[&str]) -> Stub {
        Stub::start(&[&["--protocol", self.protocol()], flags].concat())
    }

    const fn protocol(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::JsonResult | Self::Json => "json",
        }
    }
}

/// A file whose broker asks a service and nobody else, with these keys of `auth.http_auth`.
fn asking(keys: &str) -> String {
    format!("listeners.tcp.bind = \"127.0.0.1:0\"\nauth {{ order = [http]\nhttp_auth {{\n{keys}\n}} }}\n")
}

/// One kind of request as JSON, with all that services want to know at CONNECT.
fn request(kind: &str, url: &str) -> String {
    let params = "clientid = \"%c\", username = \"%u\", password = \"%P\"";
    format!(
        "{kind} {{ url = \"{url}\", headers.content-type = application/json, params = {{ {params} }} }}\n"
    )
}

/// A request that asks a stub who somebody is.
fn login_at(stub: &Stub) -> String {
    request("auth_req", &format!("http://{}/mqtt/login", stub.address))
}

/// Connects; the code of CONNACK, in terms of MQTT 5 only where that is what is spoken.
fn told(broker: &Configured, login: &Login) -> u8 {
    Wire::connect(&broker.address(), login).map_or_else(|code| code, |_| 0)
}

/// A client that has to be let in, at last.
fn comes_in(broker: &Configured, login: &Login) -> Wire {
    let mut wire = None;
    eventually("it is let in", || {
        wire = Wire::connect(&broker.address(), login).ok();
        wire.is_some()
    });
    wire.unwrap_or_else(|| unreachable!("it was let in"))
}

/// Time, since 1970.
fn now() -> Duration {
    Duration::from_millis(SystemClock.now().millis())
}

/// Two clients that exchange messages.
struct Couple {
    publisher: Wire,
    subscriber: Wire,
}

impl Couple {
    fn meet(broker: &Configured, password: &str) -> Self {
        let publisher = comes_in(broker, &Login::of(Version::V311, "publisher", password));
        let mut subscriber = comes_in(broker, &Login::of(Version::V5, "subscriber", password));
        assert_eq!(subscriber.subscribe("between/us"), 0);
        Self { publisher, subscriber }
    }

    /// A message goes from one to the other.
    fn exchange(&mut self, message: &str) {
        assert_eq!(self.publisher.publish("between/us", message.as_bytes()), 0);
        assert_eq!(self.subscriber.message().1, message.as_bytes());
    }
}
