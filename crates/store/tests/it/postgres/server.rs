//! A PostgreSQL of our own: made for one test, on a free port of the loopback, and ended with it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::harness::eventually;

/// A running server. Whoever connects is let in, as the only user there is.
pub(super) struct Server {
    programs: PathBuf,
    /// Whom it runs as: it refuses to run as root.
    user: Option<User>,
    folder: TempDir,
    port: u16,
    process: Child,
}

/// Debian's user for it.
struct User {
    uid: u32,
    gid: u32,
}

const USER: &str = "postgres";
const DEBIAN: &str = "/usr/lib/postgresql";

impl Server {
    pub(super) async fn start() -> Self {
        let programs = programs();
        let user = is_root().then(User::find);
        let folder = TempDir::new().unwrap();
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid), Some(user.gid)).unwrap();
        }
        let made = make(&programs, user.as_ref(), &folder.path().join("data"));
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let process = run(&programs, user.as_ref(), &folder, port);
        let mut server = Self { programs, user, folder, port, process };
        server.answers().await;
        server
    }

    /// A database, named as in [`Server::create`].
    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://vouchmq@127.0.0.1:{}/{database}", self.port)
    }

    pub(super) async fn create(&self, database: &str) -> String {
        self.execute("postgres", &format!("CREATE DATABASE {database}")).await;
        self.url(database)
    }

    pub(super) async fn execute(&self, database: &str, sql: &str) {
        let mut connection = PgConnection::connect(&self.url(database)).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Ends the server as a power cut would, without a word to anybody.
    pub(super) fn crash(&mut self) {
        self.signal("QUIT");
        self.process.wait().unwrap();
    }

    pub(super) async fn start_again(&mut self) {
        self.process = run(&self.programs, self.user.as_ref(), &self.folder, self.port);
        self.answers().await;
    }

    async fn answers(&mut self) {
        let url = self.url("postgres");
        eventually("PostgreSQL answers", async || {
            if let Some(status) = self.process.try_wait().unwrap() {
                let said = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("PostgreSQL has ended: {status} {said}");
            }
            PgConnection::connect(&url).await.is_ok()
        })
        .await;
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let _ = Command::new("kill").args(["-s", name, &id]).status();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("QUIT"); // nobody needs the data any more
        let _ = self.process.wait();
    }
}

impl User {
    fn find() -> Self {
        let id = |which| {
            let said = Command::new("id").args([which, USER]).output().unwrap().stdout;
            String::from_utf8_lossy(&said).trim().parse().unwrap_or_else(|_| panic!("no user {USER}"))
        };
        Self { uid: id("-u"), gid: id("-g") }
    }
}

/// Where the newest server is installed.
fn programs() -> PathBuf {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let number = |folder: &PathBuf| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    };
    versions.filter(complete).max_by_key(number).unwrap_or_else(|| {
        panic!("no PostgreSQL in {DEBIAN}: `cargo xtask test` installs it, or `apt-get install postgresql`")
    })
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A program of the server's, as the user that it wants; it is told when this process dies.
fn program(programs: &Path, user: Option<&User>, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]).current_dir("/").stdin(Stdio::null());
    if let Some(User { uid, gid }) = user {
        command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".into()]);
    }
    command.arg(programs.join(name));
    command
}

/// A cluster that sorts text as people do, so that it shows where we rely on bytes.
fn make(programs: &Path, user: Option<&User>, data: &Path) -> Output {
    let mut command = program(programs, user, "initdb");
    command.args(["--username=vouchmq", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
    command.args(["--locale-provider=icu", "--icu-locale=en", "--no-instructions", "--pgdata"]).arg(data);
    command.output().unwrap()
}

fn run(programs: &Path, user: Option<&User>, folder: &TempDir, port: u16) -> Child {
    let mut command = program(programs, user, "postgres");
    command.arg("-D").arg(folder.path().join("data")).arg("-p").arg(port.to_string());
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=on",
        "recovery_init_sync_method=syncfs", // else each of thousands of files, after a crash
        "max_connections=60",
    ] {
        command.args(["-c", setting]);
    }
    let log = fs::File::create(folder.path().join("log")).unwrap();
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
