//! Shared messages that one member did not finish.

use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

/// A group with one member, and one that joins when the first is busy.
struct Group {
    world: World,
    first: Client,
    publisher: Client,
}

impl Group {
    fn new() -> Self {
        Self::with(persistent(V5, "first"))
    }

    fn with(first: Connect<'_>) -> Self {
        let world = World::with(|setup| setup.shards = 3);
        let first = world.connect_with(first);
        first.subscribe("$share/g/t", QoS::ExactlyOnce);
        let publisher = world.connect(V5, "publisher");
        Self { world, first, publisher }
    }

    fn second(&self) -> Client {
        let second = self.world.connect(V5, "second");
        second.subscribe("$share/g/t", QoS::ExactlyOnce);
        second
    }

    fn end_of_first_session(&self) {
        self.world.advance(Duration::from_secs(u64::from(KEPT_SECS)) + LATE);
        assert!(self.world.session("first").is_none());
    }
}

/// MQTT5-4.8.2-4
#[test]
fn qos_2_that_broke_off_is_completed_when_the_member_is_back() {
    let group = Group::new();
    group.publisher.publishes(QoS::ExactlyOnce, "t", "1");
    group.publisher.publishes(QoS::ExactlyOnce, "t", "2");
    let (one, two) = (group.first.publish(), group.first.publish());
    let released = two.packet_id.expect("QoS 2");
    group.first.send(pubrec(released, ReasonCode::SUCCESS));
    group.first.expect(pubrel(released, ReasonCode::SUCCESS));
    let second = group.second();
    group.first.vanish();
    group.world.advance_secs(100);
    second.expect_nothing();
    let first = group.world.connect_with(persistent(V5, "first"));
    first.expect(Publish { dup: true, ..one.clone() });
    first.expect(pubrel(released, ReasonCode::SUCCESS));
    first.acknowledge(&one);
    first.send(pubcomp(released, ReasonCode::SUCCESS));
    first.expect_nothing();
    second.expect_nothing();
}

/// MQTT5-4.8.2-5
#[test]
fn qos_2_that_began_goes_to_nobody_else_when_the_session_ends() {
    let group = Group::new();
    group.publisher.publishes(QoS::ExactlyOnce, "t", "1");
    group.publisher.publishes(QoS::ExactlyOnce, "t", "2");
    let (_, two) = (group.first.publish(), group.first.publish());
    group.first.send(pubrec(two.packet_id.expect("QoS 2"), ReasonCode::SUCCESS));
    let second = group.second();
    group.first.vanish();
    group.end_of_first_session();
    second.expect_nothing();
}

#[test]
fn qos_1_that_is_unacknowledged_goes_to_another_member_when_the_session_ends() {
    let group = Group::new();
    group.publisher.publishes(QoS::AtLeastOnce, "t", "1");
    group.publisher.publishes(QoS::AtLeastOnce, "t", "2");
    group.first.publish();
    group.first.receives(QoS::AtLeastOnce, "t", "2");
    let second = group.second();
    group.first.vanish();
    group.world.advance_secs(100);
    second.expect_nothing();
    group.end_of_first_session();
    second.receives(QoS::AtLeastOnce, "t", "1");
    second.expect_nothing();
}

#[test]
fn what_waited_for_a_member_goes_to_another_when_the_session_ends() {
    let properties = props(&[Property::SessionExpiryInterval(KEPT_SECS), Property::ReceiveMaximum(1)]);
    let group = Group::with(Connect { properties, ..persistent(V5, "first") });
    for (qos, payload) in [(QoS::ExactlyOnce, "under way"), (QoS::AtLeastOnce, "1"), (QoS::ExactlyOnce, "2")]
    {
        group.publisher.publishes(qos, "t", payload);
    }
    group.first.publish();
    let second = group.second();
    group.first.vanish();
    group.end_of_first_session();
    second.receives(QoS::AtLeastOnce, "t", "1");
    second.receives(QoS::ExactlyOnce, "t", "2");
    second.expect_nothing();
}

#[test]
fn a_clean_start_of_the_member_hands_back_as_well() {
    let group = Group::new();
    group.publisher.publishes(QoS::AtLeastOnce, "t", "1");
    group.first.publish();
    let second = group.second();
    group.world.connect(V5, "first").expect_nothing();
    second.receives(QoS::AtLeastOnce, "t", "1");
}

#[test]
fn when_the_last_session_ends_the_message_is_gone() {
    let group = Group::new();
    group.publisher.publishes(QoS::AtLeastOnce, "t", "1");
    group.first.vanish();
    group.end_of_first_session();
    group.second().expect_nothing();
    assert_eq!(group.publisher.publishes(QoS::AtLeastOnce, "u", "x"), ReasonCode::NO_MATCHING_SUBSCRIBERS);
}

/// MQTT5-4.8.2-6
#[test]
fn a_message_that_a_member_refuses_is_offered_to_nobody_else() {
    let group = Group::new();
    group.publisher.publishes(QoS::AtLeastOnce, "t", "1");
    group.publisher.publishes(QoS::ExactlyOnce, "t", "2");
    let (one, two) = (group.first.publish(), group.first.publish());
    let second = group.second();
    let reason = ReasonCode::UNSPECIFIED_ERROR;
    group.first.send(puback(one.packet_id.expect("QoS 1"), reason));
    group.first.send(pubrec(two.packet_id.expect("QoS 2"), reason));
    group.first.expect_nothing();
    group.first.vanish();
    group.end_of_first_session();
    second.expect_nothing();
}

#[test]
fn a_message_on_its_way_to_a_member_that_leaves_goes_to_another() {
    for ends in [false, true] {
        let world = World::with(|setup| setup.shards = 3);
        let names = [0, 1, 2].map(|shard| world.name_at(shard, "member"));
        let members = names.map(|name| {
            let connect = if ends { connect(V5, name) } else { persistent(V5, name) };
            let member = world.connect_with(connect);
            member.subscribe("$share/g/t", QoS::AtLeastOnce);
            member
        });
        let publisher = world.connect(V5, world.name_at(0, "publisher"));
        let count_kept = || -> usize {
            let infos = names.iter().filter_map(|name| world.session(name));
            infos.map(|info| info.queued_count + info.in_flight_count).sum()
        };
        for leaver in 0..2 {
            let kept_before = count_kept();
            world.hold_mail();
            publisher.send(qos1(1, "t", "x"));
            members[leaver].vanish();
            world.release_mail();
            publisher.puback();
            let got: usize = members
                .iter()
                .filter(|member| member.is_open())
                .map(|member| match member.poll() {
                    Some(Packet::Publish(publish)) => {
                        member.acknowledge(&publish);
                        1
                    }
                    _ => 0,
                })
                .sum();
            let kept = count_kept() - kept_before;
            assert_eq!(got + kept, 1, "exactly one has it; {leaver} left");
        }
    }
}

#[test]
fn a_message_that_expired_is_handed_to_nobody() {
    let group = Group::new();
    let properties = props(&[Property::MessageExpiryInterval(10)]);
    group.publisher.send(Publish { properties, ..qos1(1, "t", "1") });
    group.first.publish();
    let second = group.second();
    group.first.vanish();
    group.end_of_first_session();
    second.expect_nothing();
}
