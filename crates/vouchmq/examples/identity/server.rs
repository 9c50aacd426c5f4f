//! A server with data of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A running server; it ends when this is dropped.
pub(super) struct Server {
    process: Child,
    _folder: TempDir,
    pub(super) mqtt: String,
    pub(super) management: String,
    pub(super) registration: String,
}

pub(super) const TOKEN: &str = "the-administrator-of-figures-0123456789";
/// Of `/proc/PID/stat`: what the kernel counts in, everywhere that Linux runs.
const TICKS_PER_SECOND: u64 = 100;

impl Server {
    pub(super) fn start(binary: &str, flags: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let any = "127.0.0.1:0";
        let mut process = Command::new(binary)
            .args(["serve", "--log-level", "error", "--shards", "2", "--listen", any, "--api-listen", any])
            .args(["--register-listen", any, "--set", "registration.max_rate=1000000"])
            .args(["--set", "registration.max_rate_per_token=1000000", "--data"])
            .arg(folder.path().join("data"))
            .args(flags)
            .env("VOUCHMQ_ADMIN_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut next = |scheme: &str| {
            let line = lines.find(|line| line.contains(scheme)).unwrap();
            line.split(' ').nth(2).unwrap().to_owned()
        };
        let mqtt = next("mqtt://").trim_start_matches("mqtt://").to_owned();
        let (registration, management) = (next("http://"), next("http://"));
        Self { process, _folder: folder, mqtt, management, registration }
    }

    /// User and system time so far.
    pub(super) fn cpu(&self) -> Duration {
        let stat = self.read("stat");
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
    }

    pub(super) fn resident_kib(&self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.process.id())).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
