//! A broker with its HTTP listeners on.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{DEADLINE, Ran, Running, run, vouchmq};

/// The administrator's token.
pub(super) const ADMINISTRATOR: &str = "an administrator's token of a test";

/// A running broker; it is ended when this is dropped.
pub(super) struct Broker {
    port: String,
    pub(super) management: String,
    pub(super) registration: String,
    pub(super) folder: TempDir,
    _process: Running,
}

impl Broker {
    pub(super) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let any = "127.0.0.1:0";
        let data = folder.path().join("data");
        let mut process = Running::spawn(
            vouchmq(&[
                "serve",
                "--listen",
                any,
                "--api-listen",
                any,
                "--register-listen",
                any,
                "--shards",
                "2",
            ])
            .arg("--data")
            .arg(data)
            .env("VOUCHMQ_ADMIN_TOKEN", ADMINISTRATOR),
            b"",
        );
        let mut address = |before: &str, behind: &str| {
            let line = process.wait_for(behind);
            let rest = line.split(before).nth(1).unwrap();
            rest.split_whitespace().next().unwrap().to_owned()
        };
        let port = address("mqtt://127.0.0.1:", "listening on mqtt://");
        let registration = address("listening on http://", "for registration");
        let management = format!("http://{}", address("listening on http://", "for management"));
        Self { port, management, registration, folder, _process: process }
    }

    /// Runs a command of the registry as the administrator.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_as(ADMINISTRATOR, arguments, "")
    }

    /// Runs a command of the registry with this token, and this on standard input.
    pub(super) fn run_as(&self, token: &str, arguments: &[&str], input: &str) -> Ran {
        let mut command = vouchmq(arguments);
        command.env("VOUCHMQ_API", &self.management).env("VOUCHMQ_ADMIN_TOKEN", token);
        Running::spawn(&mut command, input.as_bytes()).finish()
    }

    /// What a command of the registry says as JSON.
    #[track_caller]
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat()).code(0);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// Publishes below the device's own topics.
    pub(super) fn publish(&self, device: &str, secret: &str) -> Ran {
        let topic = format!("dev/{device}/x");
        run(&[&self.login("pub", device, secret)[..], &["-q", "1", "-m", "x", "-t", &topic]].concat())
    }

    /// Starts `sub` as the device, and waits until it is subscribed.
    pub(super) fn subscribe(&self, device: &str, secret: &str) -> Running {
        let topic = format!("dev/{device}/#");
        let arguments = [&self.login("sub", device, secret)[..], &["-d", "-t", &topic]].concat();
        let mut subscriber = Running::start(&arguments);
        subscriber.wait_for("received SUBACK");
        subscriber
    }

    /// Registers a device; what is answered.
    pub(super) fn register(&self, body: &Value) -> Value {
        let (host, body) = (&self.registration, body.to_string());
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(
            stream,
            "POST /v1/register HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }

    fn login<'a>(&'a self, command: &'a str, device: &'a str, secret: &'a str) -> [&'a str; 11] {
        let port = &self.port;
        [command, "-h", "127.0.0.1", "-p", port, "-u", device, "-i", device, "-P", secret]
    }
}

/// What stands behind `label: `, on the one line that begins so.
#[track_caller]
pub(super) fn labelled<'a>(ran: &'a Ran, label: &str) -> &'a str {
    let values: Vec<&str> =
        ran.stdout.lines().filter_map(|line| line.strip_prefix(label)?.strip_prefix(": ")).collect();
    assert_eq!(values.len(), 1, "{label} in {ran:#?}");
    assert_eq!(ran.stdout.matches(values[0]).count(), 1, "{label} is printed once: {ran:#?}");
    assert_eq!(ran.stderr, format!("the {label} is not shown again: keep it now\n"));
    values[0]
}
