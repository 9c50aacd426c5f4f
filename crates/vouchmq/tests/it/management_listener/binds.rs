use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use super::Bare;
use crate::configured::{Configured, FILE, write};
use crate::process::{DEADLINE, Running, run, vouchmq};

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const KEEP: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server whose configuration alone says where operators connect.
struct Bound {
    process: Running,
    folder: tempfile::TempDir,
}

fn text(management: &str) -> String {
    format!("listeners.tcp.bind = \"127.0.0.1:0\"\nhttp_server {{ {management} }}\n")
}

impl Bound {
    fn start(management: &str) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        write(folder.path(), FILE, &text(management));
        let mut process = serve(folder.path());
        process.wait_for(" for management");
        Self { process, folder }
    }

    /// Has it read other words.
    fn reload(&mut self, management: &str) {
        write(self.folder.path(), FILE, &text(management));
        self.process.signal(nix::sys::signal::Signal::SIGHUP);
        self.process.wait_for("the configuration was read again");
    }
}

fn serve(folder: &std::path::Path) -> Running {
    let (file, data) = (folder.join(FILE), folder.join("data"));
    let mut command = vouchmq(&["serve", "--config", file.to_str().unwrap(), "--shards", "1"]);
    command.env_remove("VOUCHMQ_API_LISTEN");
    Running::spawn(command.args(["--data", data.to_str().unwrap()]), b"")
}

/// A port that nobody has.
fn port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn by_unix(path: &std::path::Path) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(ASK).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn by_tcp(port: u16) -> String {
    let mut connection = Bare::to(("127.0.0.1", port));
    connection.send(ASK);
    connection.closed()
}

#[test]
fn operators_connect_at_every_address_and_a_reload_moves_some_and_cuts_nobody() {
    let (first, second) = (port(), port());
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("api.sock");
    let unix = path.display();
    let mut server = Bound::start(&format!("bind = [\"127.0.0.1:{first}\", \"unix:{unix}\"]"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(by_tcp(first).starts_with("HTTP/1.1 200") && by_unix(&path).starts_with("HTTP/1.1 200"));
    let mut kept = Bare::to(("127.0.0.1", first));
    kept.send(KEEP);
    server.reload(&format!("bind = [\"127.0.0.1:{first}\", \"127.0.0.1:{second}\"], max_connections = 100"));
    assert!(by_tcp(second).starts_with("HTTP/1.1 200"));
    // Its listener ends by itself, soon after.
    let is_gone = (0..DEADLINE.as_millis() / 10).any(|_| {
        std::thread::park_timeout(std::time::Duration::from_millis(10));
        !path.exists()
    });
    assert!(is_gone, "the socket that is not listened on any more is gone");
    kept.send(ASK);
    assert_eq!(kept.closed().matches("HTTP/1.1 200").count(), 2, "on the same connection");
    server.reload(&format!("bind = [\"127.0.0.1:{second}\"]"));
    assert!(by_tcp(second).starts_with("HTTP/1.1 200"));
}

#[test]
fn lists_and_limits_change_with_a_reload() {
    let port = port();
    let bind = format!("bind = [\"127.0.0.1:{port}\"]");
    let mut server = Bound::start(&bind);
    let body = |len: usize| {
        let mut connection = Bare::to(("127.0.0.1", port));
        let head = "POST /v1/products HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ";
        connection.send(format!("{head}{len}\r\n\r\n").as_bytes());
        connection.closed().get(9..12).unwrap_or_default().to_owned()
    };
    assert_eq!(body(2048), "401");
    server.reload(&format!("{bind}, max_body = 1KB"));
    assert_eq!(body(2048), "413");
    server.reload(&format!("{bind}, allow = [\"192.0.2.0/24\"]"));
    assert_eq!(by_tcp(port), "", "not on the list");
    server.reload(&bind);
    assert!(by_tcp(port).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_flag_says_where_whatever_the_file_says_and_plain_http_leaves_the_machine_only_when_told() {
    let refused = |management: &str, flags: &[&str]| {
        let folder = tempfile::TempDir::new().unwrap();
        write(folder.path(), FILE, &text(management));
        let (file, data) = (folder.path().join(FILE), folder.path().join("data"));
        let words = ["serve", "--config", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
        run(&[&words[..], flags].concat()).code(2).stderr
    };
    let told = refused("bind = [\"0.0.0.0:0\"]", &[]);
    assert!(told.contains("is not loopback") && told.contains("insecure_ok"), "{told}");
    let told = refused("bind = [\"127.0.0.1:0\"]", &["--api-listen", "0.0.0.0:0"]);
    assert!(told.contains("loopback only"), "{told}");
    let moved = Configured::start_in(
        tempfile::TempDir::new().unwrap(),
        &text("bind = [\"unix:/proc/nowhere\"], insecure_ok = true"),
        &[],
    );
    assert!(moved.api.starts_with("http://127.0.0.1:"), "{}", moved.api);
}
