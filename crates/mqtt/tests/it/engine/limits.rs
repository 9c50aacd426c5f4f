//! Every limit of the core, at its bound. Those with much to say have files of their own.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::Stats;
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    user_names_and_passwords_are_bounded,
    a_client_that_sends_too_fast_is_read_no_faster_than_it_may,
    a_connect_that_is_ahead_of_its_rate_is_read_to_its_end,
    keep_alive_is_not_charged_to_a_client_that_is_held_back,
}

fn user_names_and_passwords_are_bounded(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.password_bytes_max = 1000);
    for (name_len, password_len, fits) in [(256, 1000, true), (257, 1, false), (1, 1001, false), (0, 0, true)]
    {
        let (name, password) = ("u".repeat(name_len), vec![0; password_len]);
        let client = world.open(version);
        client.send(Connect { username: Some(&name), password: Some(&password), ..connect(version, "a") });
        let expected = if fits { ReasonCode::SUCCESS } else { ReasonCode::BAD_USER_NAME_OR_PASSWORD };
        assert_eq!(client.connack().reason, expected, "{name_len} {password_len}");
    }
}

#[test]
fn topic_names_are_bounded_in_length_and_levels() {
    let client = World::new().connect(V5, "a");
    let longest = "x".repeat(1024);
    let deepest = format!("{}x", "x/".repeat(31));
    for fits in [&longest, &deepest] {
        client.publishes(QoS::AtLeastOnce, fits, "x");
    }
    for exceeds in [format!("{longest}x"), format!("{deepest}/")] {
        client.send(qos1(1, &exceeds, "x"));
        client.expect(puback(id(1), ReasonCode::TOPIC_NAME_INVALID));
        client.send(qos2(1, &exceeds, "x"));
        client.expect(pubrec(id(1), ReasonCode::TOPIC_NAME_INVALID));
        let quiet = World::new().connect(V5, "a");
        quiet.send(qos0(&exceeds, "x"));
        quiet.disconnected(ReasonCode::TOPIC_NAME_INVALID);
    }
}

#[test]
fn user_properties_are_bounded_in_every_packet() {
    let pairs = |count: usize| props(&vec![Property::UserProperty("a", "b"); count]);
    let world = World::new();
    let client = world.open(V5);
    client.send(Connect { properties: pairs(64), ..connect(V5, "a") });
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client.send(Publish { properties: pairs(64), ..qos1(1, "t", "x") });
    client.puback();
    client.send(Publish { properties: pairs(65), ..qos0("t", "x") });
    client.disconnected(ReasonCode::PACKET_TOO_LARGE);

    let client = world.open(V5);
    client.send(Connect { properties: pairs(65), ..connect(V5, "a") });
    assert_eq!(client.connack().reason, ReasonCode::PACKET_TOO_LARGE);
    client.closed();
}

/// A second's worth at once is free; afterwards the rate holds.
fn a_client_that_sends_too_fast_is_read_no_faster_than_it_may(version: ProtocolVersion) {
    let by_messages = World::with(|setup| setup.limits.messages_per_sec = 10);
    let by_bytes = World::with(|setup| setup.limits.bytes_per_sec = 10 * 100);
    for world in [by_messages, by_bytes] {
        let witness = world.connect(version, "witness");
        witness.subscribe("t", QoS::AtMostOnce);
        let client = world.connect(version, "a");
        world.advance_secs(10);
        let payload = "x".repeat(100 - 5 - usize::from(version == V5));
        for _ in 0..100 {
            client.send(qos0("t", &payload));
        }
        let count = || std::iter::from_fn(|| witness.poll()).count();
        let at_once = count();
        assert!((10..=20).contains(&at_once), "a burst of a second, not {at_once}");
        let mut later = 0;
        for _ in 0..5 {
            world.advance_secs(1);
            later += count();
        }
        assert!((40..=55).contains(&later), "ten each second, not {later} in five");
        world.advance_secs(10);
        assert_eq!(at_once + later + count(), 100, "held back, not lost");
        assert!(client.is_open());
        assert!(world.count(|stats| stats.throttled) > 0);
    }
}

fn a_connect_that_is_ahead_of_its_rate_is_read_to_its_end(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.bytes_per_sec = 1000);
    let client = world.open(version);
    let password = [b'x'; 3000];
    let mut whole =
        client.encode(Connect { username: Some("u"), password: Some(&password), ..connect(version, "a") });
    let rest = whole.split_off(2900);
    client.send_bytes(&whole);
    client.send_bytes(&rest);
    client.expect_nothing();
    world.advance_secs(3);
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
}

fn keep_alive_is_not_charged_to_a_client_that_is_held_back(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.messages_per_sec = 1);
    let client = world.connect_with(Connect { keep_alive_secs: 2, ..connect(version, "a") });
    let burst: Vec<u8> = (0..20).flat_map(|_| client.encode(qos0("t", "x"))).collect();
    client.send_bytes(&burst);
    client.send(Packet::PingReq);
    world.advance_secs(15);
    assert!(client.is_open(), "it is the server who does not read");
    client.expect_nothing();
    world.advance_secs(5);
    client.expect(Packet::PingResp);
    world.advance_secs(4);
    assert!(!client.is_open(), "and now it is silent");
}

