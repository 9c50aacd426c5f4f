//! A server with devices: its data, the process, and what operators and devices do over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::Http;
use super::wire::{Login, Version, Wire};
use crate::process::{DEADLINE, Ran, Running, vouchmq};

/// Where a server lives: what stays when the process ends.
#[derive(Debug)]
pub(crate) struct House {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Fleet {
    process: Running,
    /// Where MQTT is: `127.0.0.1:PORT`.
    pub(crate) mqtt: String,
    pub(crate) operator: Http,
    pub(crate) registration: Http,
    /// `127.0.0.1:PORT` of the registration listener.
    pub(crate) registering: String,
    /// `http://127.0.0.1:PORT` of the management listener.
    pub(crate) management: String,
    /// `127.0.0.1:PORT` of the authentication service.
    pub(crate) authentication: String,
}

/// A device as its owner knows it.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) credential: String,
}

/// Between two questions whether something has come to pass.
const PAUSE: Duration = Duration::from_millis(10);
/// The administrator's token of every test.
pub(crate) const TOKEN: &str = "the-administrator-of-tests-0123456789";

// === impl House ===

impl House {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), variables: vec![("VOUCHMQ_ADMIN_TOKEN", TOKEN.to_owned())] }
    }

    /// The server makes the administrator's token.
    pub(crate) fn without_token() -> Self {
        Self { variables: Vec::new(), ..Self::new() }
    }

    /// With a further environment variable.
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.variables.push((name, value));
        self
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A place for other files.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a server with further flags, and waits until it listens everywhere.
    #[track_caller]
    pub(crate) fn start(&self, flags: &[&str]) -> Fleet {
        let mut process = self.spawn(flags);
        let mqtt = address(process.wait_for("listening on mqtt://"), "mqtt://");
        let registration = format!("http://{}", address(process.wait_for("for registration"), "http://"));
        let management = format!("http://{}", address(process.wait_for("for management"), "http://"));
        let authentication = address(process.wait_for("for authentication"), "http://");
        let operator = Http::new(&management, Some(TOKEN));
        let registering = registration.trim_start_matches("http://").to_owned();
        let registration = Http::new(&registration, None);
        Fleet { process, mqtt, operator, registration, registering, management, authentication }
    }

    /// Starts a server that ends by itself.
    #[track_caller]
    pub(crate) fn fail(&self, flags: &[&str]) -> Ran {
        self.spawn(flags).finish()
    }

    fn spawn(&self, flags: &[&str]) -> Running {
        let any = "127.0.0.1:0";
        let data = self.data();
        let mut arguments = vec!["serve", "--shards", "2", "--data", data.to_str().unwrap(), "--listen", any];
        arguments.extend(["--api-listen", any, "--register-listen", any, "--auth-listen", any]);
        arguments.extend(flags);
        let mut command = vouchmq(&arguments);
        Running::spawn(self.equip(&mut command), b"")
    }

    /// Gives a command the environment of this house.
    pub(crate) fn equip<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)))
    }
}

// === impl Fleet ===

impl Fleet {
    /// Has it end as an operator would.
    #[track_caller]
    pub(crate) fn stop(self) -> Ran {
        self.process.signal(Signal::SIGTERM);
        self.process.finish().code(0)
    }

    /// Ends it in an instant.
    pub(crate) fn kill(mut self) {
        self.process.kill();
    }

    /// Runs a command of the registry as the administrator, with this on standard input.
    pub(crate) fn command(&self, arguments: &[&str], input: &str) -> Ran {
        self.command_as(TOKEN, arguments, input)
    }

    /// Runs a command of the registry with this token.
    pub(crate) fn command_as(&self, token: &str, arguments: &[&str], input: &str) -> Ran {
        let mut command = vouchmq(arguments);
        command.env("VOUCHMQ_API", &self.management).env("VOUCHMQ_ADMIN_TOKEN", token);
        Running::spawn(&mut command, input.as_bytes()).finish()
    }

    /// Where else MQTT is: the address behind `mqtt://` that begins so.
    #[track_caller]
    pub(crate) fn mqtt_at(&self, beginning: &str) -> String {
        let of_line = |line: &String| line.contains("listening on mqtt://").then(|| address(line, "mqtt://"));
        let mut addresses = self.process.stderr.iter().filter_map(of_line);
        addresses.find(|address| address.starts_with(beginning)).unwrap()
    }

    /// A further client of the management listener.
    pub(crate) fn operator(&self) -> Http {
        Http::new(&self.management, Some(TOKEN))
    }

    /// A product that takes in devices: its id.
    #[track_caller]
    pub(crate) fn product(&self, key: &str) -> String {
        let new = json!({"key": key, "name": key, "reg_strategy": "auto"});
        text(&self.operator.post("/v1/products", &new), "id")
    }

    /// The text of a claim token that lets so many devices in.
    #[track_caller]
    pub(crate) fn claim(&self, product: &str, max_uses: u32) -> String {
        let new = json!({"product_id": product, "max_uses": max_uses});
        text(&self.operator.post("/v1/claim-tokens", &new), "token")
    }

    /// A device that registers itself, for the product `sensor`.
    #[track_caller]
    pub(crate) fn register(&self, hw_id: &str, claim: &str) -> Device {
        let answer = self.registration.post("/v1/register", &registration(hw_id, claim));
        Device {
            id: text(&answer, "device_id"),
            secret: text(&answer, "secret"),
            credential: text(&answer, "credential_id"),
        }
    }

    /// A device that an operator enters, with a secret.
    #[track_caller]
    pub(crate) fn enter(&self, product: &str, id: &str) -> Device {
        Device::enter(&self.operator, product, id)
    }

    /// Connects as a device with a password; the code of CONNACK as MQTT 5 has it if it is refused.
    #[track_caller]
    pub(crate) fn connect_with(&self, device: &Device, password: &str) -> Result<Wire, u8> {
        Wire::connect(&self.mqtt, &Login::of(Version::V5, &device.id, password))
    }

    /// Connects as a device.
    #[track_caller]
    pub(crate) fn connect(&self, device: &Device) -> Result<Wire, u8> {
        self.connect_with(device, &device.secret)
    }

    /// Revokes a credential, and waits until nobody is connected with it.
    #[track_caller]
    pub(crate) fn revoke(&self, credential: &str) -> Value {
        self.operator.act(&format!("/v1/credentials/{credential}:revoke"))
    }
}

// === impl Device ===

impl Device {
    /// A device that this operator enters, with a secret.
    #[track_caller]
    pub(crate) fn enter(operator: &Http, product: &str, id: &str) -> Self {
        let new = json!({"product_id": product, "id": id, "issue_secret": true});
        let answer = operator.post("/v1/devices", &new);
        Self {
            id: id.to_owned(),
            secret: text(&answer, "secret"),
            credential: text(&answer, "credential_id"),
        }
    }
}

/// The body of a registration of the product `sensor`.
pub(crate) fn registration(hw_id: &str, claim: &str) -> Value {
    json!({"product": "sensor", "hw_id": hw_id, "claim": claim})
}

/// Asks until it is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let attempts = DEADLINE.as_millis() / PAUSE.as_millis();
    let became_so = (0..attempts).any(|_| {
        is_so() || {
            std::thread::park_timeout(PAUSE);
            false
        }
    });
    assert!(became_so, "it did not come to pass: {what}");
}

/// A field that is a text.
#[track_caller]
pub(crate) fn text(answer: &Value, field: &str) -> String {
    answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer}")).to_owned()
}

fn address(line: &str, scheme: &str) -> String {
    line.split(scheme).nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}
