//! Foreign clients over TLS and WebSocket, to a broker that a file configures, with certificates of `vouchmq cert`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::process::{Ran, Running, run, run_in, vouchmq};

mod handshake;
mod mosquitto;
mod scripted;

/// One listener of each kind, and some that show what versions and names are worth.
const FILE: &str = r#"
listeners.tcp.bind = "127.0.0.1:0"
listeners.ssl {
    bind = "127.0.0.1:0"
    certfile = "{folder}/server.crt"
    keyfile = "{folder}/server.key"
    cacertfile = "{folder}/ca.crt"
    verify_peer = true
    crlfiles = ["{folder}/ca.crl"]
}
listeners.ws.bind = "127.0.0.1:0/mqtt"
listeners.wss.bind = "127.0.0.1:0/mqtt"
auth.password { alice = wonderland }
"#;

const USER: &str = "alice";
const PASSWORD: &str = "wonderland";

/// A running broker with its authority; it is ended when this is dropped.
struct Secure {
    _process: Running,
    folder: TempDir,
    /// The URL of each listener, in the order of the file; that for management is the last.
    urls: Vec<String>,
}

impl Secure {
    fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a broker with further lines in its file.
    fn start_with(further: &str) -> Self {
        let folder = TempDir::new().unwrap();
        for arguments in [
            &["cert", "ca"][..],
            &["cert", "server", "localhost", "127.0.0.1"],
            &["cert", "server", "elsewhere.example", "--file-name", "elsewhere"],
            &["cert", "device", "d1"],
            &["cert", "device", "d2"],
            &["cert", "revoke"],
        ] {
            run_in(folder.path(), arguments).code(0);
        }
        let path = |name: &str| file(folder.path(), name);
        let text = format!("{FILE}{further}").replace("{folder}", &folder.path().display().to_string());
        fs::write(path("broker.conf"), text).unwrap();
        let mut command = vouchmq(&["serve", "--config", &path("broker.conf"), "--data", &path("data")]);
        let mut process = Running::spawn(command.args(["--shards", "2", "--api-listen", "127.0.0.1:0"]), b"");
        process.wait_for(" for management");
        let url = |line: &String| Some(line.split_once("listening on ")?.1.split(' ').next()?.to_owned());
        let urls = process.stderr.iter().filter_map(url).collect();
        Self { _process: process, folder, urls }
    }

    fn file(&self, name: &str) -> String {
        file(self.folder.path(), name)
    }

    /// The URL of the listeners of a scheme, in the order of the file.
    fn urls<'a>(&'a self, scheme: &'a str) -> impl Iterator<Item = &'a str> {
        self.urls.iter().map(String::as_str).filter(move |url| url.split("://").next() == Some(scheme))
    }

    /// The URL of the first listener of a scheme.
    fn url<'a>(&'a self, scheme: &'a str) -> &'a str {
        self.urls(scheme).next().unwrap()
    }

    /// The port of the first listener for TLS.
    fn tls(&self) -> &str {
        port(self.url("mqtts"))
    }

    /// Runs a command of an operator.
    #[track_caller]
    fn manage(&self, arguments: &[&str]) -> Ran {
        let (api, token) = (self.urls.last().unwrap(), self.file("data/admin-token"));
        run(&[arguments, &["--api", api, "--token-file", &token]].concat()).code(0)
    }

    /// Registers a device that is known by its certificate.
    fn enter(&self, device: &str) {
        self.manage(&["device", "create", "--product", "sensor", "--id", device]);
        let certificate = self.file(&format!("{device}.crt"));
        self.manage(&["credential", "add", device, "--certificate", &certificate]);
    }
}

fn file(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn port(url: &str) -> &str {
    url.rsplit(':').next().unwrap().split('/').next().unwrap()
}
