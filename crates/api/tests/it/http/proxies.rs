//! Who asks, behind proxies; and who may.

use axum::Router;
use axum::routing::get;
use vouchmq_api::http::{HostNames, ListenerOptions, Peer, Policy, Rules};

use crate::harness::pki::Pki;
use crate::harness::{Connection, Server, free};

/// Says who asks.
fn router() -> Router {
    Router::new().route("/who", get(async |Peer(peer): Peer| peer.ip().to_string()))
}

fn networks<const N: usize>(texts: [&str; N]) -> Vec<vouchmq_identity::Cidr> {
    texts.map(|text| text.parse().unwrap()).into()
}

fn trusting() -> Rules {
    Rules { trusted_proxies: networks(["127.0.0.0/8", "10.0.0.0/8"]), ..Rules::default() }
}

fn who(fields: &str) -> String {
    format!("GET /who HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

const FORWARDED: &str = "X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.2.3\r\nX-Forwarded-Proto: https\r\n";

#[test]
fn what_a_proxy_says_counts_if_it_is_trusted_and_what_the_client_wrote_before_never() {
    let trusted = Server::by(router(), trusting());
    let answer = trusted.ask(&who(FORWARDED));
    assert_eq!(answer.body, "192.0.2.1");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    let answer = trusted.ask(&who("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n"));
    assert_eq!((answer.body.as_str(), answer.header("strict-transport-security")), ("192.0.2.1", None));
    assert_eq!(trusted.ask(&who("Forwarded: for=6.6.6.6, for=\"192.0.2.1:80\"\r\n")).body, "192.0.2.1");
    let two = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=6.6.6.6\r\n";
    for unclear in [two, "X-Forwarded-For: unknown\r\n", "X-Forwarded-For: \r\n"] {
        assert_eq!(trusted.ask(&who(unclear)).code(), "malformed_request", "{unclear}");
    }

    for stranger in
        [Rules::default(), Rules { trusted_proxies: networks(["10.0.0.0/8"]), ..Rules::default() }]
    {
        let answer = Server::by(router(), stranger).ask(&who(FORWARDED));
        assert_eq!((answer.body.as_str(), answer.header("strict-transport-security")), ("127.0.0.1", None));
    }
}

#[test]
fn who_is_not_on_the_list_is_closed_or_refused_behind_a_proxy() {
    let unlisted = Rules { allow: networks(["192.0.2.0/24"]), ..Rules::default() };
    let policy = Policy::new(unlisted.clone());
    let options = ListenerOptions { policy: policy.clone(), ..ListenerOptions::new("test", free()) };
    let server = Server::listening(router(), options);
    let mut connection = server.connect();
    connection.try_send(who("").as_bytes());
    assert_eq!(connection.closed(), "", "without a word");
    assert_eq!(policy.turned().unlisted, 1);

    policy.replace(Rules { trusted_proxies: networks(["127.0.0.1/32"]), ..unlisted });
    assert_eq!(server.ask(&who("X-Forwarded-For: 192.0.2.7\r\n")).body, "192.0.2.7");
    let answer = server.ask(&who("X-Forwarded-For: 192.0.2.7, 198.51.100.1\r\n"));
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    assert_eq!(server.ask(&who("")).code(), "malformed_request", "the proxy for itself");
}

/// A list that is changed counts for who is connected, and for nobody whom it names.
#[test]
fn who_is_taken_off_the_list_is_closed_at_once_and_nobody_else() {
    let policy = Policy::new(Rules { allow: networks(["127.0.0.0/8"]), ..Rules::default() });
    let options = ListenerOptions { policy: policy.clone(), ..ListenerOptions::new("test", free()) };
    let server = Server::listening(router(), options);
    let (mut stays, mut leaves) = (server.connect(), Connection::between("127.0.0.9", server.address));
    for connection in [&mut stays, &mut leaves] {
        connection.send(who("").as_bytes());
        assert_eq!(connection.receive().status, 200);
    }
    policy.replace(Rules { allow: networks(["127.0.0.1/32"]), ..Rules::default() });
    assert_eq!(leaves.closed(), "");
    stays.send(who("").as_bytes());
    assert_eq!(stays.receive().status, 200);
    assert_eq!((policy.turned().unlisted, policy.connections()), (1, 1));
}

#[test]
fn a_header_of_the_proxy_protocol_says_who_connects_and_is_wanted() {
    let rules = Rules { has_proxy_protocol: true, ..trusting() };
    let server = Server::by(router(), rules.clone());
    let second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x09\x0a\0\0\x01\x12\x67\x1f\x91".to_vec();
    for (header, client) in [
        (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 8081\r\n".to_vec(), "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 8081\r\n".to_vec(), "2001:db8::1"),
        (second, "192.0.2.9"),
    ] {
        let mut connection = server.connect();
        connection.send(&[header, who(FORWARDED).into_bytes()].concat());
        // Header fields are the client's: only the header of the connection counts.
        assert_eq!(connection.receive().body, client);
    }
    for bad in ["PROXY TCP4 x y 1 2\r\n\r\n\r\n", &who("")] {
        let mut connection = server.connect();
        connection.try_send(bad.as_bytes());
        assert_eq!(connection.closed(), "", "{bad}");
    }
    let allow = networks(["192.0.2.7/32"]);
    let server = Server::by(router(), Rules { allow, ..rules.clone() });
    for (client, is_served) in [("192.0.2.7", true), ("192.0.2.8", false)] {
        let mut connection = server.connect();
        let header = format!("PROXY TCP4 {client} 10.0.0.1 4711 8081\r\n");
        connection.try_send([header, who("Connection: close\r\n")].concat().as_bytes());
        assert_eq!(connection.closed().starts_with("HTTP/1.1 200"), is_served, "{client}");
    }
    let strangers = Rules { trusted_proxies: networks(["10.0.0.0/8"]), ..rules };
    let mut connection = Server::by(router(), strangers).connect();
    connection.try_send(b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 8081\r\n");
    assert_eq!(connection.closed(), "", "anybody could say that");
}

#[test]
fn a_header_of_the_proxy_protocol_comes_before_tls() {
    let pki = Pki::new();
    let policy = Policy::new(Rules { has_proxy_protocol: true, ..trusting() });
    let tls = Some(pki.server());
    let server =
        Server::listening(router(), ListenerOptions { policy, tls, ..ListenerOptions::new("test", free()) });
    let header = b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 8081\r\n";
    let mut connection = pki.connect_behind(server.address, header);
    connection.send(who("").as_bytes());
    assert_eq!(connection.receive().body, "192.0.2.7");
}

/// Below TLS a name is looked at where names are configured.
#[test]
fn names_that_are_configured_count_over_tls_too() {
    let pki = Pki::new();
    let policy = Policy::new(Rules { host_names: HostNames::new(["broker.example"]), ..Rules::default() });
    let tls = Some(pki.server());
    let server =
        Server::listening(router(), ListenerOptions { policy, tls, ..ListenerOptions::new("test", free()) });
    for (host, status) in [("broker.example", 200), ("localhost", 200), ("evil.example", 421)] {
        let mut connection = pki.connect(server.address, None);
        connection.send(format!("GET /who HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(connection.receive().status, status, "{host}");
    }
}

/// Says who asks, and how it is.
fn healthy() -> Router {
    router().route("/healthz", get(async || "well")).route("/readyz", get(async || "ready"))
}

fn told(server: &Server, header: &str, path: &str, fields: &str) -> crate::harness::Answer {
    let mut connection = server.connect();
    connection.send(format!("{header}GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").as_bytes());
    connection.receive()
}

#[test]
fn a_proxy_that_names_nobody_is_told_and_may_look_whether_we_are_well() {
    let by_fields = Server::by(healthy(), trusting());
    let by_protocol = Server::by(healthy(), Rules { has_proxy_protocol: true, ..trusting() });
    let proto = "X-Forwarded-Proto: https\r\n";
    for (server, header, fields) in [
        (&by_fields, "", ""),
        (&by_fields, "", proto),
        (&by_protocol, "PROXY UNKNOWN\r\n", ""),
        (&by_protocol, "PROXY UNKNOWN\r\n", FORWARDED),
    ] {
        let answer = told(server, header, "/who", fields);
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_request"), "{header}{fields}");
        assert!(answer.body.contains("X-Forwarded-For"), "{}", answer.body);
        assert_eq!(told(server, header, "/healthz", fields).body, "well");
        assert_eq!(told(server, header, "/readyz", fields).body, "ready");
        assert_eq!(told(server, header, "/healthz/", fields).status, 400);
    }
}

/// What is allowed on this machine only is allowed to nobody whom a proxy brings.
#[test]
fn nobody_is_on_this_machine_because_a_proxy_says_so() {
    let networks = networks(["127.0.0.1/32", "10.0.0.0/8"]);
    let rules = Rules { trusted_proxies: networks, ..Rules::default() };
    let server = Server::by(healthy(), rules.clone());
    for named in ["127.0.0.9", "127.0.0.1", "[::1]:80", "::ffff:127.0.0.9", "0.0.0.0", "127.0.0.9, 10.0.0.1"]
    {
        let answer = told(&server, "", "/who", &format!("X-Forwarded-For: {named}\r\n"));
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_request"), "{named}");
    }
    let past = told(&server, "", "/who", "X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n");
    assert_eq!(past.body, "192.0.2.1", "one proxy behind another");
    let answer = told(&server, "", "/who", "Forwarded: for=\"[::1]\"\r\n");
    assert_eq!(answer.status, 400);
    let server = Server::by(healthy(), Rules { has_proxy_protocol: true, ..rules });
    for header in ["TCP4 127.0.0.9 10.0.0.1 1 2", "TCP6 ::1 2001:db8::2 1 2", "TCP6 ::ffff:127.0.0.1 ::2 1 2"]
    {
        let header = format!("PROXY {header}\r\n");
        assert_eq!(told(&server, &header, "/who", "").status, 400, "{header}");
        assert_eq!(told(&server, &header, "/healthz", "").status, 200, "{header}");
    }
}

/// A client whose own address is one of the proxies' says nothing of others where the PROXY protocol tells who it is.
#[test]
fn behind_the_proxy_protocol_header_fields_say_nothing() {
    let server = Server::by(healthy(), Rules { has_proxy_protocol: true, ..trusting() });
    let header = "PROXY TCP4 10.9.9.9 10.0.0.1 4711 8081\r\n";
    for fields in
        [FORWARDED, "Forwarded: for=192.0.2.1;proto=https\r\n", "X-Forwarded-For: 127.0.0.1\r\n", ""]
    {
        let answer = told(&server, header, "/who", fields);
        assert_eq!((answer.body.as_str(), answer.header("strict-transport-security")), ("10.9.9.9", None));
    }
}
