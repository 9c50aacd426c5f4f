//! Rights, held against everything that is published, subscribed to and delivered.

use std::sync::Arc;

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::engine::{CloseCause, Credentials, Decision, DenyAction, Input, Permit};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_publish_that_is_not_allowed_reaches_nobody,
    a_publish_that_is_not_allowed_can_cost_the_connection,
    a_wider_filter_delivers_only_what_may_be_received,
    rights_that_are_gone_on_resume_deliver_nothing,
    other_rights_hold_for_a_connected_client_at_once,
}

versions! { V311, V5 => a_filter_that_may_not_be_received_is_refused }

/// A world in which one client has these rights, and everybody else all.
fn world_with(client_id: &'static str, rights: Rights) -> World {
    let world = World::with(|setup| setup.shards = 2);
    restrict(&world, client_id, rights);
    world
}

fn restrict(world: &World, client_id: &'static str, rights: Rights) {
    world.authenticate_by(move |presented| {
        let is_restricted = *presented.client_id == *client_id;
        Answer::Now(allow(if is_restricted { rights.clone() } else { Rights::all() }))
    });
}

/// MQTT3-3.3.5-2
fn a_publish_that_is_not_allowed_reaches_nobody(version: ProtocolVersion) {
    let world = world_with("a", Rights::all().deny_publish("forbidden/#"));
    let witness = world.connect(version, "witness");
    witness.subscribe("#", QoS::AtMostOnce);
    let client = world.connect(version, "a");
    let (denied, is_told) = match version {
        V5 => (ReasonCode::NOT_AUTHORIZED, true),
        V31 | V311 => (ReasonCode::SUCCESS, false),
    };
    client.send(Publish { retain: true, ..qos0("forbidden/x", "0") });
    client.expect_nothing();
    client.send(Publish { retain: true, ..qos1(1, "forbidden/x", "1") });
    client.expect(puback(id(1), denied));
    client.send(Publish { retain: true, ..qos2(2, "forbidden/x", "2") });
    client.expect(pubrec(id(2), denied));
    if !is_told {
        client.send(pubrel(id(2), ReasonCode::SUCCESS));
        client.expect(pubcomp(id(2), ReasonCode::SUCCESS));
    }
    client.publishes(QoS::AtLeastOnce, "allowed", "x");
    witness.receives(QoS::AtMostOnce, "allowed", "x");
    witness.expect_nothing();
    witness.subscribe("forbidden/#", QoS::AtMostOnce);
    witness.expect_nothing();
    assert_eq!(world.count(|stats| stats.publishes_denied), 3);
}

/// MQTT3-3.3.5-2
fn a_publish_that_is_not_allowed_can_cost_the_connection(version: ProtocolVersion) {
    let world = World::with(|setup| setup.options.settings.deny_action = DenyAction::Disconnect);
    world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_publish("forbidden"))));
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let client = world.connect(version, "a");
        client.send(publish_at(qos, 1, "forbidden", "x"));
        let cause = client.disconnected(ReasonCode::NOT_AUTHORIZED);
        assert!(matches!(cause, CloseCause::Violation(ReasonCode::NOT_AUTHORIZED, _)));
    }
}

#[test]
fn an_alias_hides_no_topic() {
    let world = world_with("a", Rights::all().deny_publish("forbidden"));
    let client = world.connect(V5, "a");
    let properties = props(&[Property::TopicAlias(1)]);
    client.send(Publish { properties, ..qos1(1, "forbidden", "x") });
    client.expect(puback(id(1), ReasonCode::NOT_AUTHORIZED));
    client.send(Publish { properties, ..qos1(1, "", "x") });
    client.expect(puback(id(1), ReasonCode::NOT_AUTHORIZED));
}

fn a_filter_that_may_not_be_received_is_refused(version: ProtocolVersion) {
    let world = world_with("a", Rights::all().deny_receive("secret/#"));
    let client = world.connect(version, "a");
    let denied = if version == V5 { 0x87 } else { 0x80 };
    for filter in
        ["secret/#", "secret", "secret/x", "secret/+/y", "$share/g/secret/x", "$share/secret/secret/#"]
    {
        client.send(subscribe(1, &[(filter, options(QoS::AtMostOnce))]));
        assert_eq!(client.suback().reasons.as_bytes(), [denied], "{filter}");
    }
    assert_eq!(world.session("a").expect("a session").subscription_count, 0);
    assert_eq!(world.count(|stats| stats.subscriptions_denied), 6);
}

#[test]
fn how_a_subscription_is_refused_is_configurable() {
    let world =
        World::with(|setup| setup.options.settings.subscribe_denied_reason = ReasonCode::UNSPECIFIED_ERROR);
    world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_receive("secret"))));
    let client = world.connect(V5, "a");
    client.send(subscribe(1, &[("secret", options(QoS::AtMostOnce))]));
    assert_eq!(client.suback().reasons.as_bytes(), [0x80]);
}

