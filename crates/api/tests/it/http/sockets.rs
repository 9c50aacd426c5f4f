//! Several addresses with the same rules, and Unix sockets.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tempfile::TempDir;
use vouchmq_api::http::{HttpLimits, ListenFault, ListenerOptions, Peer, Policy, Rules};
use vouchmq_broker::ListenAddress;

use crate::harness::pki::Pki;
use crate::harness::{Connection, Server, bind_with, free};

fn router() -> Router {
    Router::new().route("/who", get(async |Peer(peer): Peer| peer.ip().to_string()))
}

const WHO: &[u8] = b"GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn unix(path: &Path) -> ListenerOptions {
    ListenerOptions::at("test", ListenAddress::Unix(path.to_owned()))
}

fn dial(path: &Path) -> Connection {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    Connection::on(stream)
}

#[test]
fn a_unix_socket_is_for_the_user_of_the_process_and_counts_as_loopback() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("api.sock");
    // What a process left behind that was killed.
    drop(UnixListener::bind(&path).unwrap());
    let policy = Policy::new(Rules { allow: vec!["192.0.2.0/24".parse().unwrap()], ..Rules::default() });
    // TLS is for addresses of TCP.
    let tls = Some(Pki::new().server());
    let mut server = Server::listening(router(), ListenerOptions { policy, tls, ..unix(&path) });
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut connection = dial(&path);
    for _ in 0..2 {
        connection.send(WHO);
        assert_eq!(connection.receive().body, "127.0.0.1", "who may open the file is on no list");
    }
    let fault = bind_with(unix(&path)).unwrap_err();
    assert!(matches!(fault, ListenFault::Bind { source, .. } if source.kind() == ErrorKind::AddrInUse));
    connection.send(b"GET /who HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!(connection.receive().status, 421);
    server.join();
    assert!(!path.exists(), "the file goes with the listener");
}

#[test]
fn a_proxy_on_this_machine_may_come_by_a_unix_socket() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("api.sock");
    let policy =
        Policy::new(Rules { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..Rules::default() });
    let _server = Server::listening(router(), ListenerOptions { policy, ..unix(&path) });
    let mut connection = dial(&path);
    connection.send(b"GET /who HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    assert_eq!(connection.receive().body, "192.0.2.1");
}

#[test]
fn plain_http_is_opened_to_networks_by_who_says_so_and_asked_for_by_address() {
    let anywhere = ListenerOptions::new("test", ([0, 0, 0, 0], 0).into());
    assert!(matches!(bind_with(anywhere.clone()), Err(ListenFault::NotLoopback { .. })));
    let server = Server::listening(router(), ListenerOptions { insecure_ok: true, ..anywhere });
    let here = std::net::SocketAddr::from(([127, 0, 0, 5], server.address.port()));
    let mut connection = Connection::to(here);
    connection.send(b"GET /who HTTP/1.1\r\nHost: 127.0.0.5\r\n\r\n");
    assert_eq!(connection.receive().status, 200);
    connection.send(b"GET /who HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
    assert_eq!(connection.receive().status, 421);
}

#[test]
fn addresses_with_the_same_rules_share_their_bounds() {
    let policy = Policy::new(Rules {
        limits: HttpLimits { connections_max: 2, ..HttpLimits::default() },
        ..Rules::default()
    });
    let listen = || {
        let options = ListenerOptions { policy: policy.clone(), ..ListenerOptions::new("test", free()) };
        Server::listening(router(), options)
    };
    let (one, other) = (listen(), listen());
    let mut held = Vec::new();
    for server in [&one, &one, &other] {
        let mut connection = server.connect();
        connection.send(WHO);
        assert_eq!(connection.receive().status, 200);
        held.push(connection);
    }
    assert_eq!(held.swap_remove(0).closed(), "", "it made room at the other address");
    assert_eq!((policy.turned().displaced, policy.connections()), (1, 2));
}
