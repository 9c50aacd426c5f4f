//! What an operator sees of clients and listeners, and does with them.

use std::path::Path;
use std::sync::Arc;

use vouchmq_broker::{ListenAddress, ListenerOptions, PublishFault};
use vouchmq_identity::{Access, Anonymous, Chain, Clock, FileAuthenticator, PasswordFile};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::packet::{Connect, WillMessage};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{
    Limits, Message, Properties, PropertiesBuf, Property, Publication, PublisherId, ReasonCode,
};

use crate::harness::*;

const KICKED: ReasonCode = ReasonCode::ADMINISTRATIVE_ACTION;

/// The user `u` with the password `correct horse`, quick to verify.
const USERS: &str = "u:$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE\n";

#[test]
fn a_client_is_shown_with_who_it_is_and_how_it_came() {
    let mut registry = Registry::new();
    let secret = registry.add("d1");
    let file = PasswordFile::parse(USERS, Path::new("users")).unwrap();
    let chain = Chain::new(vec![
        Box::new(registry.resident.clone()),
        Box::new(FileAuthenticator::new(file, Access::everything())),
        Box::new(Anonymous::everybody(Access::everything())),
    ]);
    let server = Server::with(|config, _| {
        config.authenticator = Arc::new(chain);
        config.listeners = vec![ListenerOptions::plain("front", tcp())];
    });
    let proven = Connect {
        username: Some("u"),
        password: Some(b"correct horse"),
        keep_alive_secs: 77,
        ..persistent(V311, "of-user")
    };
    let before = vouchmq_broker::SystemClock.now().millis();
    let mut clients = vec![
        server.connect_with(proven.clone()),
        server.connect_with(login(V5, "d1", &secret)),
        server.connect_with(Connect { username: Some("said"), ..persistent(V5, "says-so") }),
        server.connect_with(persistent(V5, "nameless")),
    ];
    for (client_id, username, device) in [
        ("of-user", Some("u"), None),
        ("d1", Some("d1"), Some("d1")),
        ("says-so", Some("said"), None),
        ("nameless", None, None),
    ] {
        let shown = server.client(client_id).unwrap();
        assert_eq!(shown.username.as_deref(), username, "{client_id}");
        assert_eq!(shown.device.as_ref().map(|device| device.as_str()), device, "{client_id}");
        assert_eq!(shown.listener.as_deref(), Some("front"));
        assert!(shown.peer.is_some());
        let connected_at = shown.connected_at.unwrap().millis();
        assert!(connected_at + 2000 >= before, "{connected_at} and {before}: to the second");
        assert!(connected_at <= vouchmq_broker::SystemClock.now().millis() + 1000);
        assert_eq!((shown.disconnected_at, shown.expires_at), (None, None));
    }
    let shown = server.client("of-user").unwrap().client;
    assert_eq!((shown.protocol_level, shown.keep_alive_secs, shown.clean_start), (4, 77, false));

    // One says goodbye, one vanishes: both leave their names.
    let (first, third) = (clients.remove(0), clients.remove(1));
    first.leave();
    drop(third);
    until("two are away", || server.stats().engines.clients == 2);
    for (client_id, username) in [("of-user", "u"), ("says-so", "said")] {
        let shown = server.client(client_id).unwrap();
        assert_eq!(shown.username.as_deref(), Some(username));
        assert_eq!((shown.peer, shown.listener, shown.device), (None, None, None));
        let (gone, ends) = (shown.disconnected_at.unwrap(), shown.expires_at);
        assert!(gone.millis() + 1000 >= before);
        if client_id == "says-so" {
            let kept_millis = ends.unwrap().millis() - gone.millis();
            assert!(kept_millis.abs_diff(3_600_000) < 2, "{kept_millis}");
        } else {
            assert_eq!(ends, None, "for ever");
        }
        assert_eq!(shown.connected_at, None);
    }
}

