//! docs/hardening.md: its files are used, its commands are run, with nginx, curl, OpenSSL, nft and systemd-analyze.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

mod layers;
mod nginx;
mod page;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

use crate::process::{Ran, Running, vouchmq};
use crate::tool::tool;
use page::Page;

/// A machine on which the page is followed: its directories are in a folder, its ports are free ones.
pub(crate) struct Machine {
    page: Page,
    folder: TempDir,
    /// In place of 8081 and of 8443.
    plain: u16,
    secure: u16,
}

const TOKEN: &str = "the-administrator-of-tests-0123456789";

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for directory in ["etc", "run", "tmp", "bin"] {
            fs::create_dir(folder.path().join(directory)).unwrap();
        }
        std::os::unix::fs::symlink(vouchmq(&[]).get_program(), folder.path().join("bin/vouchmq")).unwrap();
        let machine = Self { page: Page::read(), folder, plain: port(), secure: port() };
        machine.run("certificates").code(0);
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A text of the page, with what is different here.
    fn here(&self, text: &str) -> String {
        let at = |name: &str| self.path(name).display().to_string();
        // First what the folder itself may be below.
        text.replace("/tmp/", &format!("{}/", at("tmp")))
            .replace("/etc/vouchmq", &at("etc"))
            .replace("/run/vouchmq", &at("run"))
            .replace("8081", &self.plain.to_string())
            .replace("8443", &self.secure.to_string())
    }

    /// Writes a file of the page.
    pub(crate) fn write(&self, name: &str) -> PathBuf {
        let path = self.path("etc").join(name);
        fs::write(&path, self.here(self.page.file(name))).unwrap();
        path
    }

    /// Runs the commands of the page that have this name.
    pub(crate) fn run(&self, name: &str) -> Ran {
        self.shell(&self.here(self.page.commands(name)))
    }

    /// Runs commands, with our program and the foreign ones.
    pub(crate) fn shell(&self, commands: &str) -> Ran {
        let mut shell = Command::new("bash");
        shell.args(["-eu", "-c", commands]).current_dir(root()).env("PATH", self.search_path());
        Running::spawn(&mut shell, b"").finish()
    }

    fn search_path(&self) -> String {
        let foreign = ["NGINX", "NFT", "SYSTEMD_ANALYZE", "OPENSSL", "CURL"].map(|name| {
            let program = PathBuf::from(tool(&format!("VOUCHMQ_INTEROP_{name}")));
            program.parent().unwrap().display().to_string()
        });
        let system = std::env::var_os("PATH").unwrap_or_default();
        let system = system.to_str().unwrap();
        format!("{}:{}:{system}", self.path("bin").display(), foreign.join(":"))
    }

    /// Starts a server by a file of the page, or by none, and waits until operators can connect.
    pub(crate) fn serve(&self, file: Option<&str>) -> Running {
        let text = file.map_or_else(
            || format!("http_server.port = {}", self.plain),
            |file| fs::read_to_string(self.write(file)).unwrap(),
        );
        let (path, data) = (self.path("etc/vouchmq.conf"), self.path("data"));
        fs::write(&path, format!("listeners.tcp.bind = \"127.0.0.1:0\"\n{text}")).unwrap();
        let mut command = vouchmq(&["serve", "--config", path.to_str().unwrap(), "--shards", "1"]);
        command.env_remove("VOUCHMQ_API_LISTEN").env("VOUCHMQ_ADMIN_TOKEN", TOKEN);
        let mut process = Running::spawn(command.args(["--data", data.to_str().unwrap()]), b"");
        process.wait_for(" for management");
        process
    }

    /// The port that operators connect to from outside.
    pub(crate) const fn secure(&self) -> u16 {
        self.secure
    }

    /// The port of the server itself.
    pub(crate) const fn plain(&self) -> u16 {
        self.plain
    }
}

/// The folder of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent).unwrap()
}

/// A port that nobody has, below those that the system gives to connections: nobody takes it meanwhile.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap() * 10;
    let mut ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed)).take(100);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
