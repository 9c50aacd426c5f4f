//! What an operator sees of clients, and does: page by page, and with an answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use arbtest::arbtest;
use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::engine::{ClientState, Engine, PublishFault, Published};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::topic::TopicFault;
use vouchmq_mqtt::{Message, Properties, Property, Publication, PublisherId, QoS, ReasonCode};

use super::harness::*;

const KICKED: ReasonCode = ReasonCode::ADMINISTRATIVE_ACTION;

fn secs(secs: u64) -> Timestamp {
    Timestamp::from_micros(secs * 1_000_000)
}

fn message(topic: &str, payload: &[u8], retain: bool, properties: Properties<'_>) -> Arc<Message> {
    Message::new(&Publication {
        topic,
        properties,
        payload,
        qos: QoS::AtLeastOnce,
        retain,
        publisher: PublisherId::BROKER,
        expires_at: Timestamp::NEVER,
    })
}

fn plain(topic: &str) -> Arc<Message> {
    message(topic, b"x", false, Properties::EMPTY)
}

fn publish(world: &World, message: &Arc<Message>) -> Result<Published, PublishFault> {
    world.instruct(0, |engine, now| engine.publish(now, message))
}

// --- what is shown

/// Name, level, Keep Alive and Clean Start as CONNECT said them.
fn said(client: &ClientState) -> (&'static str, u8, u16, bool) {
    (client.protocol_name, client.protocol_level, client.keep_alive_secs, client.clean_start)
}

#[test]
fn what_connect_said_is_shown_while_a_client_is_here_and_while_it_is_away() {
    let world = World::with(|setup| setup.limits.keep_alive_max_secs = 60);
    for (version, name, level) in [(V31, "MQIsdp", 3), (V311, "MQTT", 4), (V5, "MQTT", 5)] {
        let client = world.connect_with(Connect { keep_alive_secs: 90, ..persistent(version, "a") });
        let expected = (name, level, 90, false);
        assert_eq!(said(&world.session("a").expect("it is here")), expected);
        client.vanish();
        assert_eq!(said(&world.session("a").expect("it is away")), expected);
    }
    let properties = props(&[Property::SessionExpiryInterval(1)]);
    let again = world.connect_with(Connect { properties, ..connect(V5, "a") });
    assert_eq!(said(&world.session("a").expect("it is here")), ("MQTT", 5, 0, true));
    again.vanish();
    assert_eq!(said(&world.session("a").expect("it is away")), ("MQTT", 5, 0, true));
}

/// Until when a session is kept: for a while, for ever, or as long as its connection.
#[test]
fn a_client_is_shown_since_when_it_is_here_or_away_and_for_how_long() {
    let world = World::new();
    world.advance_secs(9);
    let client = world.connect_with(persistent(V5, "a"));
    world.advance_secs(10);
    let here = world.session("a").expect("it is here");
    assert_eq!((here.connected_at, here.disconnected_at, here.expires_at), (Some(secs(10)), None, None));
    client.vanish();
    let away = world.session("a").expect("it is away");
    let expires_at = Some(secs(20 + u64::from(KEPT_SECS)));
    assert_eq!(
        (away.connected_at, away.disconnected_at, away.expires_at),
        (None, Some(secs(20)), expires_at)
    );
    let _again = world.connect_with(persistent(V5, "a"));
    let back = world.session("a").expect("it is back");
    assert_eq!((back.connected_at, back.disconnected_at, back.expires_at), (Some(secs(20)), None, None));

    let for_ever = world.connect_with(persistent(V311, "b"));
    for_ever.vanish();
    assert_eq!(world.session("b").expect("it is kept").expires_at, None);
}

#[test]
fn a_session_ends_when_it_is_shown_to_end() {
    let world = World::new();
    world.connect_with(persistent(V5, "a")).vanish();
    let expires_at = world.session("a").and_then(|away| away.expires_at).expect("it ends");
    let now = world.state().now;
    world.advance(expires_at.since(now).saturating_sub(Duration::from_micros(1)));
    assert!(world.session("a").is_some());
    world.advance(LATE);
    assert!(world.session("a").is_none());
}