/// A stranger may say every client id and every name, and is shown nowhere.
#[test]
fn nobody_who_is_refused_leaves_a_name_with_anothers_session() {
    let file = PasswordFile::parse(USERS, Path::new("users")).unwrap();
    let authenticator = Arc::new(FileAuthenticator::new(file, Access::everything()));
    let server = Server::with(|config, _| config.authenticator = authenticator);
    let good = Connect { username: Some("u"), password: Some(b"correct horse"), ..persistent(V5, "a") };
    server.connect_with(good.clone()).leave();
    until("it is away", || server.stats().engines.clients == 0);
    for _ in 0..3 {
        let mut stranger = server.open(V5);
        stranger.send(Connect { username: Some("mallory"), password: Some(b"guess"), ..persistent(V5, "a") });
        assert!(stranger.connack().reason.is_error());
        stranger.expect_closed();
        let mut silent = server.open(V5);
        silent.send(Connect { username: Some("mallory"), password: Some(b"guess"), ..persistent(V5, "a") });
        drop(silent);
    }
    until("all are gone", || server.stats().connections == 0);
    assert_eq!(server.client("a").unwrap().username.as_deref(), Some("u"));
}

#[test]
fn an_operator_is_told_whether_the_client_was_there() {
    let server = Server::with(|config, _| config.engine.shard_count = 3);
    let disconnect = |client_id: &str| wait_for(server.control.disconnect_client(client_id, KICKED));
    let end = |client_id: &str| wait_for(server.control.end_session(client_id, KICKED));
    assert!(!disconnect("nobody"));
    assert!(!end("nobody"));
    for shard in 0..3 {
        let name = server.name_at(shard, "a");
        let mut client = server.connect_with(persistent(V5, &name));
        client.subscribe("t", AtLeastOnce);
        assert!(disconnect(&name));
        client.expect_disconnect(KICKED);
        assert!(!disconnect(&name));
        assert!(server.client(&name).is_some(), "its session is kept");
        assert!(end(&name));
        assert!(server.client(&name).is_none());
        assert!(!end(&name));
        let mut again = server.connect_with(persistent(V5, &name));
        assert!(end(&name));
        again.expect_disconnect(KICKED);
    }
    server.expect_nobody();
}

#[test]
fn a_session_that_is_ended_publishes_its_will_at_once_or_never() {
    let server = Server::start();
    let mut watcher = server.connect(V5, "watcher");
    watcher.subscribe("will/+", AtMostOnce);
    let mut delay = PropertiesBuf::new();
    delay.push(Property::WillDelayInterval(3600));
    for (name, reason) in [("normally", ReasonCode::SUCCESS), ("kicked", KICKED)] {
        let topic = format!("will/{name}");
        let will = WillMessage {
            qos: AtMostOnce,
            retain: false,
            properties: delay.as_properties(),
            topic: &topic,
            payload: b"lost",
        };
        let mut client = server.connect_with(Connect { will: Some(will), ..persistent(V5, name) });
        let shown = server.client(name).unwrap().client.will.unwrap();
        assert_eq!((shown.topic(), shown.delay.as_secs()), (topic.as_str(), 3600));
        assert!(wait_for(server.control.end_session(name, reason)));
        client.expect_disconnect(reason);
    }
    watcher.receives(AtMostOnce, "will/kicked", "lost");
}

fn publication<'a>(topic: &'a str, payload: &'a [u8]) -> Publication<'a> {
    Publication {
        topic,
        properties: Properties::EMPTY,
        payload,
        qos: ExactlyOnce,
        retain: false,
        publisher: PublisherId::BROKER,
        expires_at: Timestamp::NEVER,
    }
}

#[test]
fn what_an_operator_publishes_arrives_as_it_is_on_every_shard() {
    let server = Server::with(|config, _| config.engine.shard_count = 2);
    let publish = |publication: &Publication<'_>| {
        wait_for(server.control.publish_message(Message::new(publication)))
            .map(|published| published.is_matched)
    };
    assert_eq!(publish(&publication("news", b"x")), Ok(false));
    let mut properties = PropertiesBuf::new();
    properties.push(Property::ContentType("text/plain"));
    properties.push(Property::UserProperty("from", "an operator"));
    let full = Publication {
        properties: properties.as_properties(),
        retain: true,
        expires_at: server.control.now().after(std::time::Duration::from_secs(100)),
        ..publication("news", b"told")
    };
    for shard in 0..2 {
        let mut client = server.connect(V5, &server.name_at(shard, "s"));
        client.subscribe("news", ExactlyOnce);
        if shard == 1 {
            assert!(client.receives(ExactlyOnce, "news", "told").retain, "as it was retained");
        }
        assert_eq!(publish(&full), Ok(true), "shard {shard} alone");
        let received = client.receives(ExactlyOnce, "news", "told");
        assert_eq!(received.properties.content_type(), Some("text/plain"));
        assert_eq!(received.properties.user_properties().collect::<Vec<_>>(), [("from", "an operator")]);
        let left = received.properties.message_expiry_interval().unwrap();
        assert!((80..=100).contains(&left), "{left}");
        client.leave();
        until("it has left", || server.stats().engines.clients == 0);
    }
    assert_eq!(server.stats().engines.unmatched, 1);
    assert!(publish(&publication("news/#", b"x")).is_err());
}

