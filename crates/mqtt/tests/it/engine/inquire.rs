//! Rights that are not known until somebody else was asked: the packet waits, and everything behind it.

use std::sync::Arc;

use vouchmq_mqtt::Inquired::{self, Granted, Unavailable};
use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::engine::{CloseCause, Input, Permit};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Grant, Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    an_answer_decides_what_becomes_of_a_publish,
    an_answer_decides_what_becomes_of_a_subscription,
    nothing_happens_before_the_answer_and_nothing_overtakes,
    an_answer_counts_for_one_packet,
    only_what_is_not_known_is_asked,
    who_answers_too_late_is_not_heard,
    a_client_that_waits_for_an_answer_is_not_silent,
    a_client_that_is_gone_wants_no_answer,
    other_rights_make_an_answer_void,
    nobody_is_asked_about_a_delivery,
}

const ALLOWED: Inquired = Granted(Grant::Whole);
const CHECKED: Inquired = Granted(Grant::PerMessage);
const DENIED: Inquired = Granted(Grant::Denied);
const STRANGE: Inquired = Granted(Grant::Asked);

/// A world in which others are asked about all that `a` wants to do below `asked`.
fn world() -> World {
    world_with(|_| {})
}

fn world_with(change: impl FnOnce(&mut vouchmq_mqtt::Limits)) -> World {
    let world = World::with(|setup| {
        setup.shards = 2;
        change(&mut setup.limits);
    });
    world.authenticate_by(|presented| {
        let is_asked_about = presented.client_id.starts_with('a');
        Answer::Now(allow(if is_asked_about { asked() } else { Rights::all() }))
    });
    world
}

fn asked() -> Rights {
    Rights::all().ask("asked/#")
}

fn witness_of(world: &World, version: ProtocolVersion) -> Client {
    let witness = world.connect(version, "witness");
    witness.subscribe("asked/#", QoS::ExactlyOnce);
    witness
}

/// What a client is told of a PUBLISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// An acknowledgement, if the QoS has one, with this reason where the dialect has one.
    Acknowledged(ReasonCode),
    Closed,
}

/// MQTT3-3.3.5-2: what is denied is acknowledged in MQTT 3.x; what nobody can say is not, and is sent again.
fn an_answer_decides_what_becomes_of_a_publish(version: ProtocolVersion) {
    let (denied, undecided) = match version {
        V5 => (ReasonCode::NOT_AUTHORIZED, Told::Acknowledged(ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR)),
        V31 | V311 => (ReasonCode::SUCCESS, Told::Closed),
    };
    let (qos0, qos1, qos2) = (QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce);
    let success = Told::Acknowledged(ReasonCode::SUCCESS);
    let rows: &[(&[Inquired], QoS, bool, Told)] = &[
        (&[ALLOWED], qos0, true, success),
        (&[ALLOWED], qos1, true, success),
        (&[ALLOWED], qos2, true, success),
        (&[DENIED], qos0, false, success),
        (&[DENIED], qos1, false, Told::Acknowledged(denied)),
        (&[DENIED], qos2, false, Told::Acknowledged(denied)),
        (&[CHECKED], qos1, false, Told::Acknowledged(denied)),
        (&[STRANGE], qos1, false, Told::Acknowledged(denied)),
        (&[Unavailable], qos0, false, success),
        (&[Unavailable], qos1, false, undecided),
        (&[Unavailable], qos2, false, undecided),
        (&[], qos1, false, undecided),
    ];
    for (answers, qos, is_routed, told) in rows {
        let world = world();
        let witness = witness_of(&world, version);
        let client = world.connect(version, "a");
        client.send(publish_at(*qos, 7, "asked/t", "x"));
        world.answer(answers);
        match (told, qos) {
            (Told::Closed, _) => {
                let cause = client.disconnected(ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR);
                assert_eq!(cause, CloseCause::Refused(ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR));
            }
            (Told::Acknowledged(_), QoS::AtMostOnce) => client.expect_nothing(),
            (Told::Acknowledged(reason), QoS::AtLeastOnce) => client.expect(puback(id(7), *reason)),
            (Told::Acknowledged(reason), QoS::ExactlyOnce) => client.expect(pubrec(id(7), *reason)),
        }
        if *is_routed {
            witness.receives(*qos, "asked/t", "x");
        }
        witness.expect_nothing();
        let (is_denied, is_undecided) =
            (answers.iter().any(|answer| matches!(answer, Granted(grant) if *grant != Grant::Whole)), {
                answers.first().is_none_or(|answer| *answer == Unavailable)
            });
        assert_eq!(world.count(|stats| stats.publishes_denied), u64::from(is_denied), "{answers:?}");
        assert_eq!(world.count(|stats| stats.publishes_undecided), u64::from(is_undecided), "{answers:?}");
        assert_eq!(world.count(|stats| stats.violations), 0, "the client did nothing wrong");
        assert_eq!(world.asked().len(), 0);
    }
}

