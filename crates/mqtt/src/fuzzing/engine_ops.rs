use std::sync::Arc;
use std::time::Duration;

use super::script::Script;
use super::wire::Stage;
use super::world::{SESSION_SECS_MAX, World};
use crate::authorize::{Grant, Inquired};
use crate::engine::{Decision, DenyAction, EngineOptions, Input, SharePolicy};
use crate::limits::{Limits, QueueFull};
use crate::message::{Message, Publication, PublisherId};
use crate::packet::{
    Ack, Auth, Connect, Disconnect, Publish, RetainHandling, Subscribe, SubscriptionFiltersBuf,
    SubscriptionOptions, TopicFiltersBuf, Unsubscribe, WillMessage,
};
use crate::retained::{RetainedLimits, SharedRetained};
use crate::time::Timestamp;
use crate::{Packet, PacketId, Properties, PropertiesBuf, Property, QoS, ReasonCode, codec};

const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];
const TOPICS: [&str; 7] = ["a/b", "a/b/c", "n", "n/x", "", "$SYS/x", "/"];
const FILTERS: [&str; 13] = [
    "a/b",
    "a/+",
    "a/#",
    "#",
    "+",
    "+/b",
    "n/#",
    "$SYS/#",
    "$share/g/a/#",
    "$share/g/a",
    "$share/h/#",
    "a#",
    "$share/g",
];
const SIZES: [usize; 3] = [0, 300, 3000];
const STEPS_MAX: usize = 400;
const ACKNOWLEDGED: [QoS; 2] = [QoS::AtLeastOnce, QoS::ExactlyOnce];

/// Operations on one to three engines, in any order: what clients, authenticators, the network, other engines
/// and time can do.
pub(super) fn engine_ops(data: &[u8]) {
    let mut script = Script::new(data);
    let options = options(&mut script);
    let mut world = World::new(&options);
    for _ in 0..STEPS_MAX {
        if script.is_over() {
            break;
        }
        step(&mut world, &mut script);
        world.check();
    }
    world.finish();
}

fn options(script: &mut Script<'_>) -> EngineOptions {
    let choices = script.byte();
    let mut options = EngineOptions::new(1 + u16::from(choices) % 3);
    let is_narrow = choices & 4 == 0;
    let limits = if is_narrow { narrow_limits(script) } else { Limits::default() };
    options.settings.limits = Arc::new(Limits { session_expiry_max_secs: SESSION_SECS_MAX, ..limits });
    let retained = RetainedLimits { messages_max: 3, bytes_max: 2000 };
    let retained = if is_narrow { retained } else { RetainedLimits::default() };
    options.retained = SharedRetained::new(options.hash_seed.clone(), retained);
    let policies = [SharePolicy::Sticky, SharePolicy::HashClientId];
    options.settings.share_policy = script.pick(SharePolicy::RoundRobin, &policies);
    options.settings.deny_action = script.pick(DenyAction::Ignore, &[DenyAction::Disconnect]);
    options.settings.check_payload_format = script.flag();
    options.settings.response_information = Some("r/".into());
    options
}

fn narrow_limits(script: &mut Script<'_>) -> Limits {
    Limits {
        unauthenticated_bytes_max: 500,
        packet_bytes_max: 4096,
        client_id_bytes_max: 8,
        user_properties_max: 1,
        subscriptions_max: 3,
        receive_maximum: 2,
        topic_alias_maximum: 2,
        outbound_bytes_max: 400,
        queued_messages_max: 5,
        queued_bytes_max: 1000,
        queue_full: script.pick(QueueFull::Reject, &[QueueFull::DropNew, QueueFull::DropOldest]),
        keep_alive_max_secs: 5,
        messages_per_sec: u32::from(script.byte() % 4) * 5,
        ..Limits::default()
    }
}