#[test]
fn what_an_operator_publishes_is_refused_where_a_clients_is() {
    let server = Server::with(|config, limits: &mut Limits| {
        limits.packet_bytes_max = 100;
        config
            .engine
            .retained
            .set_limits(vouchmq_mqtt::retained::RetainedLimits { messages_max: 1, ..Default::default() });
    });
    let publish =
        |publication: &Publication<'_>| wait_for(server.control.publish_message(Message::new(publication)));
    let large = publish(&publication("t", &[0; 100]));
    assert!(matches!(large, Err(PublishFault::TooLarge { max: 100, .. })), "{large:?}");
    let retained = |topic| publish(&Publication { retain: true, ..publication(topic, b"x") });
    assert!(retained("a").is_ok());
    assert_eq!(retained("b"), Err(PublishFault::RetainedFull));
    assert!(retained("a").is_ok(), "in place of the one before");
    assert_eq!((server.stats().retained, server.stats().engines.retained_refused), (1, 1));
}

#[test]
fn listeners_are_shown_with_who_came_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker.sock");
    let papers = Papers::new();
    let plain = ListenerOptions::plain("plain", tcp());
    let tls = ListenerOptions { tls: Some(papers.options()), ..ListenerOptions::plain("tls", tcp()) };
    let unix = ListenerOptions::plain("unix", ListenAddress::Unix(path.clone()));
    let server = Server::with(|config, _| config.listeners = vec![plain.clone(), tls.clone(), unix.clone()]);
    let rows = || {
        let row = |one: vouchmq_broker::ListenerStatus| {
            (one.name.to_string(), one.transport, one.is_tls, one.connections, one.accepted)
        };
        server.control.listeners().into_iter().map(row).collect::<Vec<_>>()
    };
    let expected = |plain: (u64, u64), tls: (u64, u64), unix: (u64, u64)| {
        vec![
            ("plain".to_owned(), "tcp", false, plain.0, plain.1),
            ("tls".to_owned(), "tls", true, tls.0, tls.1),
            ("unix".to_owned(), "unix", false, unix.0, unix.1),
        ]
    };
    assert_eq!(rows(), expected((0, 0), (0, 0), (0, 0)));
    let one = server.connect(V5, "one");
    let _other = server.connect(V5, "other");
    let mut local = Client::open_unix(&path, V5);
    local.send(connect(V5, "local"));
    local.connack();
    let ListenAddress::Tcp(address) = server.control.listeners()[1].address else { panic!("a TCP address") };
    assert_ne!(address.port(), 0);
    let tunnel = Tunnel { tls: Some(papers.client()), ..Tunnel::default() };
    let mut sealed = Client::open_through(&tunnel, address, V5);
    sealed.send(connect(V5, "sealed"));
    sealed.connack();
    assert_eq!(rows(), expected((2, 2), (1, 1), (1, 1)));
    assert_eq!(server.client("sealed").unwrap().listener.as_deref(), Some("tls"));
    one.leave();
    until("one has left", || rows() == expected((1, 2), (1, 1), (1, 1)));
    // A listener that goes on keeps count, of those also who came before.
    let (_, ended) = server.control.prepare_listeners(vec![plain, tls, unix]).unwrap().commit();
    wait_for(ended);
    server.connect(V5, "late").leave();
    until("it has left", || rows() == expected((1, 3), (1, 1), (1, 1)));
}

#[test]
fn the_most_that_there_were_at_once_is_kept() {
    let server = Server::start();
    let mut clients: Vec<_> = (0..5).map(|number| server.connect(V5, &format!("c{number}"))).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.subscribe(&format!("t/{number}"), AtMostOnce);
        client.subscribe("$share/g/t/+", AtMostOnce);
    }
    let stats = server.stats();
    assert_eq!((stats.filters, stats.engines.shared_subscriptions), (6, 5));
    clients.into_iter().for_each(Client::leave);
    server.expect_nobody();
    let peaks = server.stats().peaks;
    assert_eq!((peaks.connections, peaks.sessions, peaks.subscriptions, peaks.filters), (5, 5, 10, 6));
    until("nobody wants anything any more", || server.stats().filters == 0);
}