/// MQTT 3.1 cannot be told that a subscription is refused.
fn an_answer_decides_what_becomes_of_a_subscription(version: ProtocolVersion) {
    let code = |of_5: u8| match version {
        V5 => Some(of_5),
        V311 => Some(if of_5 < 0x80 { of_5 } else { 0x80 }),
        V31 => Some(of_5).filter(|code| *code < 0x80),
    };
    let rows: &[(&str, &[Inquired], Option<u8>)] = &[
        ("asked/t", &[ALLOWED], code(1)),
        ("asked/t", &[CHECKED], code(1)),
        ("asked/t", &[DENIED], code(0x87)),
        ("asked/t", &[STRANGE], code(0x87)),
        ("asked/t", &[Unavailable], code(0x83)),
        ("asked/t", &[], code(0x83)),
        ("$share/g/asked/t", &[ALLOWED], code(1)),
        ("$share/g/asked/t", &[DENIED], code(0x87)),
        ("$share/g/asked/t", &[Unavailable], code(0x83)),
    ];
    for (filter, answers, code) in rows {
        let world = world();
        let client = world.connect(version, "a");
        client.send(subscribe(1, &[(filter, options(QoS::AtLeastOnce))]));
        client.expect_nothing();
        world.answer(answers);
        match code {
            Some(code) => assert_eq!(client.suback().reasons.as_bytes(), [*code], "{filter} {answers:?}"),
            None => assert!(!client.is_open(), "{filter} {answers:?}"),
        }
        let is_undecided = answers.first().is_none_or(|answer| *answer == Unavailable);
        assert_eq!(world.count(|stats| stats.subscriptions_undecided), u64::from(is_undecided));
        // Whole needs no look at what is delivered now; what comes by a group is looked at always.
        let publisher = world.connect(version, "b");
        publisher.publishes(QoS::AtLeastOnce, "asked/t", "x");
        if *answers == [ALLOWED] && !filter.starts_with('$') {
            client.receives(QoS::AtLeastOnce, "asked/t", "x");
        }
        assert_eq!(client.poll(), None);
    }
}

