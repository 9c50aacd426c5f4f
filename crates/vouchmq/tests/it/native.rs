//! Our own authentication service on another machine (`auth.http_auth`, `mode = native`): two processes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::identity::fleet::{Device, Fleet, House, TOKEN, eventually};
use crate::identity::http::Http;
use crate::identity::wire::{Ending, Login, Version, Wire};
use crate::process::{Running, vouchmq};

mod changes;
mod cut;
mod death;
mod relay;
mod revoked;
mod signed;
mod storm;
mod verdicts;

use relay::Relay;

/// A broker that asks.
struct Asker {
    _process: Running,
    /// Where MQTT is: `127.0.0.1:PORT`.
    mqtt: String,
    operator: Http,
    _folder: TempDir,
}

/// A service with devices, a broker that asks it, and what is between them.
struct World {
    house: House,
    service: Fleet,
    product: String,
    relay: Relay,
    broker: Asker,
}

/// Answers are remembered for much longer than a test takes.
const CACHED: &str = "cache_ttl = 300s";

// === impl Asker ===

impl Asker {
    /// Asks these services (`127.0.0.1:PORT`); with more in `native` and in `auth.http_auth`.
    #[track_caller]
    fn start(services: &[&str], native: &str, more: &str) -> Self {
        let servers: Vec<_> = services.iter().map(|address| format!("\"http://{address}\"")).collect();
        let servers = servers.join(", ");
        let text = format!(
            "listeners.tcp.bind = \"127.0.0.1:0\"\n\
             auth.http_auth {{ mode = native\n native {{ servers = [{servers}]\n {native} }}\n {more} }}\n"
        );
        let folder = TempDir::new().unwrap();
        let (file, data) = (folder.path().join("broker.conf"), folder.path().join("data"));
        fs::write(&file, text).unwrap();
        let mut command = vouchmq(&["serve", "--config", file.to_str().unwrap(), "--shards", "2"]);
        command.args(["--data", data.to_str().unwrap(), "--api-listen", "127.0.0.1:0"]);
        let mut process = Running::spawn(command.env("VOUCHMQ_ADMIN_TOKEN", TOKEN), b"");
        let api = process.wait_for(" for management").to_owned();
        let mqtt = process.stderr.iter().find_map(|line| address(line, "mqtt://")).unwrap();
        let operator = Http::new(&format!("http://{}", address(&api, "http://").unwrap()), Some(TOKEN));
        Self { _process: process, mqtt, operator, _folder: folder }
    }

    /// Connects as a device; the code of CONNACK if it is refused.
    #[track_caller]
    fn connect(&self, device: &Device) -> Result<Wire, u8> {
        self.connect_with(device, &device.secret)
    }

    /// Connects as a device with a password.
    #[track_caller]
    fn connect_with(&self, device: &Device, password: &str) -> Result<Wire, u8> {
        Wire::connect(&self.mqtt, &Login::of(Version::V5, &device.id, password))
    }

    /// How asking goes.
    fn figures(&self) -> Value {
        self.operator.get("/v1/authentication")
    }

    /// Waits until the change stream is in this state.
    #[track_caller]
    fn wait_until(&self, health: &str) {
        eventually(health, || self.figures()["changes"]["health"] == health);
    }
}

// === impl World ===

impl World {
    /// A broker with more in `native` and in `auth.http_auth`; it hears of changes.
    #[track_caller]
    fn with(native: &str, more: &str) -> Self {
        let house = House::new();
        let service = house.start(&[]);
        let product = service.product("sensor");
        let relay = Relay::to(&service.authentication);
        let broker = Asker::start(&[&relay.address], native, more);
        broker.wait_until("healthy");
        Self { house, service, product, relay, broker }
    }

    /// One that remembers what is allowed.
    #[track_caller]
    fn cached() -> Self {
        Self::with("", CACHED)
    }

    #[track_caller]
    fn enter(&self, id: &str) -> Device {
        self.service.enter(&self.product, id)
    }

    /// A device that is connected, and whose verdict is remembered.
    #[track_caller]
    fn connected(&self, id: &str) -> (Device, Wire) {
        let device = self.enter(id);
        let wire = self.broker.connect(&device).unwrap();
        (device, wire)
    }

    /// Waits until the broker has done all that the changes until now ask for.
    #[track_caller]
    fn settle(&self, name: &str) {
        // Changes are worked off in their order.
        let (device, mut wire) = self.connected(name);
        self.service.operator.post(&format!("/v1/devices/{}:suspend", device.id), &json!({}));
        assert_eq!(wire.ending(), Ending::Told(0x87));
    }
}

fn address(line: &str, scheme: &str) -> Option<String> {
    let (_, rest) = line.split_once("listening on ")?.1.split_once(scheme)?;
    Some(rest.split([' ', '/']).next()?.to_owned())
}
