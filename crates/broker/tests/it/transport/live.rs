//! Listeners that come, change and go while messages flow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use vouchmq_broker::{Change, ListenAddress, ListenerChange, ListenerOptions, StartError};
use vouchmq_identity::{AuthRequest, Authenticator, Cost, Denial, Verdict};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::ReasonCode;

use super::{listener, serve};
use crate::harness::*;

/// Changes the listeners of a server, and says how many connections that ended.
fn change(server: &Server, listeners: Vec<ListenerOptions>) -> (Vec<ListenerChange>, usize) {
    let (changes, ended) = server.control.prepare_listeners(listeners).unwrap().commit();
    (changes, wait_for(ended))
}

fn tunnel(tls: vouchmq_tls::Client) -> Tunnel {
    Tunnel { tls: Some(tls), ..Tunnel::default() }
}

fn connected(server: &Server, tunnel: &Tunnel, client_id: &str) -> Client {
    let mut client = Client::open_through(tunnel, server.address(), V5);
    client.send(connect(V5, client_id));
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client
}

#[test]
fn listeners_come_and_go_and_their_clients_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker.sock");
    let server = serve(listener(None, false));
    let first = ListenerOptions::plain("layered", tcp());
    let unix = ListenerOptions::plain("unix", ListenAddress::Unix(path.clone()));
    let second =
        ListenerOptions { websocket: listener(None, true).websocket, ..ListenerOptions::plain("ws", tcp()) };
    let mut old = server.connect(V5, "old");
    old.subscribe("t", AtLeastOnce);

    let (changes, ended) = change(&server, vec![first.clone(), unix.clone(), second.clone()]);
    assert_eq!((changes.len(), ended), (2, 0));
    let opened: Vec<_> = changes.iter().map(|change| (&*change.name, &change.change)).collect();
    assert_eq!(opened, [("unix", &Change::Opened), ("ws", &Change::Opened)]);
    let ListenAddress::Tcp(address) = changes[1].address else { panic!("{changes:?}") };
    let through = Tunnel { websocket: Some("/mqtt"), ..Tunnel::default() };
    let mut late = Client::open_through(&through, address, V5);
    late.send(connect(V5, "late"));
    late.connack();
    let mut local = Client::open_unix(&path, V5);
    local.send(connect(V5, "local"));
    local.connack();

    let (changes, _) = change(&server, vec![ListenerOptions::plain("other", tcp())]);
    let closed = changes.iter().filter(|change| change.change == Change::Closed).count();
    assert_eq!((changes.len(), closed), (3, 2), "the first goes on by another name: {changes:?}");
    assert!(!path.exists());
    until("nobody is accepted any more", || std::net::TcpStream::connect(address).is_err());
    for client in [&mut late, &mut local] {
        client.publishes(AtLeastOnce, "t", "still here");
        old.receives(AtLeastOnce, "t", "still here");
    }
    server.connect(V5, "new").leave();
}

#[test]
fn a_change_is_made_wholly_or_not_at_all() {
    let papers = Papers::new();
    let server = serve(listener(Some(papers.options()), false));
    let kept = listener(Some(papers.options()), false);
    let taken = ListenerOptions::plain("taken", ListenAddress::Tcp(server.address()));
    let same = ListenerOptions::plain("layered", tcp());
    let blocked = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let foreign = ListenerOptions::plain("foreign", ListenAddress::Tcp(blocked.local_addr().unwrap()));
    let missing = ListenerOptions {
        tls: Some(vouchmq_tls::ServerOptions { certificates: Vec::new(), ..papers.options() }),
        ..ListenerOptions::plain("missing", tcp())
    };
    let refused = |wanted: Vec<ListenerOptions>| server.control.prepare_listeners(wanted).unwrap_err();
    assert!(matches!(refused(vec![kept.clone(), foreign]), StartError::Listen { .. }));
    assert!(matches!(refused(vec![kept.clone(), taken]), StartError::Listen { .. }));
    assert!(matches!(refused(vec![kept.clone(), same]), StartError::SameName(_)));
    assert!(matches!(refused(vec![kept.clone(), missing]), StartError::Tls { .. }));
    let prepared = server.control.prepare_listeners(Vec::new()).unwrap();
    assert!(matches!(refused(vec![kept.clone()]), StartError::Changing));
    drop(prepared);
    let (changes, _) = change(&server, vec![kept]);
    assert_eq!(changes, [], "nothing differs");
    connected(&server, &tunnel(papers.client()), "still").ping();
}

