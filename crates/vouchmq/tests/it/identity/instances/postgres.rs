//! A PostgreSQL of our own, on a free port of the loopback; it ends with the test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::super::fleet::eventually;

/// A running server, whose only user is let in.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    /// Whom it runs as: it refuses to run as root.
    user: Option<User>,
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

const DEBIAN: &str = "/usr/lib/postgresql";

impl Postgres {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let user = is_root.then(User::find);
        if let Some(User { uid, gid }) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut server = Self { programs: programs(), user, folder, port, process: None };
        server.make();
        server.run();
        server
    }

    /// The database that every cluster has.
    pub(crate) fn url(&self) -> String {
        format!("postgres://vouchmq@127.0.0.1:{}/postgres", self.port)
    }

    fn make(&self) {
        let mut command = self.program("initdb");
        command.args(["--username=vouchmq", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        let made = command.args(["--no-instructions", "--pgdata"]).arg(self.data()).output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    }

    fn run(&mut self) {
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).arg("-p").arg(self.port.to_string());
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        let log = File::create(self.folder.path().join("log")).unwrap();
        self.process = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        eventually("PostgreSQL answers", || {
            let mut ready = self.program("pg_isready");
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            ready.status().unwrap().success()
        });
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the server's, as the user that it wants; it is told when this thread dies.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]).current_dir("/").stdin(Stdio::null());
        if let Some(User { uid, gid }) = self.user {
            command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".into()]);
        }
        command.arg(self.programs.join(name));
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(process) = &mut self.process else { return };
        let _ = Command::new("kill").args(["-s", "QUIT", &process.id().to_string()]).status();
        let _ = process.wait();
    }
}

impl User {
    /// Debian's.
    fn find() -> Self {
        let id = |which| {
            let said = Command::new("id").args([which, "postgres"]).output().unwrap().stdout;
            String::from_utf8_lossy(&said).trim().parse().unwrap_or_else(|_| panic!("no user postgres"))
        };
        Self { uid: id("-u"), gid: id("-g") }
    }
}

/// Where the newest server is installed.
fn programs() -> PathBuf {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let number = |folder: &PathBuf| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    };
    versions.filter(|folder| folder.join("postgres").is_file()).max_by_key(number).unwrap_or_else(|| {
        panic!("no PostgreSQL in {DEBIAN}: `cargo xtask test` installs it, or `apt-get install postgresql`")
    })
}
