//! Brokers under measurement, and what they ask: started fresh on a free port of the loopback, ended when dropped.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::certificates::Certificates;
use super::plan::Over;
use crate::clock::wait_for;

/// A broker to be started.
#[derive(Clone, Debug)]
pub(super) struct Broker {
    pub(super) name: String,
    pub(super) binary: PathBuf,
    kind: Kind,
    over: Over,
    /// What is shown to clients, where that is TLS.
    certificates: Option<Certificates>,
}

#[derive(Clone, Debug)]
enum Kind {
    Vouchmq {
        shards: u32,
    },
    Mosquitto,
    /// Our binary with these arguments and this configuration; `{port}` and `{file}` stand for what they say.
    Told {
        arguments: String,
        configuration: String,
    },
}

/// A broker that listens.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    pub(super) port: u16,
    /// What the load generator needs to know beside the port.
    pub(super) words: String,
}

impl Broker {
    pub(super) fn vouchmq(name: &str, binary: PathBuf, shards: u32) -> Self {
        let (over, certificates) = (Over::Tcp, None);
        Self { name: name.to_owned(), binary, kind: Kind::Vouchmq { shards }, over, certificates }
    }

    pub(super) fn mosquitto(binary: PathBuf) -> Self {
        let (over, certificates) = (Over::Tcp, None);
        Self { name: "mosquitto".to_owned(), binary, kind: Kind::Mosquitto, over, certificates }
    }

    /// Our binary with these arguments and this configuration file, which may hold `{port}`; the arguments may hold
    /// `{file}`, too.
    pub(super) fn told(name: &str, binary: PathBuf, arguments: &str, configuration: &str) -> Self {
        let (over, certificates) = (Over::Tcp, None);
        let (arguments, configuration) = (arguments.to_owned(), configuration.to_owned());
        Self {
            name: name.to_owned(),
            binary,
            kind: Kind::Told { arguments, configuration },
            over,
            certificates,
        }
    }

    /// The same broker, listening for this.
    pub(super) fn over(&self, over: Over, certificates: &Certificates) -> Self {
        Self { over, certificates: Some(certificates.clone()), ..self.clone() }
    }

    /// What the load generator needs to know of what is below MQTT.
    pub(super) fn words(&self) -> String {
        match (self.over, &self.certificates) {
            (Over::Tls, Some(certificates)) => format!("--cafile {}", certificates.authority.display()),
            (Over::Ws, _) => "--ws".to_owned(),
            (Over::Tcp | Over::Tls, _) => String::new(),
        }
    }