/// A listener moves to an address that overlaps its old one.
#[test]
fn an_address_may_widen() {
    let server = serve(listener(None, false));
    let port = server.address().port();
    let wide = ListenerOptions::plain("layered", ListenAddress::Tcp(([0, 0, 0, 0], port).into()));
    let mut old = server.connect(V5, "old");
    let (changes, _) = change(&server, vec![wide]);
    assert_eq!(changes.len(), 2, "{changes:?}");
    old.ping();
    server.connect(V5, "new").ping();
}

/// Certificates are replaced again and again, once by garbage, and no message is lost.
#[test]
fn a_changed_certificate_drops_nobody_and_garbage_changes_nothing() {
    let papers = Papers::new();
    let wanted = || vec![listener(Some(papers.options()), false)];
    let server = serve(listener(Some(papers.options()), false));
    let through = tunnel(papers.client());
    let mut receiver = connected(&server, &through, &server.name_at(0, "receiver"));
    receiver.subscribe("t", AtLeastOnce);
    let mut publisher = connected(&server, &through, &server.name_at(1, "publisher"));
    let is_over = Arc::new(AtomicBool::new(false));
    let over = is_over.clone();
    let traffic = std::thread::spawn(move || {
        let mut count = 0_u32;
        while !over.load(Ordering::Relaxed) {
            publisher.publishes(AtLeastOnce, "t", &count.to_string());
            receiver.receives(AtLeastOnce, "t", &count.to_string());
            count += 1;
        }
        count
    });
    for round in 0..20 {
        if round == 10 {
            papers.write("broker.crt", "garbage");
            let refused = server.control.prepare_listeners(wanted()).unwrap_err();
            assert!(matches!(refused, StartError::Tls { .. }), "{refused}");
        } else {
            papers.renew_server();
            let (changes, ended) = change(&server, wanted());
            let [ListenerChange { change: Change::Changed { tls: Some(tls), other: false }, .. }] = &*changes
            else {
                panic!("{changes:?}");
            };
            assert_eq!((tls.certificates, tls.clients, ended), (true, false, 0));
        }
        connected(&server, &through, "another").leave();
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(traffic.join().unwrap() > 0);
    assert_eq!(server.stats().handshakes.failed(), 0);
}

#[test]
fn a_client_whose_certificate_is_revoked_is_off_at_once_and_stays_off() {
    let papers = Papers::new();
    let server = serve(listener(Some(papers.mutual()), false));
    let (good, bad) = (tunnel(papers.device("good")), tunnel(papers.device("bad")));
    let mut stays = connected(&server, &good, "good");
    let mut clients = Vec::new();
    for shard in [0, 1] {
        clients.push(connected(&server, &bad, &server.name_at(shard, "bad")));
    }
    clients.iter_mut().for_each(Client::ping);
    until("it comes back by ticket", || {
        connected(&server, &bad, "again").leave();
        server.stats().handshakes.resumed > 0
    });
    papers.revoke(&["bad"]);
    let (changes, ended) = change(&server, vec![listener(Some(papers.mutual()), false)]);
    assert!(
        matches!(&*changes, [ListenerChange { change: Change::Changed { tls: Some(tls), .. }, .. }] if tls.clients),
        "{changes:?}"
    );
    assert_eq!(ended, 2);
    for mut client in clients {
        client.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    }
    for _ in 0..3 {
        if let Ok(mut returned) = bad.open(server.address()) {
            use std::io::{Read, Write};
            let hello = encode(V311, connect(V311, "returned"));
            let _ = returned.stream.write_all(&hello);
            assert_eq!(returned.stream.read(&mut [0; 64]).unwrap_or(0), 0, "nothing is answered");
        }
    }
    assert!(server.client("returned").is_none());
    stays.ping();
    connected(&server, &good, "good too").ping();
}

/// Two devices, of which one is revoked after the listener has become another.
fn fleet(papers: &Papers, server: &Server) -> (Client, Client) {
    let good = connected(server, &tunnel(papers.device("good")), &server.name_at(0, "good"));
    let bad = connected(server, &tunnel(papers.device("bad")), &server.name_at(1, "bad"));
    (good, bad)
}

#[test]
fn who_came_by_a_listener_that_moves_in_the_same_change_is_judged_by_its_new_lists() {
    let papers = Papers::new();
    let server = serve(listener(Some(papers.mutual()), false));
    let (mut good, mut bad) = fleet(&papers, &server);
    papers.revoke(&["bad"]);
    let local = std::net::TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    let moved =
        ListenerOptions { address: ListenAddress::Tcp(local), ..listener(Some(papers.mutual()), false) };
    let (changes, ended) = change(&server, vec![moved]);
    assert_eq!((changes.len(), ended), (2, 1), "{changes:?}");
    bad.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    good.ping();
}

#[test]
fn a_listener_that_asks_again_judges_whom_it_asked_before() {
    let papers = Papers::new();
    for meanwhile in [None, Some(papers.options())] {
        papers.revoke(&[]);
        let server = serve(listener(Some(papers.mutual()), false));
        let (mut good, mut bad) = fleet(&papers, &server);
        papers.revoke(&["bad"]);
        let (_, ended) = change(&server, vec![listener(meanwhile, false)]);
        assert_eq!(ended, 0, "less is wanted: everybody stays");
        bad.ping();
        let (_, ended) = change(&server, vec![listener(Some(papers.mutual()), false)]);
        assert_eq!(ended, 1);
        bad.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
        good.ping();
    }
}

#[test]
fn who_came_by_a_listener_that_is_gone_is_judged_by_its_files_and_by_the_one_that_comes_back() {
    let papers = Papers::new();
    let server = serve(listener(Some(papers.mutual()), false));
    let (mut good, mut bad) = fleet(&papers, &server);
    let mut worse = connected(&server, &tunnel(papers.device("worse")), "worse");
    let other = || ListenerOptions::plain("other", ListenAddress::Tcp(([127, 0, 0, 3], 0).into()));
    assert_eq!(change(&server, vec![other()]).1, 0);
    papers.revoke(&["bad"]);
    assert_eq!(change(&server, vec![other()]).1, 1);
    bad.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    papers.write("ca.crl", "garbage");
    let (changes, ended) = change(&server, vec![other()]);
    let is_told = |change: &ListenerChange| matches!(&change.change, Change::Unjudged { why } if why.contains("ca.crl"));
    assert!(changes.iter().any(is_told), "{changes:?}");
    assert_eq!(ended, 0);
    papers.revoke(&["bad", "worse"]);
    assert_eq!(change(&server, vec![other(), listener(Some(papers.mutual()), false)]).1, 1);
    worse.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
    good.ping();
}

#[test]
fn who_has_no_certificate_stays_when_one_is_required_from_now_on() {
    let papers = Papers::new();
    let mut optional = papers.mutual();
    if let Some(clients) = &mut optional.clients {
        clients.is_required = false;
    }
    let server = serve(listener(Some(optional), false));
    let mut without = connected(&server, &tunnel(papers.client()), "without");
    assert_eq!(change(&server, vec![listener(Some(papers.mutual()), false)]).1, 0);
    without.ping();
}

/// Remembers the names of certificates, and refuses everybody.
#[derive(Default)]
struct Clerk(Mutex<Vec<(Option<String>, bool)>>);

impl Authenticator for Clerk {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let certificate = request.certificate.as_deref();
        let name = certificate.and_then(|certificate| certificate.common_name()).map(ToOwned::to_owned);
        let has_authority = certificate.is_some_and(|certificate| certificate.authority().is_some());
        self.0.lock().unwrap().push((name, has_authority));
        Verdict::Deny(Denial::Blocked)
    }
}

#[test]
fn the_authenticator_sees_the_certificate_after_every_handshake_and_move() {
    let papers = Papers::new();
    let clerk = Arc::new(Clerk::default());
    let server = Server::with(|config, _| {
        config.listeners = vec![listener(Some(papers.mutual()), true)];
        config.authenticator = clerk.clone();
    });
    let through = Tunnel { websocket: Some("/mqtt"), ..tunnel(papers.device("device-1")) };
    for shard in [0, 1, 0, 1, 0, 1] {
        let mut client = Client::open_through(&through, server.address(), V5);
        client.send(connect(V5, &server.name_at(shard, "c")));
        client.connack();
    }
    assert!(server.stats().handshakes.resumed > 0);
    assert_eq!(*clerk.0.lock().unwrap(), vec![(Some("device-1".to_owned()), true); 6]);
}
