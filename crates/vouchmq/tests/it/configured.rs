//! Brokers that a file configures, and that read it again.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::identity::http::Http;
use crate::process::{Ran, Running, run, vouchmq};

mod change;
mod foreign;
mod guarded;
mod reload;
mod restart;
mod start;
mod tls;

/// A broker that a file configures; it is ended when this is dropped.
pub(crate) struct Configured {
    pub(crate) process: Running,
    folder: TempDir,
    /// Where each listener of MQTT is, in the order of the file.
    urls: Vec<String>,
    /// Where operators connect.
    pub(crate) api: String,
}

pub(crate) const FILE: &str = "broker.conf";

impl Configured {
    /// Starts a broker with this configuration in a folder of its own, below which `{folder}` stands.
    pub(crate) fn start(text: &str) -> Self {
        Self::start_in(TempDir::new().unwrap(), text, &[])
    }

    /// The same, in a folder that has files already, and with these flags.
    pub(crate) fn start_in(folder: TempDir, text: &str, flags: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", folder, text, flags)
    }

    /// The same, with operators at this address.
    fn start_at(api: &str, folder: TempDir, text: &str, flags: &[&str]) -> Self {
        Self::start_with(api, folder, text, flags, &[])
    }

    /// The same, with these variables.
    fn start_with(
        api: &str,
        folder: TempDir,
        text: &str,
        flags: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        write(folder.path(), FILE, text);
        let (file, data) = (folder.path().join(FILE), folder.path().join("data"));
        let mut command = vouchmq(&["serve", "--config", file.to_str().unwrap()]);
        command.args(["--data", data.to_str().unwrap(), "--shards", "2", "--api-listen", api]);
        let mut process = Running::spawn(command.args(flags).envs(variables.iter().copied()), b"");
        let api = process.wait_for(" for management").to_owned();
        let of = |line: &str| Some(line.split_once("listening on ")?.1.split(' ').next()?.to_owned());
        let api = of(&api).unwrap();
        let all: Vec<String> = process.stderr.iter().filter_map(|line| of(line)).collect();
        let urls = all.into_iter().filter(|url| !url.starts_with("http")).collect();
        Self { process, folder, urls, api }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into its folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        write(self.folder(), name, text);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Where operators connect.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// Has it read its configuration again.
    pub(crate) fn reload(&self) -> Ran {
        self.operate(&["reload"])
    }

    /// Does something over its management API.
    pub(crate) fn operate(&self, arguments: &[&str]) -> Ran {
        let token = self.folder().join("data/admin-token");
        let common = ["--api", &self.api, "--token-file", token.to_str().unwrap()];
        run(&[arguments, &common[..]].concat())
    }

    /// Ends it in an instant, and starts it again.
    pub(crate) fn killed_and_started(mut self) -> Self {
        self.process.kill();
        let text = fs::read_to_string(self.path(FILE)).unwrap();
        Self::start_in(self.folder, &text, &[])
    }

    /// The same, with other words in the file.
    pub(crate) fn reload_with(&self, text: &str) -> Ran {
        self.write(FILE, text);
        self.reload()
    }

    /// Publishes by the first listener, and says what came of it.
    fn publish(&self, flags: &[&str]) -> Ran {
        self.run("pub", &[&["-t", "t", "-m", "x", "-q", "1"], flags].concat())
    }

    /// Subscribes by the first listener, and waits until that is done.
    fn subscribe(&self, flags: &[&str]) -> Running {
        let mut all = vec!["sub", "-d", "-h", "127.0.0.1", "-p", self.port(0), "-t", "t"];
        all.extend(flags);
        let mut subscriber = Running::start(&all);
        subscriber.wait_for("received SUBACK");
        subscriber
    }

    fn run(&self, command: &str, flags: &[&str]) -> Ran {
        run(&[&[command, "-h", "127.0.0.1", "-p", self.port(0)], flags].concat())
    }

    /// Where clients connect by the first listener.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port(0))
    }

    /// The management API, as an operator sees it.
    pub(crate) fn operator(&self) -> Http {
        let token = fs::read_to_string(self.path("data/admin-token")).unwrap();
        Http::new(&self.api, Some(token.trim()))
    }

    /// The port of a listener.
    pub(crate) fn port(&self, number: usize) -> &str {
        let url = self.urls.get(number).unwrap();
        url.rsplit_once(':').unwrap().1.split('/').next().unwrap()
    }
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    let draft = folder.join(format!("{name}.new"));
    fs::write(&draft, text.replace("{folder}", folder.to_str().unwrap())).unwrap();
    // Whoever reads it meanwhile finds the one or the other.
    fs::rename(draft, path).unwrap();
}
