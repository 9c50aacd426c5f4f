//! Several addresses with the same rules, Unix sockets, and requests that wait for their turn.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use utoipa_axum::routes;
use vouchmq_api::http::{
    Gate, Gatekeeper, HttpLimits, ListenFault, ListenerOptions, Peer, Policy, Presented, Principal, Refusal,
    Routes, Rules, Stranger,
};
use vouchmq_broker::ListenAddress;
use vouchmq_identity::model::Scope;

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

/// What requests work on.
#[derive(Clone)]
struct Works {
    go: Arc<Semaphore>,
    at_work: Arc<AtomicUsize>,
    tell: Sender<usize>,
}

/// Says how many are at work, and waits to be let go.
#[utoipa::path(get, path = "/work", responses((status = 200)))]
async fn work(State(Works { go, at_work, tell }): State<Works>) {
    tell.send(at_work.fetch_add(1, Ordering::SeqCst) + 1).unwrap();
    go.acquire().await.unwrap().forget();
    at_work.fetch_sub(1, Ordering::SeqCst);
}

/// Knows everybody who shows a token.
struct Keeper;

#[async_trait]
impl Gatekeeper for Keeper {
    async fn principal(&self, presented: &Presented, _: IpAddr) -> Result<Principal, Refusal> {
        match presented {
            Presented::Bearer(_) => Ok(Principal::new("operator", [Scope::Admin])),
            _ => Err(Stranger::because("unknown").into()),
        }
    }
}

fn waiting(limits: HttpLimits) -> (Server, Policy, Arc<Semaphore>, Receiver<usize>) {
    let (go, at_work) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (tell, told) = channel();
    let policy = Policy::new(Rules { limits, ..Rules::default() });
    let options = ListenerOptions { policy: policy.clone(), ..ListenerOptions::new("test", free()) };
    let routes = Routes::new("test").add(Scope::DevicesRead, routes!(work));
    let works = Works { go: go.clone(), at_work, tell };
    let built = routes.build(works, &Gate::new(Arc::new(Keeper)), None);
    (Server::listening(built.router, options), policy, go, told)
}

const WORK: &[u8] = b"GET /work HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n";

#[test]
fn so_many_requests_are_worked_on_at_a_time_and_the_others_wait_for_their_turn() {
    let (server, _, go, told) = waiting(HttpLimits { requests_max: 2, ..HttpLimits::default() });
    let mut asking: Vec<Connection> = (0..6).map(|_| server.connect()).collect();
    for connection in &mut asking {
        connection.send(WORK);
    }
    assert_eq!(told.recv().unwrap().max(told.recv().unwrap()), 2);
    go.add_permits(6);
    assert!(asking.iter_mut().all(|connection| connection.receive().status == 200));
    assert!(told.try_iter().all(|at_work| at_work <= 2));
}

#[test]
fn who_waits_too_long_for_its_turn_is_told_that_nothing_was_done_and_a_reload_makes_more_room() {
    let patient = |requests_max| HttpLimits { requests_max, ..HttpLimits::default() };
    let (server, policy, go, told) = waiting(patient(1));
    let mut first = server.connect();
    first.send(WORK);
    told.recv().unwrap();
    let request_timeout = Duration::from_millis(200);
    policy.replace(Rules { limits: HttpLimits { request_timeout, ..patient(1) }, ..Rules::default() });
    let nobody = server.ask("GET /work HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(nobody.status, 401, "who is nobody waits for nothing");
    let mut second = server.connect();
    second.send(WORK);
    let answer = second.receive();
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    assert!(answer.body.contains("nothing was done") && answer.header("retry-after").is_some());
    policy.replace(Rules { limits: patient(8), ..Rules::default() });
    let mut third = server.connect();
    third.send(WORK);
    assert_eq!(told.recv().unwrap(), 2);
    go.add_permits(2);
    assert_eq!([first.receive().status, third.receive().status], [200, 200]);
}