#[test]
fn a_client_of_31_cannot_be_told_and_is_closed() {
    let world = world_with("a", Rights::all().deny_receive("secret"));
    let client = world.connect(V31, "a");
    client.send(subscribe(1, &[("allowed", options(QoS::AtMostOnce)), ("secret", options(QoS::AtMostOnce))]));
    assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::NOT_AUTHORIZED, _)));
}

/// As a filter, as a shared one, of what is new and of what is retained.
fn a_wider_filter_delivers_only_what_may_be_received(version: ProtocolVersion) {
    let world = world_with("a", Rights::all().deny_receive("secret/#"));
    let publishers = [0, 1].map(|shard| world.connect(version, world.name_at(shard, "publisher")));
    for publisher in &publishers {
        publisher.send(Publish { retain: true, ..qos0("secret/retained", "x") });
    }
    for filter in ["#", "+/#", "+/x", "+/+", "$share/g/#", "$share/g/+/x"] {
        let client = world.connect_with(persistent(version, "a"));
        client.subscribe(filter, QoS::AtLeastOnce);
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            for publisher in &publishers {
                publisher.publishes(qos, "secret/x", "x");
                client.expect_nothing();
                publisher.publishes(qos, "open/x", "x");
                client.receives(qos.min(QoS::AtLeastOnce), "open/x", "x");
            }
        }
        client.vanish();
        publishers[0].publishes(QoS::AtLeastOnce, "secret/x", "x");
        let client = world.connect_with(persistent(version, "a"));
        client.expect_nothing();
        client.unsubscribe(filter);
        client.leave();
    }
    assert!(world.count(|stats| stats.deliveries_denied) > 0);
}

fn rights_that_are_gone_on_resume_deliver_nothing(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect_with(persistent(version, "a"));
    for filter in ["t/1", "t/+", "$share/g/t/2"] {
        client.subscribe(filter, QoS::AtLeastOnce);
    }
    client.leave();
    let publisher = world.connect(version, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t/1", "waits");
    publisher.publishes(QoS::AtLeastOnce, "t/2", "waits");
    publisher.publishes(QoS::AtLeastOnce, "t/3", "waits");
    restrict(&world, "a", Rights::all().deny_receive("t/1").deny_receive("t/2"));
    let client = world.connect_with(persistent(version, "a"));
    client.receives(QoS::AtLeastOnce, "t/3", "waits");
    for (topic, is_allowed) in [("t/1", false), ("t/2", false), ("t/4", true)] {
        publisher.publishes(QoS::AtLeastOnce, topic, "new");
        if is_allowed {
            client.receives(QoS::AtLeastOnce, topic, "new");
        }
        client.expect_nothing();
    }
    client.leave();
    restrict(&world, "nobody", Rights::all());
    let client = world.connect_with(persistent(version, "a"));
    publisher.publishes(QoS::AtMostOnce, "t/1", "allowed again");
    client.receives(QoS::AtMostOnce, "t/1", "allowed again");
}

/// Gives a connected client these rights, until so many seconds after the start.
fn repermit(world: &World, client: &Client, rights: Rights, until_secs: Option<u64>) {
    let start = Timestamp::from_micros(1_000_000);
    let until = until_secs.map_or(Timestamp::NEVER, |secs| start.after(Duration::from_secs(secs)));
    let (shard, id) = world.connection(client);
    world.input_at(shard, Input::Repermit(id, Permit { authorize: Arc::new(rights), until, data: None }));
}

/// Publishes, subscriptions that are there, and messages that wait.
fn other_rights_hold_for_a_connected_client_at_once(version: ProtocolVersion) {
    let world = World::with(|setup| {
        setup.shards = 2;
        setup.limits.receive_maximum = 1;
    });
    let client = world.connect(version, "a");
    client.subscribe("t/#", QoS::AtLeastOnce);
    let publisher = world.connect(version, "publisher");
    client.publishes(QoS::AtLeastOnce, "mine", "allowed");
    publisher.publishes(QoS::AtLeastOnce, "t/1", "in flight");
    assert_eq!(client.publish().packet_id, Some(id(1)));
    publisher.publishes(QoS::AtLeastOnce, "t/2", "waits");
    let narrow = Rights::all().deny_publish("mine").deny_receive("t/2").deny_receive("t/3");
    repermit(&world, &client, narrow, None);
    client.send(puback(id(1), ReasonCode::SUCCESS));
    client.expect_nothing();
    publisher.publishes(QoS::AtMostOnce, "t/3", "denied");
    client.expect_nothing();
    publisher.publishes(QoS::AtMostOnce, "t/4", "still allowed");
    client.receives(QoS::AtMostOnce, "t/4", "still allowed");
    client.send(qos1(9, "mine", "denied"));
    let told = if version == V5 { ReasonCode::NOT_AUTHORIZED } else { ReasonCode::SUCCESS };
    client.expect(puback(id(9), told));
    repermit(&world, &client, Rights::all(), None);
    publisher.publishes(QoS::AtMostOnce, "t/3", "allowed again");
    client.receives(QoS::AtMostOnce, "t/3", "allowed again");
}

#[test]
fn another_permit_of_a_connected_client_moves_its_end() {
    for (first_secs, second_secs) in [(None, 100), (Some(200), 100), (Some(100), 200)] {
        let world = World::new();
        let (client, old) = (world.connect(V5, "a"), world.connect(V311, "b"));
        for connected in [&client, &old] {
            repermit(&world, connected, Rights::all(), first_secs);
            repermit(&world, connected, Rights::all(), Some(second_secs));
        }
        world.advance(Duration::from_millis(second_secs * 1000 - 1));
        assert!(client.is_open() && old.is_open());
        world.advance(LATE);
        assert_eq!(client.disconnected(ReasonCode::MAXIMUM_CONNECT_TIME), CloseCause::Expired);
        assert_eq!(old.closed(), CloseCause::Expired);
    }
}

/// Only a verdict lets a client in.
#[test]
fn another_permit_is_nothing_to_a_client_that_is_not_connected() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let client = world.open(V5);
    repermit(&world, &client, Rights::all(), None);
    client.send(connect(V5, "a"));
    repermit(&world, &client, Rights::all(), Some(0));
    client.expect_nothing();
    world.decide(&client, allow(Rights::all()));
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client.leave();
    assert_eq!(world.count(|stats| stats.sessions), 0);
}

