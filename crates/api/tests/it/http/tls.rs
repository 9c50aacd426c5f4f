//! HTTPS: real sockets, certificates made for the purpose.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use serde_json::json;
use vouchmq_api::http::{HttpLimits, ListenFault, ListenerOptions, Policy, Rules};
use vouchmq_client::Rest;
use vouchmq_tls::{Fingerprint, Peer, ServerOptions};

use crate::harness::pki::Pki;
use crate::harness::world::World;
use crate::harness::{Connection, Server, bind, free, runtime};

const ASK: &[u8] = b"GET /who HTTP/1.1\r\nHost: broker.example\r\n\r\n";

/// Says who asks.
fn router() -> Router {
    Router::new()
        .route("/who", get(|peer: Extension<Peer>| async move { format!("{:?}", peer.fingerprint()) }))
}

fn serve(tls: ServerOptions) -> Server {
    serve_with(tls, HttpLimits::default())
}

fn serve_with(tls: ServerOptions, limits: HttpLimits) -> Server {
    let policy = Policy::new(Rules { limits, ..Rules::default() });
    Server::listening(
        router(),
        ListenerOptions { policy, tls: Some(tls), ..ListenerOptions::new("test", free()) },
    )
}

#[test]
fn requests_are_answered_over_tls_and_browsers_told_to_stay_there() {
    let pki = Pki::new();
    let server = serve(pki.server());
    let mut connection = pki.connect(server.address, None);
    for _ in 0..2 {
        connection.send(ASK);
        let answer = connection.receive();
        assert_eq!((answer.status, answer.body.as_str()), (200, "None"));
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    }
    let plain = Server::start(Router::new());
    assert!(
        plain.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").header("strict-transport-security").is_none()
    );
}

#[test]
fn a_request_says_by_which_certificate_it_came() {
    let pki = Pki::new();
    let server = serve(pki.mutual(&[]));
    let files = pki.client("broker-1");
    let mut connection = pki.connect(server.address, Some(&files));
    connection.send(ASK);
    let pem = std::fs::read_to_string(&files.certificate).unwrap();
    assert_eq!(connection.receive().body, format!("Some({:?})", fingerprint(&pem)));
    let mut nobody = pki.connect(server.address, None);
    nobody.send(ASK);
    assert_eq!(nobody.receive().body, "None");
}

fn fingerprint(pem: &str) -> Fingerprint {
    Fingerprint::of_pem(pem).unwrap()
}

#[test]
fn only_loopback_may_be_without_tls() {
    let anywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    assert!(matches!(bind(anywhere), Err(ListenFault::NotLoopback { .. })));
    let pki = Pki::new();
    let options = ListenerOptions { tls: Some(pki.server()), ..ListenerOptions::new("test", anywhere) };
    let server = Server::listening(router(), options);
    let mut connection = pki.connect(SocketAddr::from(([127, 0, 0, 1], server.address.port())), None);
    connection.send(b"GET /who HTTP/1.1\r\nHost: 192.0.2.7:8081\r\n\r\n");
    assert_eq!(connection.receive().status, 200);
}

#[test]
fn a_listener_whose_files_are_no_good_does_not_start() {
    let pki = Pki::new();
    let mut options = pki.server();
    options.certificates[0].key = "/nowhere/server.key".into();
    let options = ListenerOptions { tls: Some(options), ..ListenerOptions::new("management", free()) };
    let fault = runtime().block_on(vouchmq_api::http::Listener::bind(options)).unwrap_err();
    let text = fault.to_string();
    assert!(text.contains("management") && text.contains("/nowhere/server.key"), "{text}");
}

/// Many handshakes that stand still keep nobody else waiting, and end.
#[test]
fn a_slow_handshake_stalls_nobody_and_ends() {
    let pki = Pki::new();
    let limits = HttpLimits { head_timeout: Duration::from_millis(300), ..HttpLimits::default() };
    let server = serve_with(pki.server(), limits);
    let silent: Vec<Connection> = (0..20).map(|_| server.connect()).collect();
    let mut half = Connection::dial(server.address);
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).unwrap();
    let mut connection = pki.connect(server.address, None);
    connection.send(ASK);
    assert_eq!(connection.receive().status, 200);
    for silent in silent {
        assert_eq!(silent.closed(), "");
    }
    assert_eq!(half.read(&mut [0; 64]).unwrap_or(0), 0);
}

#[test]
fn plain_http_is_refused_with_an_alert() {
    let pki = Pki::new();
    let server = serve(pki.server());
    let mut stream = Connection::dial(server.address);
    stream.write_all(ASK).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
}

#[test]
fn a_drain_ends_connections_that_have_asked_nothing_and_handshakes() {
    let pki = Pki::new();
    let mut server = serve(pki.server());
    let silent = server.connect();
    let mut connection = pki.connect(server.address, None);
    connection.send(ASK);
    connection.receive();
    server.join();
    assert_eq!(silent.closed(), "");
    assert_eq!(connection.closed(), "");
}

