//! What a hostile review found: how one client could harm the others, and what was forgotten.

use std::time::Duration;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Property, QoS, ReasonCode};

use super::harness::*;

/// Tickets that wait for the same barrier are finished one after the other, not one inside the other.
#[test]
fn thousands_of_own_groups_that_wait_together_need_no_stack() {
    let run = || {
        let world = World::with(|setup| setup.shards = 2);
        let client = world.connect(V5, world.name_at(0, "a"));
        world.hold_mail();
        for number in 0..5_000u16 {
            let filter = format!("$share/g{}/t", number % 500);
            client.send(subscribe(number + 1, &[(&filter, options(QoS::AtMostOnce))]));
        }
        world.release_mail();
        let mut answered = std::collections::BTreeSet::new();
        for _ in 0..5_000 {
            let suback = client.suback();
            assert_eq!(suback.reasons.as_bytes(), [0]);
            answered.insert(suback.packet_id);
        }
        assert_eq!(answered.len(), 5_000, "groups of other engines take longer, but all are answered");
        client.leave();
        world.advance_secs(120);
        world.expect_nothing_held();
    };
    let small = std::thread::Builder::new().stack_size(512 * 1024).spawn(run).unwrap();
    small.join().unwrap();
}

#[test]
fn more_filters_than_are_looked_at_are_refused_and_the_first_ones_granted() {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(V5, "a");
    let filters = vec![("$share/g/t", options(QoS::AtMostOnce)); 3_000];
    client.send(subscribe(1, &filters));
    let suback = client.suback();
    let granted = suback.reasons.iter().filter(|reason| !reason.is_error()).count();
    assert_eq!((granted, suback.reasons.iter().count()), (1024, 3_000));
}

#[test]
fn a_filter_subscribed_many_times_at_once_replays_what_is_retained_once() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    publisher.send(vouchmq_mqtt::packet::Publish { retain: true, ..qos0("t", "kept") });
    let client = world.connect(V5, "a");
    client.send(subscribe(1, &[("t", options(QoS::AtMostOnce)); 100]));
    client.suback();
    assert_eq!(client.publish().payload, b"kept");
    client.expect_nothing();
}

#[test]
fn acknowledging_what_was_never_sent_is_no_progress() {
    let world = World::with(|setup| {
        setup.limits.receive_maximum = 20;
        setup.limits.queued_messages_max = 20;
    });
    let receiver = world.connect(V311, "receiver");
    receiver.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V311, "publisher");
    let mut held = false;
    for number in 1..=40u16 {
        publisher.send(qos1(number, "t", "x"));
        held |= publisher.poll().is_none();
    }
    assert!(held, "the receiver lags");
    for _ in 0..30 {
        receiver.send(puback(id(60_000), ReasonCode::SUCCESS));
        world.advance(Duration::from_millis(500));
    }
    assert!(publisher.poll().is_some(), "who makes no progress holds nobody up");
}

#[test]
fn a_message_in_flight_is_not_sent_again_to_who_may_not_have_it_any_more() {
    let world = World::new();
    let receiver = world.connect_with(persistent(V5, "a"));
    receiver.subscribe("secret/t", QoS::AtLeastOnce);
    world.connect(V5, "publisher").publishes(QoS::AtLeastOnce, "secret/t", "x");
    assert_eq!(receiver.publish().payload, b"x");
    receiver.vanish();
    world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_receive("secret/#"))));
    let again = world.connect_with(Connect { clean_start: false, ..persistent(V5, "a") });
    again.expect_nothing();
    assert_eq!(world.count(|stats| stats.deliveries_denied), 1);
}

#[test]
fn a_release_before_its_pubrec_ends_the_connection() {
    let world = World::new();
    let client = world.connect(V5, "a");
    world.hold_journal();
    client.send(qos2(1, "t", "x"));
    client.send(pubrel(id(1), ReasonCode::SUCCESS));
    client.disconnected(ReasonCode::PROTOCOL_ERROR);
}

/// One receiver is full and rejects, another lags and holds the answer up: both on another engine.
#[test]
fn a_rejection_is_not_forgotten_while_another_receiver_holds_the_answer_up() {
    let world = World::with(|setup| {
        setup.shards = 2;
        setup.limits.receive_maximum = 20;
        setup.limits.queued_messages_max = 20;
    });
    let full = world.connect_with(persistent(V5, world.name_at(1, "full")));
    full.subscribe("t", QoS::AtLeastOnce);
    full.vanish();
    let publisher = world.connect(V5, world.name_at(0, "publisher"));
    for _ in 0..20 {
        assert_eq!(publisher.publishes(QoS::AtLeastOnce, "t", "x"), ReasonCode::SUCCESS);
    }
    let lagging = world.connect(V5, world.name_at(1, "lagging"));
    lagging.subscribe("t", QoS::AtLeastOnce);
    let mut answers = Vec::new();
    for number in 100..=140u16 {
        publisher.send(qos1(number, "t", "x"));
        while publisher.backlog() == 0 && answers.len() < usize::from(number) {
            let Some(packet) = publisher.poll() else { break };
            answers.push(packet);
        }
    }
    world.advance_secs(2);
    while let Some(packet) = publisher.poll() {
        answers.push(packet);
    }
    assert!(!answers.is_empty());
    for answer in answers {
        let vouchmq_mqtt::Packet::PubAck(ack) = answer else { panic!("{answer:?}") };
        assert_eq!(ack.reason, ReasonCode::QUOTA_EXCEEDED, "the full session rejected every one");
    }
}

#[test]
fn a_member_without_room_or_right_passes_a_message_of_the_group_on() {
    for shard in [0, 1] {
        let world = World::with(|setup| {
            setup.shards = 2;
            setup.limits.receive_maximum = 1;
            setup.limits.queued_messages_max = 1;
        });
        world.authenticate_by(|authentication| {
            let rights = Rights::all();
            let is_barred = authentication.client_id.starts_with("barred");
            Answer::Now(allow(if is_barred { rights.deny_receive("t") } else { rights }))
        });
        let members = [
            world.connect(V5, world.name_at(shard, "barred")),
            world.connect(V5, world.name_at(1 - shard, "full")),
            world.connect_with(Connect {
                properties: props(&[Property::ReceiveMaximum(100)]),
                ..connect(V5, world.name_at(shard, "free"))
            }),
        ];
        for member in &members {
            member.send(subscribe(1, &[("$share/g/t", options(QoS::AtLeastOnce))]));
            assert!(!member.suback().reasons.as_bytes().is_empty());
        }
        let publisher = world.connect(V5, "publisher");
        let mut taken = 0;
        for _ in 0..12 {
            publisher.publishes(QoS::AtLeastOnce, "t", "x");
            while let Some(vouchmq_mqtt::Packet::Publish(publish)) = members[2].poll() {
                members[2].acknowledge(&publish);
                taken += 1;
            }
        }
        let [barred, full, _] = &members;
        assert_eq!(barred.poll(), None, "no right to it");
        assert!(full.poll().is_some(), "one is under way");
        assert!(taken >= 9, "the others went on to who has room: {taken}");
    }
}
