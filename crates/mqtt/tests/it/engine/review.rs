//! What a hostile review found: how one client could harm the others, and what was forgotten.

use std::time::Duration;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

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
    publisher.send(Publish { retain: true, ..qos0("t", "kept") });
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
fn a_release_before_its_pubrec_gives_no_slot_of_receive_maximum_back() {
    let world = World::with(|setup| setup.limits.receive_maximum = 5);
    let client = world.connect(V5, "a");
    world.hold_journal();
    for _ in 0..5 {
        client.send(qos2(1, "t", "x"));
        client.send(pubrel(id(1), ReasonCode::SUCCESS));
        assert_eq!(client.packet(), pubcomp(id(1), ReasonCode::SUCCESS));
    }
    client.send(qos2(1, "t", "x"));
    client.disconnected(ReasonCode::RECEIVE_MAXIMUM_EXCEEDED);
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
        let Packet::PubAck(ack) = answer else { panic!("{answer:?}") };
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
            while let Some(Packet::Publish(publish)) = members[2].poll() {
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

/// What is announced in one turn is followed by one barrier, so that each answer costs what it answers.
#[test]
fn a_thousand_subscribes_in_one_turn_wait_for_one_barrier() {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(V5, world.name_at(0, "a"));
    world.hold_mail();
    client.send_all((1..=1000u16).flat_map(|number| {
        let filter = format!("t/{number}");
        let asked = subscribe(number, &[(&filter, options(QoS::AtMostOnce))]);
        [Packet::Subscribe(asked), Packet::Unsubscribe(unsubscribe(number, &[&filter]))]
    }));
    assert_eq!(world.held_letters("Want"), 1000);
    assert_eq!(world.held_letters("Barrier"), 1);
    world.release_mail();
    let answers: Vec<_> = std::iter::from_fn(|| client.poll()).collect();
    assert_eq!(answers.len(), 2000);
    client.leave();
    world.advance_secs(3600);
    world.expect_nothing_held();
}

#[test]
fn what_is_announced_behind_a_barrier_waits_for_the_next_one() {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(V5, world.name_at(0, "a"));
    world.hold_mail();
    for number in 1..=3 {
        client.send(subscribe(number, &[(&format!("t/{number}"), options(QoS::AtMostOnce))]));
    }
    assert_eq!(world.held_letters("Barrier"), 3, "each went with mail of its own");
    client.expect_nothing();
    world.release_mail();
    for number in 1..=3 {
        assert_eq!(client.suback().packet_id, id(number));
    }
}

/// The answers that wait are looked up by what they wait for: a pipeline of joins, of two clients at once.
#[test]
fn joins_of_one_group_are_confirmed_in_turn() {
    let world = World::with(|setup| setup.shards = 2);
    let clients = [0, 1].map(|shard| world.connect(V5, world.name_at(shard, "a")));
    world.hold_mail();
    for client in &clients {
        client.send_all((1..=100u16).map(|number| {
            let filters = [format!("$share/g/{}", number % 3), format!("$share/g/{}", number % 7)];
            let filters = filters.each_ref().map(|filter| (filter.as_str(), options(QoS::AtMostOnce)));
            Packet::Subscribe(subscribe(number, &filters))
        }));
    }
    world.release_mail();
    for client in &clients {
        let answered: std::collections::BTreeSet<_> = (0..100).map(|_| client.suback().packet_id).collect();
        assert_eq!(answered.len(), 100);
    }
    clients.iter().for_each(Client::leave);
    world.advance_secs(3600);
    world.expect_nothing_held();
}

/// A subscription that is given up while its SUBACK waits, and one that is not: each gets what it asked for.
#[test]
fn retained_messages_follow_only_the_subscriptions_that_are_left() {
    let world = World::with(|setup| setup.shards = 2);
    let publisher = world.connect(V5, world.name_at(1, "publisher"));
    for topic in ["given-up", "kept"] {
        publisher.send(Publish { retain: true, ..qos0(topic, "x") });
    }
    let client = world.connect(V5, world.name_at(0, "a"));
    world.hold_mail();
    let filters = [("given-up", options(QoS::AtMostOnce)), ("kept", options(QoS::AtMostOnce))];
    client.send(subscribe(1, &filters));
    client.send(unsubscribe(2, &["given-up"]));
    assert_eq!(client.unsuback().packet_id, id(2));
    world.release_mail();
    assert_eq!(client.suback().packet_id, id(1));
    assert!(client.receives(QoS::AtMostOnce, "kept", "x").retain);
    client.expect_nothing();
}

/// What is retained is sent as the client takes it: by then it may be another message, or none.
#[test]
fn a_retained_message_never_comes_behind_a_newer_live_one() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    let retain = |topic: &str, payload: &str| {
        publisher.send(Publish { retain: true, ..qos1(1, topic, payload) });
        publisher.expect_puback(id(1));
    };
    let topics: Vec<_> = (0..50).map(|number| format!("t/{number}")).collect();
    topics.iter().for_each(|topic| retain(topic, "old"));
    let properties = props(&[Property::ReceiveMaximum(1)]);
    let slow = world.connect_with(Connect { properties, ..connect(V5, "slow") });
    slow.send(subscribe(1, &[("t/#", options(QoS::AtLeastOnce))]));
    slow.suback();
    let first = slow.publish();
    topics.iter().for_each(|topic| retain(topic, "new"));
    retain("t/7", "");
    slow.acknowledge(&first);
    let mut last = std::collections::BTreeMap::new();
    while let Some(Packet::Publish(publish)) = slow.poll() {
        assert!(!publish.retain || publish.topic != "t/7", "it was deleted");
        last.insert(publish.topic, publish.payload);
        slow.acknowledge(&publish);
    }
    assert_eq!(last.len(), 50);
    assert_eq!(last.remove("t/7"), Some(&b""[..]));
    assert!(last.values().all(|payload| *payload == b"new"), "{last:?}");
}

#[test]
fn each_filter_of_a_large_unsubscribe_is_answered() {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(V5, "a");
    let filters: Vec<_> =
        (0..600).map(|number| format!("{}t/{number}", ["", "$share/g/"][number % 2])).collect();
    let asked: Vec<_> = filters.iter().map(|filter| (filter.as_str(), options(QoS::AtMostOnce))).collect();
    client.send(subscribe(1, &asked));
    client.suback();
    let mut all: Vec<_> = filters.iter().rev().map(String::as_str).collect();
    all.extend(["$share/g/none", "none"].repeat(5000));
    client.send(unsubscribe(2, &all));
    let unsuback = client.unsuback();
    let (known, unknown) = unsuback.reasons.as_bytes().split_at(600);
    assert!(known.iter().all(|reason| *reason == ReasonCode::SUCCESS.0));
    assert_eq!(unknown.len(), 10_000);
    assert!(unknown.iter().all(|reason| *reason == ReasonCode::NO_SUBSCRIPTION_EXISTED.0));
    assert_eq!(world.count(|stats| stats.subscriptions), 0);
    client.leave();
    world.advance_secs(3600);
    world.expect_nothing_held();
}