#[test]
fn a_new_certificate_is_shown_to_the_next_and_drops_nobody() {
    let pki = Pki::new();
    let server = serve(pki.server());
    let mut open = pki.connect(server.address, None);
    open.send(ASK);
    assert_eq!(open.receive().status, 200);
    let reloaded = Pki::new();
    let tls = server.tls.as_ref().unwrap();
    assert!(tls.reload(&reloaded.server(), now()).unwrap().certificates);
    open.send(ASK);
    assert_eq!(open.receive().status, 200);
    let mut next = reloaded.connect(server.address, None);
    next.send(ASK);
    assert_eq!(next.receive().status, 200);
}

#[test]
fn a_client_that_is_revoked_is_off_at_once_and_the_others_stay() {
    let pki = Pki::new();
    let server = serve(pki.mutual(&[]));
    let (bad, good) = (pki.client("bad"), pki.client("good"));
    let [mut revoked, mut silent, mut bystander] =
        [&bad, &bad, &good].map(|files| pki.connect(server.address, Some(files)));
    for connection in [&mut revoked, &mut silent, &mut bystander] {
        connection.send(ASK);
        assert_eq!(connection.receive().status, 200);
    }
    let reloaded = server.tls.as_ref().unwrap().reload(&pki.mutual(&[&bad]), now()).unwrap();
    assert!(reloaded.clients);
    revoked.try_send(ASK);
    assert_eq!(revoked.closed(), "");
    assert_eq!(silent.closed(), "", "without asking anything");
    bystander.send(ASK);
    assert_eq!(bystander.receive().status, 200);
}

#[test]
fn a_caller_and_a_broker_are_known_by_their_certificates() {
    let pki = Pki::new();
    let world = World::new();
    let (ours, other) = (pki.client("broker-1"), pki.client("other"));
    let pem = std::fs::read_to_string(&ours.certificate).unwrap();
    let certificate = fingerprint(&pem).to_string();
    let options = serde_json::from_value(json!({
        "callers": [{ "name": "broker-1", "certificate": certificate }],
        "brokers": [{ "name": "nanomq", "certificate": certificate }],
    }));
    let router = world.router(&options.unwrap());
    let options = ListenerOptions { tls: Some(pki.mutual(&[])), ..ListenerOptions::new("test", free()) };
    let server = Server::listening(router, options);
    let body = format!(r#"{{"clientid":"d1","username":"d1","password":"{}"}}"#, world.secret.expose());
    for path in ["/v1/auth/verify", "/mqtt/auth"] {
        for (files, expected) in [(Some(&ours), 200), (Some(&other), 401), (None, 401)] {
            let mut connection = pki.connect(server.address, files);
            let length = body.len();
            connection.send(
                format!("POST {path} HTTP/1.1\r\nHost: broker.example\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
                    .as_bytes(),
            );
            assert_eq!(connection.receive().status, expected, "{path} {files:?}");
        }
    }
}

#[test]
fn our_own_client_speaks_https_and_verifies() {
    let pki = Pki::new();
    let router = Router::new().route("/v1/healthz", get(|| async { axum::Json(json!({ "status": "ok" })) }));
    let options = ListenerOptions { tls: Some(pki.mutual(&[])), ..ListenerOptions::new("test", free()) };
    let server = Server::listening(router, options);
    let base = format!("https://{}", server.address);
    let ask = |tls| {
        let rest = Rest::secure(&base, Some("token"), tls).unwrap();
        runtime().block_on(rest.get::<serde_json::Value>("/v1/healthz"))
    };
    for certificate in [None, Some(&pki.client("operator"))] {
        for _ in 0..2 {
            assert_eq!(ask(pki.tls(certificate)).unwrap()["status"], "ok");
        }
    }
    let told = ask(Pki::new().tls(None)).unwrap_err().to_string();
    assert!(told.contains("refused"), "{told}");
    assert!(Rest::new(&base, None).is_err(), "whom to trust is said");
    assert!(
        Rest::secure("http://127.0.0.1:1", None, pki.tls(None)).is_err(),
        "a token is not sent without TLS"
    );
}

/// The client of everybody else, where it is installed.
#[test]
fn curl_is_served() {
    let pki = Pki::new();
    let server = serve(pki.mutual(&[]));
    let files = pki.client("curl");
    let port = server.address.port();
    let asked = Command::new("curl")
        .args(["-sS", "--max-time", "20", "--resolve", &format!("broker.example:{port}:127.0.0.1")])
        .arg("--cacert")
        .arg(files.certificate.with_file_name("ca.crt"))
        .arg("--cert")
        .arg(&files.certificate)
        .arg("--key")
        .arg(&files.key)
        .arg(format!("https://broker.example:{port}/who"))
        .output();
    let Ok(asked) = asked else { return };
    let answer = String::from_utf8_lossy(&asked.stdout);
    assert!(answer.starts_with("Some(sha256:"), "{answer} {}", String::from_utf8_lossy(&asked.stderr));
}

#[expect(clippy::disallowed_methods, reason = "handshakes judge certificates by the system's time")]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