fn step(world: &mut World, script: &mut Script<'_>) {
    let operation = script.byte();
    let client = script.below(world.wires.len());
    match operation % 24 {
        0 | 1 => connect(world, script),
        2 | 3 => subscribe(world, script, client),
        4 => unsubscribe(world, script, client),
        5..=8 => publish(world, script, client),
        9 | 10 => acknowledge_oldest(world, client),
        11 => acknowledge_any(world, script, client),
        12 => send(world, client, &Packet::PingReq),
        13 => disconnect(world, script, client),
        14 => world.cut(client),
        15 => {
            let count = script.below(32);
            world.send(client, script.bytes(count));
        }
        16 => judge(world, script, client),
        17 => mail(world, script),
        18 => {
            world.held.journal = script.flag();
            world.settle();
        }
        19 | 20 => {
            let millis = script.pick(1, &[100, 1000, 5000, 16_000, 61_000]);
            world.advance(Duration::from_millis(millis));
        }
        21 => control(world, script, client),
        22 => stick(world, script, client),
        _ => authenticate(world, script, client),
    }
}

fn connect(world: &mut World, script: &mut Script<'_>) {
    let shard = script.below(world.engines.len());
    let [oldest, later @ ..] = super::VERSIONS;
    let version = script.pick(oldest, &later);
    let flags = script.byte();
    let mut properties = PropertiesBuf::new();
    if flags & 1 != 0 {
        properties.push(Property::SessionExpiryInterval(script.pick(0, &[1, 20, u32::MAX])));
    }
    if flags & 2 != 0 {
        properties.push(Property::ReceiveMaximum(script.pick(1, &[2, 9])));
    }
    if flags & 4 != 0 {
        properties.push(Property::TopicAliasMaximum(script.pick(0, &[1, 3])));
    }
    if flags & 8 != 0 {
        properties.push(Property::MaximumPacketSize(script.pick(20, &[5, 100, 1000])));
    }
    if flags & 16 != 0 {
        properties.push(Property::AuthenticationMethod("m"));
    }
    let mut will_properties = PropertiesBuf::new();
    let (will_qos, delay) = (script.pick(QoS::AtMostOnce, &ACKNOWLEDGED), script.pick(0, &[1, 10, 100]));
    will_properties.push(Property::WillDelayInterval(delay));
    let will = WillMessage {
        qos: will_qos,
        retain: delay == 1,
        properties: will_properties.as_properties(),
        topic: script.pick("a", &TOPICS),
        payload: b"will",
    };
    let connect = Connect {
        version,
        clean_start: flags & 32 != 0,
        keep_alive_secs: script.pick(0, &[1, 10]),
        client_id: script.pick("", &CLIENTS),
        properties: properties.as_properties(),
        will: (flags & 64 != 0).then_some(will),
        username: (flags & 128 != 0).then_some("u"),
        password: (flags & 128 != 0).then_some(b"p"),
    };
    let client = world.open(shard);
    let mut bytes = Vec::new();
    let _ = codec::encode(&Packet::Connect(connect.clone()), connect.dialect(), &mut bytes);
    world.send(client, &bytes);
}

/// A packet of the client, as its version says it.
fn send(world: &mut World, client: usize, packet: &Packet<'_>) {
    let Some(dialect) = world.wires.get(client).map(|wire| wire.dialect) else { return };
    let mut bytes = Vec::new();
    let _ = codec::encode(packet, dialect, &mut bytes);
    world.send(client, &bytes);
}

