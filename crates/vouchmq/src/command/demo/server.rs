//! The broker of a demonstration: `vouchmq serve`, as anybody would start it, with data of its own.

use std::fs::{self, DirBuilder};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::{ExposeSecret, SecretString};
use vouchmq_broker::Monotonic;
use vouchmq_identity::{Secret, SecretUse};
use vouchmq_registrar::SystemEntropy;

use crate::exit::Failure;

/// A running broker; it ends when this is dropped, and its data go.
pub(super) struct Server {
    process: Child,
    data: PathBuf,
    keeps_data: bool,
    /// Where MQTT, registration and management are.
    pub(super) mqtt: String,
    pub(super) registration: String,
    pub(super) management: String,
    pub(super) token: SecretString,
    /// How long it took to start.
    pub(super) took: Duration,
}

impl Server {
    /// Starts a broker on free ports, and waits until it listens on all of them.
    pub(super) fn start(data: Option<&Path>) -> Result<Self, Failure> {
        let clock = Monotonic::start();
        let token = Secret::generate(SecretUse::ApiKey, &mut SystemEntropy).map_err(Failure::unusable)?;
        let token = SecretString::from(token.expose().to_owned());
        let path = match data {
            Some(data) => data.to_owned(),
            None => temporary()?,
        };
        let unusable =
            |error: std::io::Error| Failure::unusable(format_args!("cannot start a broker: {error}"));
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(unusable)?;
        let any = "127.0.0.1:0";
        let mut process = Command::new(std::env::current_exe().map_err(unusable)?)
            .args(["serve", "--log-level", "error", "--listen", any, "--api-listen", any])
            .args(["--register-listen", any, "--auth-listen", "off", "--data"])
            .arg(&path)
            // What is set for a broker at work must not reach this one.
            .env_clear()
            .env("VOUCHMQ_ADMIN_TOKEN", token.expose_secret())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(unusable)?;
        let addresses = process.stdout.take().map(addresses).unwrap_or_default();
        let took = Duration::from_micros(clock.now().micros());
        let [mqtt, registration, management] = addresses;
        let server = Self {
            process,
            data: path,
            keeps_data: data.is_some(),
            mqtt,
            registration,
            management,
            token,
            took,
        };
        if [&server.mqtt, &server.registration, &server.management].iter().any(|address| address.is_empty()) {
            return Err(Failure::failed("the broker did not start; see above"));
        }
        Ok(server)
    }

    /// Has the broker end as an operator would.
    pub(super) fn stop(mut self) {
        if let Ok(id) = i32::try_from(self.process.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let _ = self.process.wait();
    }
}

/// What the broker says that it listens on: MQTT, registration, management.
fn addresses(stdout: ChildStdout) -> [String; 3] {
    let mut found: [String; 3] = Default::default();
    let [mqtt, registration, management] = &mut found;
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Some(said) = line.strip_prefix("listening on ") else { continue };
        match said.split_once(' ') {
            None => *mqtt = said.trim_start_matches("mqtt://").to_owned(),
            Some((address, "for registration")) => *registration = address.to_owned(),
            Some((address, _)) => *management = address.to_owned(),
        }
        if [&*mqtt, &*registration, &*management].iter().all(|address| !address.is_empty()) {
            break;
        }
    }
    found
}

/// A directory that nobody else has.
fn temporary() -> Result<PathBuf, Failure> {
    let number = getrandom::u64()
        .map_err(|error| Failure::unusable(format_args!("no randomness available: {error}")))?;
    Ok(std::env::temp_dir().join(format!("vouchmq-demo-{number:016x}")))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !self.keeps_data {
            let _ = fs::remove_dir_all(&self.data);
        }
    }
}