fn nothing_happens_before_the_answer_and_nothing_overtakes(version: ProtocolVersion) {
    let world = world();
    let witness = witness_of(&world, version);
    witness.subscribe("known", QoS::AtMostOnce);
    let client = world.connect(version, "a");
    let filters = subscribe(3, &[("known", options(QoS::AtMostOnce))]);
    client.send_all([
        qos1(1, "asked/1", "1").to_packet(),
        qos1(2, "asked/2", "2").to_packet(),
        filters.to_packet(),
        qos1(4, "known", "4").to_packet(),
    ]);
    client.send(Packet::PingReq);
    client.expect_nothing();
    witness.expect_nothing();
    assert_eq!(
        (world.count(|stats| stats.publishes_received), world.asked()),
        (0, vec![vec!["publish asked/1 1".to_owned()]])
    );
    world.answer(&[ALLOWED]);
    witness.receives(QoS::AtLeastOnce, "asked/1", "1");
    client.expect_puback(id(1));
    client.expect_nothing();
    assert_eq!(
        (world.count(|stats| stats.publishes_received), world.asked()),
        (1, vec![vec!["publish asked/2 1".to_owned()]])
    );
    world.answer(&[ALLOWED]);
    witness.receives(QoS::AtLeastOnce, "asked/2", "2");
    witness.receives(QoS::AtMostOnce, "known", "4");
    // What the journal has to confirm comes behind the rest.
    assert_eq!(client.suback().packet_id, id(3));
    client.receives(QoS::AtMostOnce, "known", "4");
    client.expect(Packet::PingResp);
    client.expect_puback(id(2));
    client.expect_puback(id(4));
    assert_eq!(world.count(|stats| stats.publishes_received), 3);
}

/// Rights that do not remember an answer are asked again, packet by packet.
fn an_answer_counts_for_one_packet(version: ProtocolVersion) {
    let world = world();
    let witness = witness_of(&world, version);
    let client = world.connect(version, "a");
    for (number, answer) in [(1, ALLOWED), (2, DENIED), (3, ALLOWED)] {
        client.send(qos0("asked/t", "x"));
        assert_eq!(world.asked(), [["publish asked/t 0"]], "{number}");
        world.answer(&[answer]);
    }
    witness.receives(QoS::AtMostOnce, "asked/t", "x");
    witness.receives(QoS::AtMostOnce, "asked/t", "x");
    witness.expect_nothing();
}

fn only_what_is_not_known_is_asked(version: ProtocolVersion) {
    let world = world();
    let client = world.connect(version, "a");
    let qos = options(QoS::AtLeastOnce);
    let filters =
        [("open/1", qos), ("asked/+", qos), ("$share/g/asked/x", options(QoS::AtMostOnce)), ("open/2", qos)];
    client.send(subscribe(1, &filters));
    assert_eq!(world.asked(), [["subscribe asked/+ 1", "subscribe asked/x 0 of g"]]);
    world.answer(&[ALLOWED, CHECKED]);
    assert_eq!(client.suback().reasons.as_bytes(), [1, 1, 0, 1]);
    assert_eq!(world.session("a").expect("a session").subscription_count, 4);
}

/// Others are asked about some filters at once, then about the next; once somebody cannot say, nobody is asked any more.
#[test]
fn a_long_subscribe_is_asked_about_in_portions() {
    for (second, asked_count, last) in [(ALLOWED, 3, 0), (Unavailable, 2, 0x83)] {
        let world = world();
        let client = world.connect(V5, "a");
        let names: Vec<String> = (0..150).map(|number| format!("asked/{number}")).collect();
        let filters: Vec<_> = names.iter().map(|name| (name.as_str(), options(QoS::AtMostOnce))).collect();
        client.send(subscribe(1, &filters));
        let mut counts = Vec::new();
        while let Some(attempts) = world.asked().pop() {
            let answer = if counts.len() == 1 { second } else { ALLOWED };
            counts.push(attempts.len());
            client.expect_nothing();
            world.answer(&vec![answer; attempts.len()]);
        }
        assert_eq!(counts.len(), asked_count, "{counts:?}");
        let suback = client.suback();
        assert_eq!(suback.reasons.as_bytes().len(), 150);
        assert_eq!(
            (suback.reasons.as_bytes().first(), suback.reasons.as_bytes().last()),
            (Some(&0), Some(&last))
        );
    }
}