    /// Starts the broker in a folder of its own below `dir` and waits until it listens.
    pub(super) fn start(&self, dir: &Path) -> Result<Running> {
        let dir = dir.join(&self.name);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let port = free_port()?;
        let log_file = dir.join("log");
        let log = File::create(&log_file).with_context(|| format!("cannot write {}", log_file.display()))?;
        // as many descriptors as the machine allows, which the tool's own limit may not
        let raise = r#"ulimit -n "$(ulimit -Hn)"; exec "$0" "$@""#;
        let child = Command::new("sh")
            .args(["-c", raise])
            .arg(&self.binary)
            .args(self.arguments(port, &dir)?)
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", self.name))?;
        let mut running = Running { child, port, words: self.words() };
        let listening = wait_for(Duration::from_secs(10), Duration::from_millis(10), || {
            if running.child.try_wait()?.is_some() {
                let said = fs::read_to_string(&log_file).unwrap_or_default();
                bail!("{} ended at once:\n{}", self.name, said.trim_end());
            }
            Ok(TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).ok())
        })?;
        listening.with_context(|| format!("{} does not listen on port {port} after 10 s", self.name))?;
        Ok(running)
    }

    fn arguments(&self, port: u16, dir: &Path) -> Result<Vec<String>> {
        match &self.kind {
            Kind::Told { arguments, configuration } => {
                let file = dir.join("vouchmq.conf");
                let port = port.to_string();
                fs::write(&file, configuration.replace("{port}", &port))
                    .with_context(|| format!("cannot write {}", file.display()))?;
                let file = file.to_string_lossy();
                let told = |word: &str| word.replace("{port}", &port).replace("{file}", &file);
                Ok(arguments.split_whitespace().map(told).collect())
            }
            Kind::Vouchmq { shards } if self.over != Over::Tcp => {
                let file = dir.join("vouchmq.conf");
                fs::write(&file, self.vouchmq_configuration(port))
                    .with_context(|| format!("cannot write {}", file.display()))?;
                let line = format!(
                    "serve --config {} --shards {shards} --api-listen off --register-listen off",
                    file.display()
                );
                Ok(line.split_whitespace().map(str::to_owned).collect())
            }
            Kind::Vouchmq { shards } => {
                let line = format!(
                    "serve --allow-anonymous --listen 127.0.0.1:{port} --shards {shards} --api-listen off \
                     --register-listen off"
                );
                Ok(line.split_whitespace().map(str::to_owned).collect())
            }
            Kind::Mosquitto => {
                let file = dir.join("mosquitto.conf");
                fs::write(&file, self.mosquitto_configuration(port)?)
                    .with_context(|| format!("cannot write {}", file.display()))?;
                Ok(vec!["-c".to_owned(), file.to_string_lossy().into_owned()])
            }
        }
    }

    fn vouchmq_configuration(&self, port: u16) -> String {
        let listener = match (self.over, &self.certificates) {
            (Over::Tls, Some(Certificates { certificate, key, .. })) => format!(
                "ssl {{ bind = \"127.0.0.1:{port}\", certfile = \"{}\", keyfile = \"{}\" }}",
                certificate.display(),
                key.display()
            ),
            (Over::Ws, _) => format!("ws {{ bind = \"127.0.0.1:{port}/mqtt\" }}"),
            (Over::Tcp | Over::Tls, _) => format!("tcp {{ bind = \"127.0.0.1:{port}\" }}"),
        };
        format!("listeners {{ {listener} }}\nauth {{ allow_anonymous = true, no_match = allow }}\n")
    }

    /// Nothing that would slow Mosquitto down, nothing that lets it drop messages.
    fn mosquitto_configuration(&self, port: u16) -> Result<String> {
        let listener = match (self.over, &self.certificates) {
            (Over::Tls, Some(Certificates { certificate, key, .. })) => format!(
                "listener {port} 127.0.0.1\ncertfile {}\nkeyfile {}",
                certificate.display(),
                key.display()
            ),
            // Its WebSocket listener does not bind an address, but an interface, and does not count as one.
            (Over::Ws, _) => format!(
                "listener {} 127.0.0.1\nlistener {port}\nbind_interface lo\nprotocol websockets",
                free_port()?
            ),
            (Over::Tcp | Over::Tls, _) => format!("listener {port} 127.0.0.1"),
        };
        // Started by root it would become a user that may not read the key.
        Ok(format!(
            "{listener}\nuser root\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 65534\n\
             set_tcp_nodelay true\npersistence false\nlog_type error\n"
        ))
    }
}

impl Running {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the broker has digested what the last load left behind: leftovers would be counted, or even
    /// delivered, in the next one.
    pub(super) fn settle(&self) -> Result<()> {
        let mut before = None;
        wait_for(Duration::from_secs(20), Duration::from_millis(200), || {
            let now = self.cpu_ticks()?;
            let quiet = before.replace(now) == Some(now);
            Ok(quiet.then_some(()))
        })?;
        Ok(()) // a broker that is never quiet is measured as it is
    }

    /// CPU time so far, user and system, in seconds.
    pub(super) fn cpu_secs(&self) -> Result<f64> {
        Ok(self.cpu_ticks()? as f64 / TICKS_PER_SECOND)
    }

    /// CPU time so far, user and system, in ticks of the clock.
    fn cpu_ticks(&self) -> Result<u64> {
        let file = format!("/proc/{}/stat", self.pid());
        let stat = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        ticks(&stat).with_context(|| format!("{file} does not say the CPU time"))
    }

    /// Resident memory now, in KiB.
    pub(super) fn rss_kb(&self) -> Result<f64> {
        let file = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        resident(&status).with_context(|| format!("{file} does not say VmRSS"))
    }
}

/// Of `/proc`, on every Linux.
pub(super) const TICKS_PER_SECOND: f64 = 100.0;

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15 of `stat`, behind the name in brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(|field| field.parse::<u64>().ok());
    Some(times.next()?? + times.next()??)
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

/// A port of the loopback that nobody listens on now.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on the loopback")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_kib() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    4096 kB\n"), Some(4096.0));
        assert_eq!(resident("Name:\tx\n"), None);
    }

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 1 0";
        assert_eq!((ticks(stat), ticks("7 (a")), (Some(42), None));
    }

    #[test]
    fn a_broker_that_ends_at_once_is_an_error_with_its_words() {
        let dir = std::env::temp_dir().join(format!("xtask-broker-{}", std::process::id()));
        let broker = Broker::vouchmq("broken", "false".into(), 2);
        let error = broker.start(&dir).expect_err("false ends").to_string();
        fs::remove_dir_all(&dir).expect("removed");
        assert!(error.starts_with("broken ended at once"), "{error}");
    }
}
