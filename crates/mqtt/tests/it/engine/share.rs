//! Shared subscriptions: who gets which message.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::engine::SharePolicy;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Packet, Property, QoS, QueueFull};

use super::harness::*;

versions! { V31, V311, V5 =>
    every_message_of_a_group_goes_to_one_member,
    every_group_gets_its_own_copy,
    whoever_unsubscribes_leaves_the_group,
}

fn world_with(policy: SharePolicy) -> World {
    World::with(|setup| {
        setup.shards = 3;
        setup.options.settings.share_policy = policy;
    })
}

/// So many clients in one group, one engine after the other.
fn members(world: &World, version: ProtocolVersion, count: u16, filter: &str, qos: QoS) -> Vec<Client> {
    (0..count)
        .map(|number| {
            let name = world.name_at(number % 3, &format!("member{number}-"));
            let member = world.connect_with(persistent(version, name));
            member.subscribe(filter, qos);
            member
        })
        .collect()
}

/// Which member gets the message that is published now.
fn chosen(publisher: &Client, members: &[&Client], qos: QoS) -> usize {
    publisher.publishes(qos, "t", "x");
    let got: Vec<usize> = members
        .iter()
        .enumerate()
        .filter_map(|(index, member)| match member.poll() {
            Some(Packet::Publish(publish)) => {
                member.acknowledge(&publish);
                member.expect_nothing();
                Some(index)
            }
            Some(other) => panic!("{other:?}"),
            None => None,
        })
        .collect();
    assert_eq!(got.len(), 1, "one member gets it");
    got[0]
}

fn borrowed(members: &[Client]) -> Vec<&Client> {
    members.iter().collect()
}

fn every_message_of_a_group_goes_to_one_member(version: ProtocolVersion) {
    let world = world_with(SharePolicy::RoundRobin);
    let members = members(&world, version, 5, "$share/g/t", QoS::ExactlyOnce);
    let members = borrowed(&members);
    for shard in 0..3 {
        let publisher = world.connect(version, world.name_at(shard, "publisher"));
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            chosen(&publisher, &members, qos);
        }
    }
}

fn every_group_gets_its_own_copy(version: ProtocolVersion) {
    let world = world_with(SharePolicy::RoundRobin);
    let publisher = world.connect(version, "publisher");
    let groups: Vec<Vec<Client>> = ["$share/g/t", "$share/h/t", "$share/g/+", "t"]
        .iter()
        .enumerate()
        .map(|(group, filter)| {
            let count = if *filter == "t" { 1 } else { 2 };
            (0..count)
                .map(|number| {
                    let member = world.connect(version, &format!("g{group}m{number}"));
                    member.subscribe(filter, QoS::AtMostOnce);
                    member
                })
                .collect()
        })
        .collect();
    for _ in 0..4 {
        publisher.publishes(QoS::AtMostOnce, "t", "x");
        for group in &groups {
            let count: usize = group.iter().map(|member| usize::from(member.poll().is_some())).sum();
            assert_eq!(count, 1);
            group.iter().for_each(Client::expect_nothing);
        }
    }
}

fn whoever_unsubscribes_leaves_the_group(version: ProtocolVersion) {
    let world = world_with(SharePolicy::RoundRobin);
    let members = members(&world, version, 3, "$share/g/t", QoS::AtMostOnce);
    let publisher = world.connect(version, "publisher");
    members[1].unsubscribe("$share/g/t");
    for _ in 0..6 {
        chosen(&publisher, &[&members[0], &members[2]], QoS::AtMostOnce);
        members[1].expect_nothing();
    }
    members[0].unsubscribe("$share/g/t");
    members[2].unsubscribe("$share/g/t");
    publisher.publishes(QoS::AtMostOnce, "t", "x");
    members.iter().for_each(Client::expect_nothing);
    assert_eq!(world.count(|stats| stats.subscriptions), 0);
}

#[test]
fn round_robin_serves_one_member_after_the_other() {
    let world = world_with(SharePolicy::RoundRobin);
    let members = members(&world, V5, 4, "$share/g/t", QoS::AtMostOnce);
    let members = borrowed(&members);
    let publisher = world.connect(V5, "publisher");
    let order: Vec<usize> = (0..12).map(|_| chosen(&publisher, &members, QoS::AtMostOnce)).collect();
    assert_eq!(order, [0, 1, 2, 3].repeat(3));
}