/// MQTT5-3.3.2-8
#[test]
fn an_alias_that_is_defined_is_asked_about_by_its_topic() {
    let world = world();
    let witness = witness_of(&world, V5);
    let client = world.connect(V5, "a");
    let properties = props(&[Property::TopicAlias(1)]);
    client.send(Publish { properties, ..qos0("asked/t", "1") });
    client.send(Publish { properties, ..qos0("", "2") });
    for payload in ["1", "2"] {
        assert_eq!(world.asked(), [["publish asked/t 0"]]);
        world.answer(&[ALLOWED]);
        witness.receives(QoS::AtMostOnce, "asked/t", payload);
    }
}

/// MQTT5-4.7.1-1
#[test]
fn nobody_is_asked_about_what_is_refused_anyway() {
    let world = world_with(|limits| limits.topics.levels_max = 3);
    let client = world.connect(V5, "a");
    client.send(qos1(1, "asked/2/3/4", "x"));
    assert_eq!(client.puback().reason, ReasonCode::TOPIC_NAME_INVALID);
    client.send(subscribe(2, &[("asked/2/3/4", options(QoS::AtMostOnce))]));
    assert_eq!(client.suback().reasons.as_bytes(), [ReasonCode::TOPIC_FILTER_INVALID.0]);
    assert!(world.asked().is_empty());
}

fn who_answers_too_late_is_not_heard(version: ProtocolVersion) {
    let world = world();
    let witness = witness_of(&world, version);
    let client = world.connect(version, "a");
    client.send(qos0("asked/late", "x"));
    client.send(qos0("asked/next", "x"));
    world.advance_secs(9);
    assert_eq!(world.asked(), [["publish asked/late 0"]]);
    world.advance(Duration::from_secs(1) + LATE);
    assert_eq!(
        (world.asked(), world.count(|stats| stats.publishes_undecided)),
        (vec![vec!["publish asked/next 0".to_owned()]], 1)
    );
    world.answer_late(&[ALLOWED]);
    witness.expect_nothing();
    assert_eq!(world.asked().len(), 1, "it was no answer to what is asked now");
    world.answer(&[ALLOWED]);
    witness.receives(QoS::AtMostOnce, "asked/next", "x");
    witness.expect_nothing();
}

fn a_client_that_waits_for_an_answer_is_not_silent(version: ProtocolVersion) {
    let world = world_with(|limits| limits.connect_deadline = Duration::from_secs(60));
    let client = world.connect_with(Connect { keep_alive_secs: 2, ..connect(version, "a") });
    client.send(qos1(1, "asked/t", "x"));
    client.send(Packet::PingReq);
    world.advance_secs(50);
    client.expect_nothing();
    world.answer(&[ALLOWED]);
    client.expect(Packet::PingResp);
    client.expect_puback(id(1));
    world.advance(Duration::from_millis(2999));
    client.expect_nothing();
    world.advance(LATE);
    client.disconnected(ReasonCode::KEEP_ALIVE_TIMEOUT);
}

fn a_client_that_is_gone_wants_no_answer(version: ProtocolVersion) {
    let world = world();
    let witness = witness_of(&world, version);
    for end in 0..3 {
        let client = world.connect(version, "a");
        client.send(qos1(1, "asked/t", "x"));
        assert_eq!(world.asked().len(), 1);
        match end {
            0 => client.vanish(),
            1 => drop(world.connect(version, "a")),
            _ => world.input(|| Input::DisconnectClient("a".into(), ReasonCode::ADMINISTRATIVE_ACTION)),
        }
        assert!(world.asked().is_empty(), "nobody waits any more");
        world.answer_late(&[ALLOWED]);
        world.input(|| Input::DisconnectClient("a".into(), ReasonCode::ADMINISTRATIVE_ACTION));
    }
    witness.expect_nothing();
    witness.leave();
    world.advance_secs(60);
    world.expect_nothing_held();
}

fn repermit(world: &World, client: &Client, rights: Rights) {
    let permit = Permit { authorize: Arc::new(rights), until: Timestamp::NEVER, data: None };
    let (shard, connection) = world.connection(client);
    world.input_at(shard, Input::Repermit(connection, permit));
}

