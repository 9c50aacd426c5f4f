//! Other settings while clients are connected.

use std::sync::Arc;

use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::engine::{CloseCause, EngineSettings, Input, SharePolicy};
use vouchmq_mqtt::{Limits, Packet, QoS, ReasonCode};

use super::harness::*;

fn reconfigure(world: &World, settings: &EngineSettings) {
    world.input(|| Input::Reconfigure(Box::new(settings.clone())));
}

fn limited(change: impl FnOnce(&mut Limits)) -> EngineSettings {
    let mut limits = Limits::default();
    change(&mut limits);
    EngineSettings { limits: Arc::new(limits), ..EngineSettings::default() }
}

/// A client that keeps to what it was told must not be punished for what it could not know.
#[test]
fn a_client_may_rely_on_what_it_was_told() {
    let world = World::new();
    world.hold_journal();
    let old = world.connect(V5, "old");
    let narrow = |limits: &mut Limits| {
        (limits.receive_maximum, limits.packet_bytes_max, limits.topic_alias_maximum) = (1, 100, 0);
        limits.keep_alive_max_secs = 5;
    };
    reconfigure(&world, &limited(narrow));
    let large = "x".repeat(200);
    old.send_all([1, 2, 3].map(|number| Packet::Publish(qos1(number, "t", &large))));
    assert!(old.is_open());
    world.release_journal();

    let new = world.open(V5);
    new.send(connect(V5, "new"));
    let told = new.connack();
    assert_eq!(told.properties.receive_maximum(), Some(1));
    assert_eq!(told.properties.maximum_packet_size(), Some(100));
    assert_eq!(told.properties.server_keep_alive(), Some(5));
    new.send(qos0("t", &large));
    assert!(matches!(
        new.disconnected(ReasonCode::PACKET_TOO_LARGE),
        CloseCause::Violation(ReasonCode::PACKET_TOO_LARGE, _)
    ));
    world.advance_secs(30);
    assert!(old.is_open(), "its keep-alive is the one that it has");
}

#[test]
fn what_nobody_was_told_counts_at_once() {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(V5, "a");
    client.subscribe("one", QoS::AtMostOnce);
    reconfigure(&world, &limited(|limits| limits.subscriptions_max = 1));
    client.send(subscribe(9, &[("two", options(QoS::AtMostOnce))]));
    assert_eq!(client.suback().reasons.iter().next(), Some(ReasonCode::QUOTA_EXCEEDED));
    assert!(client.is_open());
}

#[test]
fn members_of_a_group_stay_when_the_policy_changes() {
    let world = World::with(|setup| setup.shards = 2);
    let members = ["a", "b", "c"].map(|name| {
        let member = world.connect(V5, name);
        member.subscribe("$share/g/t", QoS::AtMostOnce);
        member
    });
    let publisher = world.connect(V5, "publisher");
    for policy in [SharePolicy::HashClientId, SharePolicy::Sticky, SharePolicy::RoundRobin] {
        reconfigure(&world, &EngineSettings { share_policy: policy, ..EngineSettings::default() });
        for _ in 0..3 {
            publisher.publishes(QoS::AtMostOnce, "t", "x");
        }
        let counts = members.each_ref().map(|member| std::iter::from_fn(|| member.poll()).count());
        let expected: &[usize] = if policy == SharePolicy::RoundRobin { &[1, 1, 1] } else { &[0, 0, 3] };
        let mut sorted = counts;
        sorted.sort_unstable();
        assert_eq!(sorted, *expected, "{policy:?}");
    }
    members[0].unsubscribe("$share/g/t");
    publisher.publishes(QoS::AtMostOnce, "t", "x");
    members[0].expect_nothing();
}