#[test]
fn a_permit_ends_when_it_says() {
    let world = World::new();
    world.authenticate_by(|_| {
        let until = Timestamp::from_micros(1_000_000).after(Duration::from_secs(100));
        Answer::Now(Decision::Allow(Permit { authorize: Arc::new(Rights::all()), until, data: None }))
    });
    let client = world.connect(V5, "a");
    let old = world.connect(V311, "b");
    world.advance(Duration::from_millis(99_999));
    assert!(client.is_open() && old.is_open());
    world.advance(LATE);
    assert_eq!(client.disconnected(ReasonCode::MAXIMUM_CONNECT_TIME), CloseCause::Expired);
    assert_eq!(old.closed(), CloseCause::Expired);
}

#[test]
fn the_authenticator_sees_what_the_client_presented() {
    let world = World::new();
    let connect = Connect { username: Some("user"), password: Some(b"\x00\xFF"), ..connect(V5, "a") };
    world.connect_with(connect);
    let presented = world.presented();
    let [presented] = presented.as_slice() else { panic!("one CONNECT, one question") };
    assert_eq!((&*presented.client_id, presented.username.as_deref()), ("a", Some("user")));
    let Credentials::Password(Some(password)) = &presented.credentials else { panic!("a password was sent") };
    assert_eq!(password, b"\x00\xFF");
    assert!(!format!("{presented:?}").contains("255"), "a password is never printed");
}

#[test]
fn every_refusal_has_its_code() {
    let rows = [
        (ReasonCode::BAD_USER_NAME_OR_PASSWORD, Some(4)),
        (ReasonCode::NOT_AUTHORIZED, Some(5)),
        (ReasonCode::CLIENT_IDENTIFIER_NOT_VALID, Some(2)),
        (ReasonCode::SERVER_UNAVAILABLE, Some(3)),
        (ReasonCode::SERVER_BUSY, Some(3)),
        (ReasonCode::BANNED, Some(5)),
        (ReasonCode::BAD_AUTHENTICATION_METHOD, None),
    ];
    for (reason, code) in rows {
        let world = World::new();
        world.authenticate_by(move |_| Answer::Now(refuse(reason)));
        let client = world.open(V5);
        client.send(connect(V5, "a"));
        assert_eq!(client.connack().reason, reason);
        assert_eq!(client.closed(), CloseCause::Refused(reason));
        let old = world.open(V311);
        old.send(connect(V311, "a"));
        if let Some(code) = code {
            assert_eq!(old.take_bytes(), [0x20, 2, 0, code]);
        }
        old.closed();
    }
}

#[test]
fn a_new_permit_moves_the_end() {
    for (first_secs, second_secs) in [(100, 200), (200, 100)] {
        let world = World::new();
        let permit = |secs| Permit {
            authorize: Arc::new(Rights::all()),
            until: Timestamp::from_micros(1_000_000).after(Duration::from_secs(secs)),
            data: None,
        };
        world.authenticate_by(move |presented| {
            let secs = match &presented.credentials {
                Credentials::Again { .. } => second_secs,
                _ => first_secs,
            };
            Answer::Now(Decision::Allow(permit(secs)))
        });
        let properties = props(&[Property::AuthenticationMethod("m")]);
        let client = world.connect_with(Connect { properties, ..connect(V5, "a") });
        client.send(authenticate(ReasonCode::REAUTHENTICATE, "m", b""));
        assert_eq!(client.authentication().reason, ReasonCode::SUCCESS);
        world.advance(Duration::from_millis(second_secs * 1000 - 1));
        client.expect_nothing();
        world.advance(LATE);
        client.disconnected(ReasonCode::MAXIMUM_CONNECT_TIME);
    }
}