/// A device that is restricted meanwhile does not profit by what was said of it before, nor suffer by it.
fn other_rights_make_an_answer_void(version: ProtocolVersion) {
    let rows = [
        (Rights::all(), DENIED, 1),
        (Rights::all(), Unavailable, 1),
        (Rights::all().deny_publish("asked/#"), ALLOWED, 0),
    ];
    for (rights, answer, received_count) in rows {
        let world = world();
        let witness = witness_of(&world, version);
        let client = world.connect(version, "a");
        client.send(qos0("asked/t", "x"));
        repermit(&world, &client, rights);
        world.answer(&[answer]);
        for _ in 0..received_count {
            witness.receives(QoS::AtMostOnce, "asked/t", "x");
        }
        witness.expect_nothing();
        assert!(world.asked().is_empty());
    }
    let world = world();
    let witness = witness_of(&world, version);
    let client = world.connect(version, "a");
    client.send(qos0("asked/t", "x"));
    repermit(&world, &client, asked());
    world.answer(&[ALLOWED]);
    witness.expect_nothing();
    world.answer(&[ALLOWED]);
    witness.receives(QoS::AtMostOnce, "asked/t", "x");
}

/// A subscription that is there, and about which others would have to be asked, delivers what is known to be allowed.
fn nobody_is_asked_about_a_delivery(version: ProtocolVersion) {
    let world = world();
    let publisher = world.connect(version, "b");
    let client = world.connect(version, "a");
    client.subscribe("+/t", QoS::AtMostOnce);
    for rights in [asked(), Rights::all().ask("+/t")] {
        repermit(&world, &client, rights);
        publisher.publishes(QoS::AtLeastOnce, "asked/t", "x");
    }
    assert!(world.asked().is_empty());
    repermit(&world, &client, Rights::all());
    publisher.publishes(QoS::AtLeastOnce, "asked/t", "3");
    let first = client.publish();
    if first.payload == b"x" {
        client.receives(QoS::AtMostOnce, "asked/t", "3");
    }
    client.expect_nothing();
}

/// MQTT5-4.3.3-10: a message that was taken is not taken again, whatever is said of it now.
#[test]
fn a_repeated_publish_is_acknowledged_again_though_nobody_can_say_anything() {
    for version in [V31, V311, V5] {
        let world = world();
        let witness = witness_of(&world, version);
        let client = world.connect_with(persistent(version, "a"));
        client.send(qos2(1, "asked/t", "x"));
        world.answer(&[ALLOWED]);
        client.expect(pubrec(id(1), ReasonCode::SUCCESS));
        client.vanish();
        let client = world.connect_with(Connect { clean_start: false, ..persistent(version, "a") });
        client.send(Publish { dup: true, ..qos2(1, "asked/t", "x") });
        world.answer(&[Unavailable]);
        client.expect(pubrec(id(1), ReasonCode::SUCCESS));
        witness.receives(QoS::ExactlyOnce, "asked/t", "x");
        witness.expect_nothing();
    }
}

/// What waited for answers counts against the rate as everything else does.
#[test]
fn what_is_handled_after_an_answer_counts_for_the_rate() {
    let world = world_with(|limits| limits.messages_per_sec = 1);
    let client = world.connect(V5, "a");
    for _ in 0..4 {
        client.send(qos0("asked/t", "x"));
        if !world.asked().is_empty() {
            world.answer(&[ALLOWED]);
        }
    }
    assert_eq!(world.count(|stats| stats.throttled), 1);
}

#[test]
fn a_client_of_31_has_its_own_name_for_the_protocol() {
    for (version, name) in [(V31, "MQIsdp"), (V311, "MQTT"), (V5, "MQTT")] {
        let world = World::new();
        world.connect(version, "a");
        assert_eq!(world.presented().first().map(|presented| presented.protocol), Some(name));
    }
}
