//! Who is asked, and who asks: everything that runs while it is measured. What is idle costs nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::super::broker::{Broker, Running, free_port};
use super::super::http::{Server, token};
use super::super::plan::Through;
use super::devices;
use crate::clock::wait_for;

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Stage {
    dir: PathBuf,
    vouchmq: PathBuf,
    shards: u32,
    /// Client id, user name and secret of each device.
    pub(super) devices: PathBuf,
    nobody: Running,
    /// Has the devices, and is our authentication service as well.
    registry: Running,
    fast: Asking,
    late: Asking,
    remembered: Running,
    native: Running,
}

/// A broker, and the foreign service that it asks.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) broker: Running,
    pub(super) service: Running,
}

/// A broker that is measured, and what it asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) broker: &'a Running,
    pub(super) service: Option<&'a Running>,
}

impl Stage {
    /// Starts it all, and enters devices.
    pub(super) fn set(vouchmq: &Path, shards: u32, count: u32, dir: &Path) -> Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let (vouchmq, dir) = (vouchmq.to_owned(), dir.to_owned());
        let start = |name: &str, rest: &str| broker(&vouchmq, shards, name, rest).start(&dir);
        let (api, service) = (free_port()?, free_port()?);
        let more = format!(
            "http_server {{ port = {api} }}\nauth_service {{ bind = \"127.0.0.1:{service}\", max_rate = \
             off }}\n"
        );
        let registry = start("registry", &more)?;
        let token = token(&dir.join("registry/data/admin-token"), api)?;
        let devices = dir.join("devices");
        eprintln!("entering {count} devices");
        devices::enter(api, &token, count, &devices)?;
        let native = format!(
            "{SILENT}auth {{ order = [http], no_match = allow, http_auth {{ mode = native, native {{ servers = \
             [\"http://127.0.0.1:{service}\"] }} }} }}\n"
        );
        let fast = Asking::start(&vouchmq, shards, &dir, "fast", "")?;
        let late = Asking::start(&vouchmq, shards, &dir, "late", "--delay 20ms")?;
        Ok(Self {
            nobody: start(
                "nobody",
                &format!("{SILENT}auth {{ allow_anonymous = true, no_match = allow }}\n"),
            )?,
            remembered: start("remembered", &asking(fast.service.port))?,
            native: start("native", &native)?,
            registry,
            fast,
            late,
            devices,
            dir,
            vouchmq,
            shards,
        })
    }

    /// Who is measured.
    pub(super) fn pair(&self, through: Through) -> Pair<'_> {
        let (broker, service) = match through {
            Through::Nobody => (&self.nobody, None),
            Through::Registry => (&self.registry, None),
            Through::Fast => (&self.fast.broker, Some(&self.fast.service)),
            Through::Late => (&self.late.broker, Some(&self.late.service)),
            Through::Remembered => (&self.remembered, Some(&self.fast.service)),
            Through::Native => (&self.native, Some(&self.registry)),
        };
        Pair { broker, service }
    }

    /// A fresh broker, and a fresh foreign service that lets in who has the password `right`.
    pub(super) fn fresh(&self, name: &str) -> Result<Asking> {
        Asking::start(&self.vouchmq, self.shards, &self.dir, name, "--password right")
    }
}

impl Asking {
    fn start(vouchmq: &Path, shards: u32, dir: &Path, name: &str, flags: &str) -> Result<Self> {
        let arguments = format!("bench auth-stub --protocol json --listen 127.0.0.1:{{port}} {flags}");
        let service =
            Broker::told(&format!("{name}-service"), vouchmq.to_owned(), &arguments, "").start(dir)?;
        let broker = broker(vouchmq, shards, name, &asking(service.port)).start(dir)?;
        Ok(Self { broker, service })
    }

    /// Tells the service what to do instead of answering.
    pub(super) fn tell(&self, fault: Option<&str>) -> Result<()> {
        let told = json!({ "fault": fault });
        Server::connect(self.service.port, None)?.ask("POST", "/stub/fault", Some(&told)).map(drop)
    }

    /// How many logins the service was asked about.
    pub(super) fn logins(&self) -> Result<u64> {
        let counts = Server::connect(self.service.port, None)?.ask("GET", "/stub/counts", None)?;
        Ok(counts.pointer("/requests/login").and_then(Value::as_u64).unwrap_or(0))
    }

    /// Waits until the service was asked about so many logins.
    pub(super) fn wait_for_logins(&self, count: u64) -> Result<()> {
        let asked = wait_for(Duration::from_secs(10), Duration::from_millis(20), || {
            Ok((self.logins()? >= count).then_some(()))
        })?;
        asked.with_context(|| format!("the service was not asked about {count} logins in 10 s"))
    }
}

fn broker(vouchmq: &Path, shards: u32, name: &str, rest: &str) -> Broker {
    let arguments = format!(
        "serve --config {{file}} --shards {shards} --data data --register-listen off --log-level error"
    );
    let configuration = format!("listeners {{ tcp {{ bind = \"127.0.0.1:{{port}}\" }} }}\n{rest}");
    Broker::told(name, vouchmq.to_owned(), &arguments, &configuration)
}

/// No management API.
const SILENT: &str = "http_server { enable = false }\n";

/// One connection for each CONNECT in flight: HTTP/1.1 has one question at a time on each.
fn asking(service: u16) -> String {
    format!(
        "{SILENT}auth {{
  order = [http]
  no_match = allow
  http_auth {{
    mode = json
    auth_req {{
      method = post
      url = \"http://127.0.0.1:{service}/login\"
      headers {{ \"content-type\" = \"application/json\" }}
      params {{ clientid = \"${{clientid}}\", username = \"${{username}}\", password = \"${{password}}\" }}
    }}
    timeout = 1s
    deadline = 2s
    pool_size = 256
    cache_ttl = 1h
  }}
}}
"
    )
}
