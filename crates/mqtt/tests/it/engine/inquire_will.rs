//! Wills about which others have to be asked when they are due: their connection is gone by then.

use vouchmq_mqtt::Inquired::{self, Granted, Unavailable};
use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Grant, Packet, Property, QoS};

use super::harness::*;

versions! { V31, V311, V5 =>
    an_answer_decides_what_becomes_of_a_will,
    nobody_waits_for_ever_for_a_will,
    what_a_client_publishes_when_it_is_back_comes_behind_its_will,
    wills_of_a_client_leave_in_their_order,
}

const ALLOWED: Inquired = Granted(Grant::Whole);
const DENIED: Inquired = Granted(Grant::Denied);

/// A world in which others are asked about what is published below `asked`, and a witness of it.
fn world(version: ProtocolVersion) -> (World, Client) {
    let world = World::with(|setup| setup.shards = 2);
    let is_known = |client_id: &str| client_id == "witness";
    world.authenticate_by(move |presented| {
        let rights =
            if is_known(&presented.client_id) { Rights::all() } else { Rights::all().ask("asked/#") };
        Answer::Now(allow(rights))
    });
    let witness = world.connect(version, "witness");
    witness.subscribe("#", QoS::AtMostOnce);
    (world, witness)
}

fn with_will<'a>(version: ProtocolVersion, client_id: &'a str, payload: &'a str) -> Connect<'a> {
    Connect { will: Some(will("asked/will", payload)), ..connect(version, client_id) }
}

/// MQTT5-3.1.2-8 MQTT3-3.1.2-8
fn an_answer_decides_what_becomes_of_a_will(version: ProtocolVersion) {
    let rows: &[(&[Inquired], u64, u64, u64)] = &[
        (&[ALLOWED], 1, 0, 0),
        (&[DENIED], 0, 1, 0),
        (&[Granted(Grant::PerMessage)], 0, 1, 0),
        (&[Granted(Grant::Asked)], 0, 1, 0),
        (&[Unavailable], 0, 0, 1),
        (&[], 0, 0, 1),
    ];
    for (answers, published, denied, undecided) in rows {
        let (world, witness) = world(version);
        world.connect_with(with_will(version, "a", "gone")).vanish();
        assert_eq!(world.asked(), [["publish asked/will 0"]]);
        witness.expect_nothing();
        world.answer(answers);
        if *published > 0 {
            witness.receives(QoS::AtMostOnce, "asked/will", "gone");
        }
        witness.expect_nothing();
        let counts = (
            world.count(|stats| stats.wills_published),
            world.count(|stats| stats.publishes_denied),
            world.count(|stats| stats.publishes_undecided),
        );
        assert_eq!(counts, (*published, *denied, *undecided), "{answers:?}");
        witness.leave();
        world.advance_secs(60);
        world.expect_nothing_held();
    }
}

fn nobody_waits_for_ever_for_a_will(version: ProtocolVersion) {
    let (world, witness) = world(version);
    world.connect_with(with_will(version, "a", "gone")).vanish();
    world.advance_secs(5);
    world.connect_with(with_will(version, "b", "gone")).vanish();
    let client = world.connect(version, "a");
    client.send(Packet::PingReq);
    world.advance(Duration::from_millis(4_999));
    assert_eq!(world.asked().len(), 2);
    client.expect_nothing();
    world.advance(LATE);
    assert_eq!((world.asked().len(), world.count(|stats| stats.publishes_undecided)), (1, 1));
    client.expect(Packet::PingResp);
    world.answer_late(&[ALLOWED]);
    world.advance(Duration::from_secs(5) + LATE);
    assert_eq!((world.asked().len(), world.count(|stats| stats.publishes_undecided)), (0, 2));
    witness.expect_nothing();
    client.leave();
    witness.leave();
    world.advance_secs(60);
    world.expect_nothing_held();
}

/// `offline` of the connection that was taken over must not come behind `online` of the next.
fn what_a_client_publishes_when_it_is_back_comes_behind_its_will(version: ProtocolVersion) {
    for is_taken_over in [false, true] {
        for (answer, is_published) in [(ALLOWED, true), (DENIED, false), (Unavailable, false)] {
            let (world, witness) = world(version);
            let older = world.connect_with(with_will(version, "a", "offline"));
            if !is_taken_over {
                older.vanish();
            }
            let client = world.connect(version, "a");
            client.send(qos0("known", "online"));
            witness.expect_nothing();
            world.answer(&[answer]);
            if is_published {
                witness.receives(QoS::AtMostOnce, "asked/will", "offline");
            }
            witness.receives(QoS::AtMostOnce, "known", "online");
            client.expect_nothing();
        }
    }
}

fn wills_of_a_client_leave_in_their_order(version: ProtocolVersion) {
    let (world, witness) = world(version);
    for payload in ["1", "2", "3"] {
        world.connect_with(with_will(version, "a", payload)).vanish();
    }
    for payload in ["1", "2", "3"] {
        assert_eq!(world.asked().len(), 1);
        witness.expect_nothing();
        world.answer(&[ALLOWED]);
        witness.receives(QoS::AtMostOnce, "asked/will", payload);
    }
    assert!(world.asked().is_empty());
}

/// When many are lost together, their wills stand in line.
#[test]
fn many_wills_are_asked_about_one_after_the_other() {
    let (world, witness) = world(V5);
    let names: Vec<_> = (0..300).map(|number| world.name_at(0, &format!("c{number}-"))).collect();
    for name in &names {
        world.connect_with(with_will(V5, name, "gone")).vanish();
    }
    for answered in 0..names.len() {
        assert_eq!(world.asked().len(), 64.min(names.len() - answered));
        world.answer(&[ALLOWED]);
        witness.receives(QoS::AtMostOnce, "asked/will", "gone");
    }
    assert_eq!(world.count(|stats| stats.wills_published), 300);
}

/// MQTT5-3.3.2-5
#[test]
fn a_will_that_expires_while_others_are_asked_is_not_published() {
    for (secs, is_published) in [(2, true), (4, false)] {
        let (world, witness) = world(V5);
        let properties = props(&[Property::MessageExpiryInterval(3)]);
        let will = vouchmq_mqtt::packet::WillMessage { properties, ..will("asked/will", "gone") };
        world.connect_with(Connect { will: Some(will), ..connect(V5, "a") }).vanish();
        world.advance_secs(secs);
        world.answer(&[ALLOWED]);
        assert_eq!(witness.poll().is_some(), is_published);
    }
}