#[test]
fn a_will_is_shown_until_it_is_published() {
    let world = World::new();
    let properties = props(&[Property::WillDelayInterval(30)]);
    let will = vouchmq_mqtt::packet::WillMessage {
        qos: QoS::ExactlyOnce,
        retain: true,
        properties,
        ..will("last/words", "gone")
    };
    let client = world.connect_with(Connect { will: Some(will), ..persistent(V5, "a") });
    let shown = |world: &World| world.session("a").expect("a session").will;
    let will = shown(&world).expect("a will");
    assert_eq!((will.topic(), will.payload()), ("last/words", &b"gone"[..]));
    assert_eq!((will.qos(), will.retain(), will.delay.as_secs()), (QoS::ExactlyOnce, true, 30));
    client.vanish();
    assert!(shown(&world).is_some(), "it waits");
    world.advance_secs(31);
    assert!(shown(&world).is_none());
}

#[test]
fn a_name_is_remembered_of_who_is_away_and_of_nobody_else() {
    let world = World::new();
    let name_of = |world: &World| world.session("a").expect("a session").last_username;
    let client = world.connect_with(persistent(V5, "a"));
    world.instruct(0, |engine, _| engine.remember_username("a", "somebody"));
    assert_eq!(name_of(&world), None, "who is here is known to the driver");
    client.vanish();
    assert_eq!(name_of(&world), None);
    world.instruct(0, |engine, _| engine.remember_username("nobody", "somebody"));
    world.instruct(0, |engine, _| engine.remember_username("a", "somebody"));
    assert_eq!(name_of(&world).as_deref(), Some("somebody"));
    let again = world.connect_with(persistent(V5, "a"));
    assert_eq!(name_of(&world), None);
    again.vanish();
    assert_eq!(name_of(&world), None, "it was the name of the time before");
}

// --- pages

/// Who is at a place.
fn at(engine: &Engine, place: usize) -> Option<Arc<str>> {
    engine.client_at(place).map(|client| client.client_id)
}

#[test]
fn whoever_stays_is_at_one_place_whoever_else_comes_and_goes() {
    arbtest(|u| {
        let world = World::new();
        let (mut clients, mut stayed): (BTreeMap<usize, Client>, Vec<usize>) = Default::default();
        let mut next = 0;
        let mut come = |clients: &mut BTreeMap<usize, Client>| {
            clients.insert(next, world.connect_with(persistent(V5, keep_str(format!("c{next}")))));
            next += 1;
        };
        for _ in 0..u.int_in_range(1..=12)? {
            come(&mut clients);
        }
        stayed.extend(clients.keys());
        let (mut seen, mut place) = (Vec::new(), 0);
        while place < world.state().engines[0].session_places() {
            seen.extend(at(&world.state().engines[0], place));
            place += 1;
            for _ in 0..u.int_in_range(0..=3)? {
                match u.int_in_range(0..=3)? {
                    0 if clients.len() < 40 => come(&mut clients),
                    1 => {
                        // It is away, and stays a client.
                        if let Some((_, client)) = clients.first_key_value().filter(|(_, one)| one.is_open())
                        {
                            client.vanish();
                        }
                    }
                    _ => {
                        let Some(gone) = clients.keys().nth(u.int_in_range(0..=5)?).copied() else {
                            continue;
                        };
                        clients.remove(&gone);
                        stayed.retain(|known| *known != gone);
                        let client_id = format!("c{gone}");
                        world.instruct(0, |engine, now| engine.end_client(now, &client_id, KICKED));
                    }
                }
            }
            if place > 200 {
                break;
            }
        }
        for client in stayed {
            let count = seen.iter().filter(|seen| ***seen == format!("c{client}")).count();
            assert_eq!(count, 1, "c{client} among {seen:?}");
        }
        Ok(())
    })
    .size_min(32)
    .size_max(256)
    .budget_ms(1_000);
}

#[test]
fn the_subscriptions_at_a_place_are_those_of_its_client() {
    let world = World::new();
    let clients: Vec<_> = (0..20).map(|number| world.connect(V5, keep_str(format!("c{number}")))).collect();
    for (number, client) in clients.iter().enumerate() {
        client.subscribe("shared/by/all", QoS::AtMostOnce);
        client.subscribe(&format!("own/{number}/#"), QoS::AtLeastOnce);
        client.subscribe("$share/g/jobs", QoS::ExactlyOnce);
    }
    let state = world.state();
    let engine = &state.engines[0];
    let places = 0..engine.session_places();
    let mut rows: Vec<_> = places.filter_map(|place| engine.subscriptions_at(place)).collect();
    rows.sort_by_key(|(client_id, _)| client_id.trim_start_matches('c').parse::<usize>().expect("a number"));
    assert_eq!(rows.len(), 20);
    for (number, (client_id, subscriptions)) in rows.iter().enumerate() {
        assert_eq!(***client_id, format!("c{number}"));
        let mut filters: Vec<_> =
            subscriptions.iter().map(|one| (one.filter.as_str(), one.options.qos)).collect();
        filters.sort();
        let own = format!("own/{number}/#");
        let expected = [
            ("$share/g/jobs", QoS::ExactlyOnce),
            (own.as_str(), QoS::AtLeastOnce),
            ("shared/by/all", QoS::AtMostOnce),
        ];
        assert_eq!(filters, expected);
    }
    assert_eq!(engine.filter_count(), 22);
}

