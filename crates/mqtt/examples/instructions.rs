//! Does one operation many times, to be counted: `instructions OPERATION COUNT` under
//! `valgrind --tool=callgrind`. `cargo xtask bench --instructions` knows the operations and records the counts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "an example fails loudly")]

use std::hint::black_box;
use std::sync::Arc;

use vouchmq_mqtt::codec::{DecodeLimits, decode, encode, frame};
use vouchmq_mqtt::engine::{Action, Decision, Engine, EngineOptions, Input, Permit, ShardId};
use vouchmq_mqtt::packet::{
    Connect, Publish, Subscribe, SubscriptionFiltersBuf, SubscriptionOptions, WillMessage,
};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::topic::{FilterMap, HashSeed};
use vouchmq_mqtt::{
    Authorize, ConnectionId, Dialect, FilterRef, Grant, Packet, PacketId, Permission, Properties,
    PropertiesBuf, Property, ProtocolVersion, QoS,
};

const NOW: Timestamp = Timestamp::ZERO;
const PAYLOAD: [u8; 64] = [b'x'; 64];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let operation = arguments.next().unwrap();
    let count: u64 = arguments.next().unwrap().parse().unwrap();
    let mut run = prepare(&operation);
    for _ in 0..count {
        run();
    }
}

fn prepare(operation: &str) -> Box<dyn FnMut()> {
    let mut properties = PropertiesBuf::new();
    properties.push(Property::MessageExpiryInterval(60));
    properties.push(Property::ContentType("text/plain"));
    properties.push(Property::UserProperty("unit", "celsius"));
    match operation {
        "decode_publish_qos0" => decoding(&publish(QoS::AtMostOnce, Properties::EMPTY)),
        "decode_publish_qos1_properties" => decoding(&publish(QoS::AtLeastOnce, properties.as_properties())),
        "decode_connect" => decoding(&connect("device-4711")),
        "encode_publish_qos0" => encoding(publish(QoS::AtMostOnce, Properties::EMPTY)),
        "encode_publish_qos1_properties" => {
            let properties: &'static PropertiesBuf = Box::leak(Box::new(properties));
            encoding(publish(QoS::AtLeastOnce, properties.as_properties()))
        }
        "match_10k_filters" => matching(),
        "publish_to_1" => publishing(1),
        "publish_to_100" => publishing(100),
        other => panic!("there is no operation {other}"),
    }
}

fn publish(qos: QoS, properties: Properties<'_>) -> Packet<'_> {
    let packet_id = (qos != QoS::AtMostOnce).then_some(PacketId::MIN);
    let topic = "sensors/hall-4/temperature";
    Packet::Publish(Publish {
        dup: false,
        retain: false,
        qos,
        topic,
        packet_id,
        properties,
        payload: &PAYLOAD,
    })
}

fn connect(client_id: &str) -> Packet<'_> {
    Packet::Connect(Connect {
        version: ProtocolVersion::V5,
        clean_start: true,
        keep_alive_secs: 60,
        client_id,
        properties: Properties::EMPTY,
        will: Some(WillMessage {
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: Properties::EMPTY,
            topic: "gone",
            payload: b"now",
        }),
        username: Some("user"),
        password: Some(b"password"),
    })
}

fn bytes_of(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = encode(packet, Dialect::new(ProtocolVersion::V5), &mut bytes);
    bytes
}

fn decoding(packet: &Packet<'_>) -> Box<dyn FnMut()> {
    let bytes = bytes_of(packet);
    let limits = DecodeLimits { user_properties_max: 64 };
    Box::new(move || {
        let header = frame(black_box(&bytes)).unwrap().unwrap();
        let body = bytes.get(header.header_len..).unwrap();
        black_box(decode(header, body, ProtocolVersion::V5, &limits).unwrap());
    })
}

fn encoding(packet: Packet<'static>) -> Box<dyn FnMut()> {
    let mut out = Vec::with_capacity(1024);
    Box::new(move || {
        out.clear();
        let _ = black_box(encode(black_box(&packet), Dialect::new(ProtocolVersion::V5), &mut out));
    })
}

/// Half of the filters exact, half with a wildcard; the topic matches one of each.
fn matching() -> Box<dyn FnMut()> {
    let mut filters = FilterMap::new(HashSeed::new([1, 2]));
    for number in 0..5_000u32 {
        for filter in [format!("site/{number}/state"), format!("site/{number}/+")] {
            filters.get_or_insert_with(FilterRef::new(&filter).unwrap(), || number);
        }
    }
    let mut matched = Vec::new();
    Box::new(move || {
        matched.clear();
        filters.matching_ids(black_box("site/4711/state"), &mut matched);
        assert_eq!(matched.len(), 2);
    })
}

/// One QoS 0 PUBLISH through a whole engine, to this many receivers, their outboxes emptied.
fn publishing(receivers: u32) -> Box<dyn FnMut()> {
    let mut engine = Engine::new(NOW, ShardId(0), EngineOptions::new(1));
    for number in 0..receivers {
        let id = client(&mut engine, &format!("receiver-{number}"));
        let mut filters = SubscriptionFiltersBuf::default();
        filters.push("sensors/hall-4/temperature", SubscriptionOptions::new(QoS::AtMostOnce));
        let packet_id = PacketId::MIN;
        let filters = filters.as_filters();
        let subscribe = Packet::Subscribe(Subscribe { packet_id, properties: Properties::EMPTY, filters });
        engine.receive(NOW, id, &bytes_of(&subscribe));
    }
    let publisher = client(&mut engine, "publisher");
    drain(&mut engine);
    let bytes = bytes_of(&publish(QoS::AtMostOnce, Properties::EMPTY));
    Box::new(move || {
        engine.receive(NOW, publisher, black_box(&bytes));
        assert_eq!(drain(&mut engine), receivers);
    })
}

fn client(engine: &mut Engine, client_id: &str) -> ConnectionId {
    let id = engine.open(NOW);
    engine.receive(NOW, id, &bytes_of(&connect(client_id)));
    while let Some(action) = engine.poll_action() {
        if let Action::Authenticate(id, _) = action {
            let permit = Permit { authorize: Arc::new(Everything), until: Timestamp::NEVER, data: None };
            engine.input(NOW, Input::Decided(id, Decision::Allow(permit)));
        }
    }
    id
}

/// Takes every byte that waits; returns how many connections had some.
fn drain(engine: &mut Engine) -> u32 {
    let mut count = 0;
    while let Some(id) = engine.poll_dirty() {
        let waiting = engine.outbox(id).map_or(0, |outbox| outbox.len());
        engine.written(NOW, id, waiting);
        count += 1;
    }
    count
}

struct Everything;

impl Authorize for Everything {
    fn publish(&self, _: &str, _: QoS, _: bool) -> Permission {
        Permission::Allowed
    }
    fn subscribe(&self, _: FilterRef<'_>, _: Option<&str>) -> Grant {
        Grant::Whole
    }
    fn receive(&self, _: &str) -> Permission {
        Permission::Allowed
    }
}