fn subscribe(world: &mut World, script: &mut Script<'_>, client: usize) {
    let handling = [RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
    let mut filters = SubscriptionFiltersBuf::default();
    let mut properties = PropertiesBuf::new();
    let identifier = script.below(4);
    if let Some(identifier) = u32::try_from(identifier).ok().filter(|identifier| *identifier > 0) {
        properties.push(Property::SubscriptionIdentifier(identifier));
    }
    for _ in 0..=script.below(3) {
        let choices = script.byte();
        let options = SubscriptionOptions {
            qos: script.pick(QoS::AtMostOnce, &ACKNOWLEDGED),
            no_local: choices & 1 != 0,
            retain_as_published: choices & 2 != 0,
            retain_handling: handling
                .get(usize::from(choices >> 2) % 3)
                .copied()
                .unwrap_or(RetainHandling::Send),
        };
        filters.push(script.pick("a", &FILTERS), options);
    }
    let (packet_id, properties) = (packet_id(script), properties.as_properties());
    let filters = filters.as_filters();
    send(world, client, &Packet::Subscribe(Subscribe { packet_id, properties, filters }));
}

fn unsubscribe(world: &mut World, script: &mut Script<'_>, client: usize) {
    let mut filters = TopicFiltersBuf::default();
    for _ in 0..=script.below(3) {
        filters.push(script.pick("a", &FILTERS));
    }
    let (packet_id, filters) = (packet_id(script), filters.as_filters());
    send(
        world,
        client,
        &Packet::Unsubscribe(Unsubscribe { packet_id, properties: Properties::EMPTY, filters }),
    );
}

fn publish(world: &mut World, script: &mut Script<'_>, client: usize) {
    let flags = script.byte();
    let qos = script.pick(QoS::AtMostOnce, &ACKNOWLEDGED);
    let mut properties = PropertiesBuf::new();
    if flags & 1 != 0 {
        properties.push(Property::MessageExpiryInterval(script.pick(0, &[1, 30])));
    }
    if flags & 2 != 0 {
        properties.push(Property::TopicAlias(script.pick(1, &[2, 3])));
    }
    if flags & 4 != 0 {
        properties.push(Property::PayloadFormatIndicator(true));
    }
    if flags & 8 != 0 {
        properties.push(Property::UserProperty("k", "v"));
    }
    let payload = vec![if flags & 64 != 0 { 0xFF } else { b'x' }; script.pick(1, &SIZES)];
    let publish = Publish {
        dup: flags & 16 != 0 && qos != QoS::AtMostOnce,
        retain: flags & 32 != 0,
        qos,
        topic: script.pick("a", &TOPICS),
        packet_id: (qos != QoS::AtMostOnce).then(|| packet_id(script)),
        properties: properties.as_properties(),
        payload: &payload,
    };
    send(world, client, &Packet::Publish(publish));
}

fn packet_id(script: &mut Script<'_>) -> PacketId {
    PacketId::new(u16::from(script.byte() % 4) + 1).unwrap_or(PacketId::MIN)
}

/// The client goes on with its oldest delivery, as it should.
fn acknowledge_oldest(world: &mut World, client: usize) {
    let oldest = world.wires.get(client).and_then(|wire| wire.in_flight.first().copied());
    let Some((id, stage)) = oldest else { return };
    let Some(ack) = PacketId::new(id).map(|id| Ack::new(id, ReasonCode::SUCCESS)) else { return };
    let packet = match stage {
        Stage::AtLeastOnce => Packet::PubAck(ack),
        Stage::ExactlyOnce => Packet::PubRec(ack),
        Stage::Released => Packet::PubComp(ack),
    };
    send(world, client, &packet);
}

fn acknowledge_any(world: &mut World, script: &mut Script<'_>, client: usize) {
    let kind = script.below(4);
    let reason = script.pick(ReasonCode::SUCCESS, &[ReasonCode::UNSPECIFIED_ERROR]);
    let ack = Ack::new(packet_id(script), reason);
    let packet = match kind {
        0 => Packet::PubAck(ack),
        1 => Packet::PubRec(ack),
        2 => Packet::PubRel(Ack::new(ack.packet_id, ReasonCode::SUCCESS)),
        _ => Packet::PubComp(Ack::new(ack.packet_id, ReasonCode::SUCCESS)),
    };
    send(world, client, &packet);
}

fn disconnect(world: &mut World, script: &mut Script<'_>, client: usize) {
    let reason = script.pick(ReasonCode::SUCCESS, &[ReasonCode::DISCONNECT_WITH_WILL]);
    let mut properties = PropertiesBuf::new();
    if script.flag() {
        properties.push(Property::SessionExpiryInterval(script.pick(0, &[1, u32::MAX])));
    }
    let properties = properties.as_properties();
    send(world, client, &Packet::Disconnect(Disconnect { reason, properties }));
}

fn authenticate(world: &mut World, script: &mut Script<'_>, client: usize) {
    let reason = script.pick(ReasonCode::CONTINUE_AUTHENTICATION, &[ReasonCode::REAUTHENTICATE]);
    let mut properties = PropertiesBuf::new();
    properties.push(Property::AuthenticationMethod(script.pick("m", &["other"])));
    properties.push(Property::AuthenticationData(b"data"));
    send(world, client, &Packet::Auth(Auth { reason, properties: properties.as_properties() }));
}

fn judge(world: &mut World, script: &mut Script<'_>, client: usize) {
    match script.below(10) {
        0 => world.held.verdicts = !world.held.verdicts,
        1 => world.allow(client, None),
        2 => world.allow(client, Some(Duration::from_secs(3))),
        3 => world.decide(client, Decision::Refuse(ReasonCode::NOT_AUTHORIZED)),
        4 => world.decide(client, Decision::Continue(b"challenge".to_vec())),
        5 => {
            let secs = script.pick(None, &[Some(0), Some(3)]);
            world.repermit(client, secs.map(Duration::from_secs), script.flag());
        }
        6 => world.is_asking = !world.is_asking,
        7 | 8 => {
            let [allowed, checked, denied] =
                [Grant::Whole, Grant::PerMessage, Grant::Denied].map(Inquired::Granted);
            let inquired = script.pick(allowed, &[denied, Inquired::Unavailable, checked]);
            world.answer_inquiry(script.below(8), inquired, script.flag());
        }
        _ => {
            let Some(wire) = world.wires.get(client) else { return };
            // A verdict that nobody waits for.
            let (shard, id) = (wire.shard, wire.id);
            world.input(shard, Input::Decided(id, Decision::Refuse(ReasonCode::BANNED)));
        }
    }
}

fn mail(world: &mut World, script: &mut Script<'_>) {
    match script.below(4) {
        0 => world.held.mail = true,
        1 => world.held.mail = false,
        _ => drop(world.deliver_one_mail(script.below(8))),
    }
    world.settle();
}

fn control(world: &mut World, script: &mut Script<'_>, client: usize) {
    let shard = script.below(world.engines.len());
    let input = match script.below(5) {
        0 => Input::DisconnectClient(script.pick("", &CLIENTS).into(), ReasonCode::ADMINISTRATIVE_ACTION),
        1 => Input::MemoryPressure(script.flag()),
        2 => {
            let Some(wire) = world.wires.get(client) else { return };
            let (shard, id) = (wire.shard, wire.id);
            return world.input(shard, Input::Disconnect(id, ReasonCode::NOT_AUTHORIZED));
        }
        3 => Input::Publish(Message::new(&Publication {
            topic: "$SYS/x",
            properties: Properties::EMPTY,
            payload: b"1",
            qos: script.pick(QoS::AtMostOnce, &ACKNOWLEDGED),
            retain: script.flag(),
            publisher: PublisherId::BROKER,
            expires_at: Timestamp::NEVER,
        })),
        _ => match script.byte() {
            // Rarely: it is the end.
            0xFF => Input::Drain,
            0xF0..0xFF => return world.end_client(shard, script.pick("", &CLIENTS)),
            _ => return,
        },
    };
    world.input(shard, input);
}

fn stick(world: &mut World, script: &mut Script<'_>, client: usize) {
    if script.flag() {
        return world.unstick(client);
    }
    if let Some(wire) = world.wires.get_mut(client) {
        wire.is_stuck = true;
    }
}