#[test]
fn round_robin_passes_nobody_over_when_a_member_leaves() {
    for leaver in 0..4 {
        let world = world_with(SharePolicy::RoundRobin);
        let members = members(&world, V5, 4, "$share/g/t", QoS::AtMostOnce);
        let members = borrowed(&members);
        let publisher = world.connect(V5, "publisher");
        assert_eq!(chosen(&publisher, &members, QoS::AtMostOnce), 0);
        assert_eq!(chosen(&publisher, &members, QoS::AtMostOnce), 1);
        members[leaver].unsubscribe("$share/g/t");
        let rest: Vec<usize> = [2, 3, 0, 1].into_iter().filter(|index| *index != leaver).collect();
        for expected in rest.iter().chain(&rest) {
            assert_eq!(chosen(&publisher, &members, QoS::AtMostOnce), *expected, "{leaver} left");
        }
    }
}

#[test]
fn sticky_stays_with_a_member_for_as_long_as_it_is_online() {
    let world = world_with(SharePolicy::Sticky);
    let members = members(&world, V5, 4, "$share/g/t", QoS::AtMostOnce);
    let members = borrowed(&members);
    let publisher = world.connect(V5, "publisher");
    let choose = || chosen(&publisher, &members, QoS::AtMostOnce);
    assert_eq!([(); 5].map(|()| choose()), [0; 5]);
    members[0].vanish();
    members[1].vanish();
    let online = [members[2], members[3]];
    assert_eq!(chosen(&publisher, &online, QoS::AtMostOnce), 0);
    for number in [0, 1] {
        let name = world.name_at(number, &format!("member{number}-"));
        let back = world.connect_with(persistent(V5, name));
        assert_eq!(chosen(&publisher, &online, QoS::AtMostOnce), 0, "whoever comes");
        back.unsubscribe("$share/g/t");
        assert_eq!(chosen(&publisher, &online, QoS::AtMostOnce), 0, "whoever leaves");
    }
}

#[test]
fn a_message_reaches_the_one_member_that_has_room() {
    for policy in [SharePolicy::RoundRobin, SharePolicy::Sticky, SharePolicy::HashClientId] {
        for count in [3, 5] {
            one_member_that_has_room_is_found(policy, count);
        }
    }
}

/// Each member has room for two: one in flight and one that waits.
fn one_member_that_has_room_is_found(policy: SharePolicy, count: u16) {
    let world = World::with(|setup| {
        setup.shards = 3;
        setup.options.settings.share_policy = policy;
        setup.limits.queued_messages_max = 1;
        setup.limits.queue_full = QueueFull::Reject;
    });
    let member = |number: u16| {
        let name = world.name_at(number % 3, &format!("member{number}-"));
        let properties = props(&[Property::ReceiveMaximum(1)]);
        let member = world.connect_with(Connect { properties, ..connect(V5, name) });
        member.subscribe("$share/g/t", QoS::AtLeastOnce);
        member
    };
    let members: Vec<Client> = (0..count).map(member).collect();
    let publisher = world.connect(V5, "publisher");
    for _ in 0..2 * count {
        publisher.publishes(QoS::AtLeastOnce, "t", "fill");
    }
    let mut in_flight: Vec<_> = members.iter().map(Client::publish).collect();
    // From wherever the last message went.
    for free in (0..members.len()).chain((0..members.len()).rev()) {
        let member = &members[free];
        member.acknowledge(&in_flight[free]);
        publisher.publishes(QoS::AtLeastOnce, "t", "wanted");
        member.acknowledge(&member.publish());
        in_flight[free] = member.publish();
        assert_eq!(in_flight[free].payload, b"wanted", "{policy:?}, {free} of {count}");
        publisher.publishes(QoS::AtLeastOnce, "t", "fill");
    }
}

#[test]
fn hash_gives_all_messages_of_a_publisher_to_one_member() {
    let world = world_with(SharePolicy::HashClientId);
    let members = members(&world, V5, 4, "$share/g/t", QoS::AtMostOnce);
    let members = borrowed(&members);
    let mut used = std::collections::BTreeSet::new();
    for number in 0..40 {
        let publisher = world.connect(V5, &format!("publisher{number}"));
        let first = chosen(&publisher, &members, QoS::AtMostOnce);
        assert_eq!(chosen(&publisher, &members, QoS::AtMostOnce), first);
        used.insert(first);
    }
    assert_eq!(used.len(), 4, "different publishers have different members");
}

