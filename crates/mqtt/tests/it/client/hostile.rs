//! Servers that break the protocol.

use arbtest::arbtest;
use vouchmq_mqtt::client::{ClientOptions, ClientSession, ServerFault};
use vouchmq_mqtt::codec::PacketType;
use vouchmq_mqtt::packet::{ConnAck, Publish, Reasons, SubAck, SubscriptionFiltersBuf, SubscriptionOptions};
use vouchmq_mqtt::{Dialect, Packet, Properties, PropertiesBuf, Property, QoS, ReasonCode};

use super::{Client, DIALECTS, connect, id, message, names, said};
use crate::arbitrary_packet::{ArbitraryPacket, Sender};

const V5: Dialect = Dialect::MQTT_5;

/// The fault that these packets of the server are, and the DISCONNECT that answers it.
fn fault_of(client: &mut Client, packets: &[Packet<'_>]) -> ServerFault {
    let bytes = said(packets, client.dialect);
    let fault = client.hear_bytes(&bytes).expect_err("a fault");
    let wrote = client.wrote();
    if client.dialect == V5 {
        assert_eq!(names(&wrote), ["Disconnect"], "{fault}");
        assert!(wrote[0].contains(fault.reason().name()), "{wrote:?}");
    }
    assert!(!client.connection.is_established());
    fault
}

#[test]
fn a_packet_that_is_too_large_is_refused_by_its_header() {
    let mut client = Client::open(V5, &[Property::MaximumPacketSize(100)], ClientSession::default());
    client.accept(false, &[]);
    client.out.clear();
    let fault = client.hear_bytes(b"\x30\xFF\x01").expect_err("256 bytes are announced");
    assert_eq!(fault, ServerFault::PacketTooLarge { bytes: 258 });
    assert!(client.wrote()[0].contains("PACKET_TOO_LARGE"));
}

#[test]
fn more_messages_than_announced_end_the_connection() {
    let mut client = Client::open(V5, &[Property::ReceiveMaximum(2)], ClientSession::default());
    client.accept(false, &[]);
    client.out.clear();
    let publish = |value| {
        Packet::Publish(Publish { packet_id: Some(id(value)), ..message(QoS::ExactlyOnce, "a", b"") })
    };
    client.hear(&[publish(1), publish(2)]);
    client.out.clear();
    assert_eq!(fault_of(&mut client, &[publish(3)]), ServerFault::ReceiveMaximumExceeded);
}

#[test]
fn an_alias_that_stands_for_nothing_ends_the_connection() {
    let mut properties = PropertiesBuf::new();
    properties.push(Property::TopicAlias(2));
    for (maximum, topic) in [(1, "a"), (2, "")] {
        let mut client = Client::open(V5, &[Property::TopicAliasMaximum(maximum)], ClientSession::default());
        client.accept(false, &[]);
        client.out.clear();
        let publish =
            Publish { properties: properties.as_properties(), ..message(QoS::AtMostOnce, topic, b"") };
        assert_eq!(fault_of(&mut client, &[Packet::Publish(publish)]), ServerFault::UnknownTopicAlias(2));
    }
}

#[test]
fn answers_must_fit_their_requests() {
    let suback = |reasons| SubAck { packet_id: id(1), properties: Properties::EMPTY, reasons };
    let mut client = Client::connected(V5, &[]);
    assert_eq!(
        fault_of(&mut client, &[Packet::SubAck(suback(Reasons::new(&[0])))]),
        ServerFault::UnknownPacketId(PacketType::SubAck, id(1))
    );
    let mut client = Client::connected(V5, &[]);
    let mut filters = SubscriptionFiltersBuf::default();
    filters.push("a", SubscriptionOptions::new(QoS::AtMostOnce));
    let Client { connection, out, now, .. } = &mut client;
    connection.subscribe(*now, filters.as_filters(), Properties::EMPTY, out).unwrap();
    client.out.clear();
    assert_eq!(
        fault_of(&mut client, &[Packet::SubAck(suback(Reasons::new(&[0, 0])))]),
        ServerFault::WrongCount(PacketType::SubAck, id(1))
    );
}

#[test]
fn packets_have_their_place() {
    for dialect in DIALECTS {
        let mut client = Client::open(dialect, &[], ClientSession::default());
        let bytes = said(&[Packet::PingResp], dialect);
        assert_eq!(client.hear_bytes(&bytes), Err(ServerFault::Unexpected(PacketType::PingResp)));
        let mut client = Client::connected(dialect, &[]);
        let connack =
            ConnAck { session_present: false, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY };
        let fault = fault_of(&mut client, &[Packet::ConnAck(connack)]);
        assert_eq!(fault, ServerFault::Unexpected(PacketType::ConnAck));
    }
}

#[test]
fn acknowledgements_of_nothing_are_answered_where_an_answer_is_due() {
    let mut client = Client::connected(V5, &[]);
    let acks = [
        Packet::PubAck(super::ack(1)),
        Packet::PubRec(super::ack(2)),
        Packet::PubComp(super::ack(3)),
        Packet::PubRel(super::ack(4)),
    ];
    assert_eq!(names(&client.hear(&acks)), ["Released"]);
    let wrote = client.wrote();
    assert_eq!(names(&wrote), ["PubRel", "PubComp"]);
    assert!(wrote.iter().all(|packet| packet.contains("PACKET_IDENTIFIER_NOT_FOUND")), "{wrote:?}");
}

/// Whatever a server sends, the client neither panics nor says what is no packet.
#[test]
fn no_server_can_confuse_a_client() {
    arbtest(|u| {
        let dialect = *u.choose(&DIALECTS)?;
        let mut client =
            Client::with(&connect(dialect, false), ClientSession::default(), ClientOptions::default());
        if u.arbitrary()? {
            client.accept(false, &[]);
        }
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let _ = client.publish(&message(qos, "a", b"x"));
        }
        for _ in 0..u.int_in_range(1..=12)? {
            let packet: ArbitraryPacket = u.arbitrary()?;
            if packet.version != dialect.version() || packet.sender != Sender::Server {
                continue;
            }
            let mut bytes = said(&[packet.as_packet()], dialect);
            if u.ratio(1, 4)? {
                let at = u.choose_index(bytes.len())?;
                bytes[at] = u.arbitrary()?;
            }
            if client.hear_bytes(&bytes).is_err() {
                break;
            }
        }
        client.wrote();
        Ok(())
    })
    .budget_ms(2_000);
}
