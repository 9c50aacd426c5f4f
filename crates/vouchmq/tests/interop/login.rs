//! Foreign clients prove who they are, by each kind of credential, to a server with its registry.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::process::Command;

use serde_json::json;

use crate::fleet::{Fleet, House, text};
use crate::process::{Ran, Running};
use crate::script::{node, python};
use crate::tool::tool;

mod password;
mod scram;
mod secret;

/// What bad credentials and unknown names are told, and who is known and may not.
const BAD_CREDENTIAL: u8 = 0x86;
const NOT_ALLOWED: u8 = 0x87;

/// A foreign client.
#[derive(Clone, Copy, Debug)]
enum Client {
    Mosquitto,
    Mqttjs,
    Paho,
}

const CLIENTS: [Client; 3] = [Client::Mosquitto, Client::Mqttjs, Client::Paho];
const VERSIONS: [&str; 3] = ["31", "311", "5"];

/// Whom a client says it is.
#[derive(Clone, Copy, Debug)]
struct Says<'a> {
    name: &'a str,
    password: &'a str,
}

impl Client {
    /// Logs in; who is let in also sends a message to itself and gets it. The code of CONNACK, as MQTT 5 has it.
    #[track_caller]
    fn logs_in(self, fleet: &Fleet, version: &str, says: Says<'_>) -> u8 {
        let Says { name, password } = says;
        let port = fleet.mqtt.rsplit(':').next().unwrap();
        let ran = match self {
            Self::Mosquitto => {
                return mosquitto(port, &format!("mqttv{version}"), says);
            }
            Self::Mqttjs => script(node(), "mqttjs_login.js", &[port, version, name, password]),
            Self::Paho => script(python(), "paho_login.py", &[port, version, name, password]),
        };
        match ran.stdout.split_whitespace().collect::<Vec<_>>()[..] {
            ["0", "echo"] => 0,
            [code] => as_of_5(version, code.parse().unwrap()),
            _ => unexpected(&ran),
        }
    }
}

/// mosquitto_pub tells the codes of all versions on one line.
fn mosquitto(port: &str, version: &str, Says { name, password }: Says<'_>) -> u8 {
    let topic = format!("dev/{name}/echo");
    let mut command = Command::new(tool("VOUCHMQ_INTEROP_MOSQUITTO_PUB"));
    command.args([
        "-d",
        "-h",
        "127.0.0.1",
        "-p",
        port,
        "-V",
        version,
        "-i",
        name,
        "-u",
        name,
        "-P",
        password,
    ]);
    let ran = Running::spawn(command.args(["-q", "1", "-m", "hello", "-t", &topic]), b"").finish();
    let code = ran.stdout.split_once("received CONNACK (").and_then(|(_, rest)| rest.split_once(')'));
    let code = code.unwrap_or_else(|| unexpected(&ran)).0.parse().unwrap();
    assert_eq!(code == 0, ran.stdout.contains("received PUBACK"), "{ran:#?}");
    assert_eq!(code == 0, ran.code == 0, "{ran:#?}");
    as_of_5(version.trim_start_matches("mqttv"), code)
}

/// paho translates by itself.
fn as_of_5(version: &str, code: u8) -> u8 {
    match (version, code) {
        ("31" | "311", 4) => BAD_CREDENTIAL,
        ("31" | "311", 5) => NOT_ALLOWED,
        (_, code) => code,
    }
}

#[track_caller]
fn script(mut interpreter: Command, script: &str, arguments: &[&str]) -> Ran {
    let file = format!("{}/tests/interop/{script}", env!("CARGO_MANIFEST_DIR"));
    Running::spawn(interpreter.arg(file).args(arguments), b"").finish().code(0)
}

#[track_caller]
fn unexpected(ran: &Ran) -> ! {
    panic!("this was not expected: {ran:#?}")
}

/// A server, and a product whose devices prove themselves as they like.
struct Site {
    fleet: Fleet,
    product: String,
    house: House,
}

impl Site {
    fn new() -> Self {
        let house = House::new();
        let fleet = house.start(&[]);
        let kinds =
            json!({"key": "sensor", "name": "Sensor", "allowed_kinds": ["secret", "password", "scram"]});
        let product = text(&fleet.operator.post("/v1/products", &kinds), "id");
        Self { fleet, product, house }
    }

    /// A device with a password that it proves by SCRAM.
    fn enter_scram(&self, id: &str, password: &str) {
        self.fleet.operator.post("/v1/devices", &json!({"product_id": self.product, "id": id}));
        let credential = json!({"kind": "scram", "password": password});
        self.fleet.operator.post(&format!("/v1/devices/{id}/credentials"), &credential);
    }
}