#[test]
fn no_absent_member_is_chosen_while_another_is_online() {
    for policy in [SharePolicy::RoundRobin, SharePolicy::Sticky, SharePolicy::HashClientId] {
        let world = world_with(policy);
        let members = members(&world, V5, 3, "$share/g/t", QoS::AtLeastOnce);
        let publishers = [0, 1, 2].map(|shard| world.connect(V5, world.name_at(shard, "publisher")));
        members[0].vanish();
        members[2].vanish();
        for publisher in &publishers {
            for _ in 0..4 {
                chosen(publisher, &[&members[1]], QoS::AtLeastOnce);
            }
        }
        for shard in [0, 2] {
            let name = world.name_at(shard, &format!("member{shard}-"));
            world.connect_with(persistent(V5, name)).expect_nothing();
        }
    }
}

#[test]
fn when_nobody_is_online_a_member_keeps_the_message_until_it_is_back() {
    let world = world_with(SharePolicy::RoundRobin);
    let members = members(&world, V5, 3, "$share/g/t", QoS::AtLeastOnce);
    members.iter().for_each(Client::vanish);
    let publisher = world.connect(V5, "publisher");
    for number in 0..6 {
        publisher.publishes(QoS::AtLeastOnce, "t", &number.to_string());
    }
    let mut payloads = Vec::new();
    for number in 0..3 {
        let name = world.name_at(number, &format!("member{number}-"));
        let member = world.connect_with(persistent(V5, name));
        while let Some(Packet::Publish(publish)) = member.poll() {
            payloads.push(String::from_utf8_lossy(publish.payload).into_owned());
            member.acknowledge(&publish);
        }
    }
    payloads.sort();
    assert_eq!(payloads, ["0", "1", "2", "3", "4", "5"]);
}

/// MQTT5-4.8.2-3
#[test]
fn a_shared_message_has_the_qos_that_its_member_was_granted() {
    let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    let world = world_with(SharePolicy::RoundRobin);
    let members = all.map(|qos| {
        let member = world.connect(V5, &format!("{qos:?}"));
        member.subscribe("$share/g/t", qos);
        member
    });
    let publisher = world.connect(V5, "publisher");
    for published in all {
        for (member, granted) in members.iter().zip(all) {
            publisher.publishes(published, "t", "x");
            member.receives(published.min(granted), "t", "x");
        }
    }
}

#[test]
fn a_member_of_several_groups_is_served_by_each_as_it_asked() {
    let world = world_with(SharePolicy::RoundRobin);
    let member = world.connect(V5, "member");
    let groups =
        [("$share/g/t", QoS::AtMostOnce), ("$share/h/t", QoS::AtLeastOnce), ("$share/h/+", QoS::ExactlyOnce)];
    for (filter, qos) in groups {
        member.subscribe(filter, qos);
    }
    let publisher = world.connect(V5, "publisher");
    let received = || {
        publisher.publishes(QoS::ExactlyOnce, "t", "x");
        let mut got: Vec<QoS> = Vec::new();
        while let Some(Packet::Publish(publish)) = member.poll() {
            got.push(publish.qos);
        }
        got.sort_unstable();
        got
    };
    assert_eq!(received(), [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]);
    member.unsubscribe("$share/h/t");
    assert_eq!(received(), [QoS::AtMostOnce, QoS::ExactlyOnce]);
}

#[test]
fn subscribing_again_changes_the_options_and_adds_no_member() {
    let world = world_with(SharePolicy::RoundRobin);
    let members = members(&world, V5, 2, "$share/g/t", QoS::AtMostOnce);
    members[0].subscribe("$share/g/t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    for _ in 0..3 {
        publisher.publishes(QoS::AtLeastOnce, "t", "x");
        members[0].receives(QoS::AtLeastOnce, "t", "x");
        publisher.publishes(QoS::AtLeastOnce, "t", "x");
        members[1].receives(QoS::AtMostOnce, "t", "x");
    }
}

#[test]
fn wildcards_of_a_shared_subscription_do_not_see_hidden_topics() {
    let world = World::new();
    let member = world.connect(V5, "a");
    member.subscribe("$share/g/#", QoS::AtMostOnce);
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::AtMostOnce, "$SYS/x", "x");
    publisher.publishes(QoS::AtMostOnce, "$share/g/t", "x");
    member.expect_nothing();
    publisher.publishes(QoS::AtMostOnce, "t", "x");
    member.receives(QoS::AtMostOnce, "t", "x");
}
