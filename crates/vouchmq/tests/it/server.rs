//! A broker of our own for each test.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::process::{DEADLINE, Ran, Running, run, run_with_input, vouchmq};

/// A running broker; it is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Running,
    pub(crate) port: String,
    folder: TempDir,
}

impl Server {
    /// Starts a broker that lets everybody in, with further flags, and waits until it listens.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_with(&[&["--allow-anonymous"], flags].concat())
    }

    /// Starts a broker with these flags only, and a data directory and a port of its own.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let (process, port) = serve("0", &folder.path().join("data"), flags);
        Self { process, port, folder }
    }

    /// Starts a broker that lets everybody in on the port and the data of this one, which has ended; with these
    /// further flags.
    pub(crate) fn restart(&mut self, flags: &[&str]) {
        let flags = [&["--allow-anonymous"], flags].concat();
        (self.process, self.port) = serve(&self.port, &self.data(), &flags);
    }

    /// Runs a command that takes `-p PORT`.
    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        run(&self.with_port(command, arguments))
    }

    /// Runs a command that takes `-p PORT`, with this on standard input.
    pub(crate) fn run_with_input(&self, command: &str, arguments: &[&str], input: &[u8]) -> Ran {
        run_with_input(&self.with_port(command, arguments), input)
    }

    /// Starts `sub`, and waits until it is subscribed.
    pub(crate) fn subscribe(&self, arguments: &[&str]) -> Running {
        let mut subscriber = Running::start(&self.with_port("sub", &[&["-d"], arguments].concat()));
        subscriber.wait_for("received SUBACK");
        subscriber
    }

    /// Publishes, and expects that it is done.
    #[track_caller]
    pub(crate) fn publish(&self, arguments: &[&str]) -> Ran {
        self.run("pub", arguments).code(0)
    }

    /// A bare connection.
    pub(crate) fn dial(&self) -> TcpStream {
        let stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Sends a signal to the broker.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Ends the broker in an instant, and keeps its data.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits for a line of the broker's log.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.process.wait_for(text).to_owned()
    }

    /// Waits for the broker's end.
    #[track_caller]
    pub(crate) fn finish(self) -> Ran {
        self.process.finish()
    }

    /// Where the broker keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for files of the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn with_port<'a>(&'a self, command: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
        [&[command, "-p", &self.port, "-h", "127.0.0.1"], arguments].concat()
    }
}

/// A broker that listens on a port of the loopback, and its port.
fn serve(port: &str, data: &Path, flags: &[&str]) -> (Running, String) {
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["serve", "--listen", &listen, "--data", data.to_str().unwrap(), "--shards", "2"];
    let mut process = Running::spawn(&mut vouchmq(&[&arguments, flags].concat()), b"");
    let line = process.wait_for("listening on mqtt://127.0.0.1:");
    let behind = line.split("127.0.0.1:").nth(1).unwrap();
    let port = behind.chars().take_while(char::is_ascii_digit).collect();
    (process, port)
}