#[test]
fn shared_subscriptions_are_counted_by_themselves() {
    let world = World::with(|setup| setup.shards = 2);
    let clients: Vec<_> = (0..6).map(|number| world.connect(V5, keep_str(format!("c{number}")))).collect();
    let counted = |world: &World| (world.count(|s| s.subscriptions), world.count(|s| s.shared_subscriptions));
    for client in &clients {
        client.subscribe("$share/g/jobs", QoS::AtMostOnce);
        client.subscribe("$share/g/jobs", QoS::AtLeastOnce);
        client.subscribe("plain", QoS::AtMostOnce);
    }
    assert_eq!(counted(&world), (12, 6));
    clients[0].unsubscribe("$share/g/jobs");
    clients[1].unsubscribe("plain");
    assert_eq!(counted(&world), (10, 5));
    clients.iter().for_each(Client::leave);
    assert_eq!(counted(&world), (0, 0));
}

// --- what an operator publishes

#[test]
fn an_operator_is_told_whether_anybody_on_any_engine_has_subscribed() {
    let world = World::with(|setup| setup.shards = 3);
    let matched =
        |world: &World, topic: &str| publish(world, &plain(topic)).map(|published| published.is_matched);
    for shard in [0, 2] {
        let client = world.connect(V5, world.name_at(shard, "a"));
        let topic = format!("of/{shard}");
        assert_eq!(matched(&world, &topic), Ok(false));
        client.subscribe(&topic, QoS::AtLeastOnce);
        assert_eq!(matched(&world, &topic), Ok(true), "{topic}");
        client.receives(QoS::AtLeastOnce, &topic, "x");
        client.subscribe(&format!("$share/g/jobs/{shard}"), QoS::AtLeastOnce);
        let topic = format!("jobs/{shard}");
        assert_eq!(matched(&world, &topic), Ok(true), "{topic}");
        client.receives(QoS::AtLeastOnce, &topic, "x");
        client.leave();
    }
    assert_eq!(world.count(|stats| stats.unmatched), 2);
}

#[test]
fn what_an_operator_publishes_keeps_to_the_limits_of_a_client() {
    let world = World::with(|setup| {
        setup.limits.packet_bytes_max = 1000;
        setup.limits.user_properties_max = 1;
        setup.limits.topics.levels_max = 3;
        setup.retained.messages_max = 1;
        setup.options.settings.check_payload_format = true;
    });
    let client = world.connect(V5, "client");
    client.subscribe("#", QoS::AtMostOnce);
    let two = [Property::UserProperty("a", "b"), Property::UserProperty("c", "d")];
    let text = props(&[Property::PayloadFormatIndicator(true)]);
    let none = Properties::EMPTY;
    let refused = [
        (message("a/+", b"", false, none), PublishFault::Topic(TopicFault::Wildcard { at: 2 })),
        (message("", b"", false, none), PublishFault::Topic(TopicFault::Empty)),
        (
            message("a/b/c/d", b"", true, none),
            PublishFault::Topic(TopicFault::TooManyLevels { levels_max: 3 }),
        ),
        (message("t", &[b'x'; 992], false, none), PublishFault::TooLarge { byte_count: 1001, max: 1000 }),
        (message("t", b"", true, props(&two)), PublishFault::UserProperties { max: 1 }),
        (message("t", &[0xFF], true, text), PublishFault::PayloadFormat),
    ];
    for (message, fault) in refused {
        assert_eq!(publish(&world, &message), Err(fault));
        assert!(!fault.to_string().is_empty());
    }
    client.expect_nothing();
    let largest = message("t", &[b'x'; 991], true, none);
    assert!(publish(&world, &largest).is_ok());
    assert_eq!(client.publish().payload.len(), 991);
    assert_eq!(publish(&world, &message("u", b"x", true, none)), Err(PublishFault::RetainedFull));
    client.expect_nothing();
    assert!(publish(&world, &message("u", b"x", false, none)).is_ok());
    client.receives(QoS::AtMostOnce, "u", "x");
}