#[test]
fn a_limit_of_one_client_is_nobody_elses() {
    let world = World::with(|setup| setup.limits.messages_per_sec = 1);
    let fast = world.connect(V5, "fast");
    let slow = world.connect(V311, "slow");
    for _ in 0..50 {
        fast.send(qos0("t", "x"));
    }
    slow.publishes(QoS::AtLeastOnce, "t", "x");
}

#[test]
fn what_connack_announces_is_what_holds() {
    let world = World::with(|setup| {
        setup.limits.receive_maximum = 5;
        setup.limits.topic_alias_maximum = 3;
        setup.limits.packet_bytes_max = 4000;
        setup.limits.keep_alive_max_secs = 30;
        setup.limits.session_expiry_max_secs = 60;
    });
    let client = world.open(V5);
    let properties = props(&[Property::SessionExpiryInterval(61)]);
    client.send(Connect { properties, keep_alive_secs: 31, ..connect(V5, "a") });
    let announced = client.connack().properties;
    assert_eq!(announced.receive_maximum(), Some(5));
    assert_eq!(announced.topic_alias_maximum(), Some(3));
    assert_eq!(announced.maximum_packet_size(), Some(4000));
    assert_eq!(announced.server_keep_alive(), Some(30));
    assert_eq!(announced.session_expiry_interval(), Some(60));
    // What is absent is granted in full.
    assert_eq!(announced.maximum_qos(), None);
    assert_eq!(announced.retain_available(), None);
    assert_eq!(announced.wildcard_subscription_available(), None);
    assert_eq!(announced.subscription_identifier_available(), None);
    assert_eq!(announced.shared_subscription_available(), None);
}

/// A client that does one thing too much, and the counter that tells.
type Offence = (&'static str, fn(&World, &Client), fn(&Stats) -> u64);

const OFFENCES: [Offence; 10] = [
    ("packet size", |_, client| client.send(qos0("t", &"x".repeat(1000))), |stats| stats.packets_too_large),
    (
        "user properties",
        |_, client| {
            let properties = props(&[Property::UserProperty("a", "b"); 65]);
            client.send(Publish { properties, ..qos0("t", "x") });
        },
        |stats| stats.packets_too_large,
    ),
    ("topic length", |_, client| client.send(qos1(1, &"x".repeat(101), "x")), |stats| stats.topics_invalid),
    ("topic levels", |_, client| client.send(qos0(&"/".repeat(32), "x")), |stats| stats.topics_invalid),
    (
        "filter levels",
        |_, client| client.send(subscribe(1, &[(&"/".repeat(32), options(QoS::AtMostOnce))])),
        |stats| stats.topics_invalid,
    ),
    (
        "subscriptions",
        |_, client| {
            let asked = ["1", "2", "3"].map(|filter| (filter, options(QoS::AtMostOnce)));
            client.send(subscribe(1, &asked));
        },
        |stats| stats.subscriptions_over_quota,
    ),
    (
        "receive maximum",
        |_, client| (1..=3).for_each(|number| client.send(qos2(number, "t", "x"))),
        |stats| stats.receive_maximum_exceeded,
    ),
    (
        "topic alias",
        |_, client| {
            client.send(Publish { properties: props(&[Property::TopicAlias(17)]), ..qos0("t", "x") });
        },
        |stats| stats.topic_aliases_invalid,
    ),
    ("keep-alive", |world, _| world.advance_secs(100), |stats| stats.keep_alive_timeouts),
    (
        "messages per second",
        |_, client| (0..20).for_each(|_| client.send(qos0("t", "x"))),
        |stats| stats.throttled,
    ),
];

#[test]
fn what_meets_a_bound_is_counted_under_its_name() {
    for (what, offend, count) in OFFENCES {
        let world = World::with(|setup| {
            setup.limits.packet_bytes_max = 900;
            setup.limits.topics.length_max = 100;
            setup.limits.subscriptions_max = 2;
            setup.limits.receive_maximum = 2;
            setup.limits.messages_per_sec = 10;
        });
        world.hold_journal();
        let client = world.connect_with(Connect { keep_alive_secs: 30, ..connect(V5, "a") });
        assert_eq!(world.count(count), 0, "{what}");
        offend(&world, &client);
        assert_eq!(world.count(count), 1, "{what}");
    }
}

#[test]
fn a_stranger_that_meets_a_bound_is_counted_under_its_name() {
    let world = World::new();
    let silent = world.open(V5);
    world.advance_secs(11);
    silent.closed();
    assert_eq!(world.count(|stats| stats.handshake_timeouts), 1);
    for (client_id, username_len) in [("i".repeat(257), 0), ("i".to_owned(), 257)] {
        let client = world.open(V5);
        let username = "u".repeat(username_len);
        client.send(Connect { username: Some(&username), ..connect(V5, &client_id) });
        assert!(client.connack().reason.is_error());
    }
    assert_eq!(world.count(|stats| stats.credentials_invalid), 2);
    let talker = world.open(V5);
    talker.send_bytes(&[0x10, 0xFF, 0xFF, 0x3F]);
    talker.send_bytes(&vec![0; 64 * 1024 + 1]);
    talker.closed();
    assert_eq!(world.count(|stats| stats.packets_too_large), 1);
    assert_eq!(world.count(|stats| stats.violations), 1);
}