/// The largest PUBLISH that a client may send is the largest that an operator may publish.
#[test]
fn a_packet_of_an_operator_is_as_large_as_the_same_of_a_client() {
    let world = World::with(|setup| setup.limits.packet_bytes_max = 300);
    let properties = props(&[Property::ContentType("text")]);
    let sender = world.connect(V5, "sender");
    for payload_len in 270..300 {
        let payload = "x".repeat(payload_len);
        let packet = vouchmq_mqtt::packet::Publish { properties, ..qos1(7, "a/b", keep_str(payload)) };
        let byte_count = sender.encode(packet.clone()).len();
        let published = publish(&world, &message("a/b", packet.payload, false, properties));
        match published {
            Ok(_) => assert!(byte_count <= 300, "{byte_count}"),
            Err(fault) => assert_eq!(fault, PublishFault::TooLarge { byte_count, max: 300 }),
        }
    }
}

// --- who is sent away

versions! { V31, V311, V5 => a_client_that_is_sent_away_keeps_its_session }

fn a_client_that_is_sent_away_keeps_its_session(version: ProtocolVersion) {
    let world = World::new();
    let watcher = world.connect(V5, "watcher");
    watcher.subscribe("will", QoS::AtMostOnce);
    let disconnect =
        |client_id: &str| world.instruct(0, |engine, now| engine.disconnect_client(now, client_id, KICKED));
    let client = world.connect_with(Connect { will: Some(will("will", "lost")), ..persistent(version, "a") });
    client.subscribe("t", QoS::AtLeastOnce);
    assert!(!disconnect("nobody"));
    assert!(disconnect("a"));
    if version == V5 {
        assert_eq!(client.disconnect_packet().reason, KICKED);
    }
    client.closed();
    watcher.receives(QoS::AtMostOnce, "will", "lost");
    assert!(!disconnect("a"), "it is not connected any more");
    assert_eq!(world.session("a").expect("it is kept").subscription_count, 1);
}

#[test]
fn no_will_follows_a_normal_disconnection() {
    let world = World::new();
    let watcher = world.connect(V5, "watcher");
    watcher.subscribe("will", QoS::AtMostOnce);
    let come = |id| world.connect_with(Connect { will: Some(will("will", "lost")), ..persistent(V5, id) });
    let client = come("a");
    assert!(world.instruct(0, |engine, now| engine.disconnect_client(now, "a", ReasonCode::SUCCESS)));
    client.disconnected(ReasonCode::SUCCESS);
    come("b");
    assert!(world.instruct(0, |engine, now| engine.end_client(now, "b", ReasonCode::SUCCESS)));
    watcher.expect_nothing();
}

#[test]
fn a_session_that_is_ended_leaves_nothing_but_its_will() {
    let world = World::with(|setup| setup.shards = 2);
    let watcher = world.connect(V5, world.name_at(1, "watcher"));
    watcher.subscribe("will", QoS::AtMostOnce);
    let delayed = vouchmq_mqtt::packet::WillMessage {
        properties: props(&[Property::WillDelayInterval(600)]),
        ..will("will", "lost")
    };
    let id = world.name_at(0, "a");
    let end = || world.instruct(0, |engine, now| engine.end_client(now, id, KICKED));
    assert!(!end(), "there is none");
    for is_away in [false, true] {
        let client = world.connect_with(Connect { will: Some(delayed.clone()), ..persistent(V5, id) });
        client.subscribe("t", QoS::AtLeastOnce);
        client.subscribe("$share/g/t", QoS::AtLeastOnce);
        if is_away {
            client.vanish();
            watcher.expect_nothing();
        }
        watcher.publishes(QoS::AtLeastOnce, "t", "waits");
        assert!(end());
        watcher.receives(QoS::AtMostOnce, "will", "lost");
        assert!(world.session(id).is_none());
        assert!(!end(), "it has ended");
        assert_eq!(
            watcher.publishes(QoS::AtLeastOnce, "t", "nobody is there"),
            ReasonCode::NO_MATCHING_SUBSCRIBERS
        );
    }
    watcher.leave();
    world.advance_secs(700);
    world.expect_nothing_held();
}
