//! What is kept from one connection to the next.

use vouchmq_mqtt::client::{Acknowledge, ClientOptions, ClientSession};
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{Dialect, Packet, PropertiesBuf, Property, QoS, ReasonCode};

use super::{Client, DIALECTS, ack, connect, id, message, names};

/// A session with messages 1 (QoS 1), 2 (QoS 2, received) and 3 (QoS 2, not received) unfinished.
fn unfinished(dialect: Dialect) -> ClientSession {
    let mut client = Client::connected(dialect, &[]);
    for (qos, payload) in [(QoS::AtLeastOnce, b"1"), (QoS::ExactlyOnce, b"2"), (QoS::ExactlyOnce, b"3")] {
        client.publish(&message(qos, "a", payload)).unwrap();
    }
    client.hear(&[Packet::PubRec(ack(2))]);
    client.connection.into_session()
}

#[test]
fn a_resumed_session_sends_again_in_order_with_dup() {
    for dialect in DIALECTS {
        let mut client = Client::open(dialect, &[], unfinished(dialect));
        client.out.clear();
        client.accept(dialect != Dialect::MQTT_3_1, &[]);
        let wrote = client.wrote();
        assert_eq!(names(&wrote), ["Publish", "PubRel", "Publish"]);
        assert!(wrote[0].contains("dup: true") && wrote[0].contains("payload: [49]"), "{}", wrote[0]);
        assert!(wrote[2].contains("dup: true") && wrote[2].contains("payload: [51]"), "{}", wrote[2]);
        let next = client.publish(&message(QoS::AtLeastOnce, "a", b"4"));
        assert_eq!(next, Ok(Some(id(4))), "no identifier in use is given out");
        client.hear(&[Packet::PubAck(ack(1)), Packet::PubComp(ack(2)), Packet::PubRec(ack(3))]);
        client.hear(&[Packet::PubComp(ack(3)), Packet::PubAck(ack(4))]);
        assert_eq!(client.connection.in_flight_count(), 0);
    }
}

#[test]
fn sending_again_respects_the_new_receive_maximum() {
    let mut client = Client::open(Dialect::MQTT_5, &[], unfinished(Dialect::MQTT_5));
    client.out.clear();
    client.accept(true, &[Property::ReceiveMaximum(1)]);
    assert_eq!(names(&client.wrote()), ["Publish", "PubRel"]);
    assert!(!client.connection.has_room(), "nothing new goes before what is old");
    client.hear(&[Packet::PubComp(ack(2))]);
    assert_eq!(client.wrote().len(), 1, "PUBCOMP of an earlier connection makes room, too");
    client.hear(&[Packet::PubAck(ack(1))]);
    assert!(client.connection.has_room());
}

#[test]
fn a_server_without_the_session_leaves_nothing_to_send() {
    let mut client = Client::open(Dialect::MQTT_5, &[], unfinished(Dialect::MQTT_5));
    client.out.clear();
    client.accept(false, &[]);
    assert_eq!(client.wrote(), Vec::<String>::new());
    assert_eq!(client.connection.in_flight_count(), 0);
    let mut session = client.connection.into_session();
    let lost: Vec<Box<[u8]>> = session.take_lost().into_iter().map(|message| message.payload).collect();
    assert_eq!(lost, [b"1".to_vec().into(), b"3".to_vec().into_boxed_slice()], "2 has arrived");
}

#[test]
fn clean_start_forgets() {
    let connect = connect(Dialect::MQTT_5, true);
    let mut client = Client::with(&connect, unfinished(Dialect::MQTT_5), ClientOptions::default());
    client.out.clear();
    client.accept(false, &[]);
    assert_eq!(client.publish(&message(QoS::AtLeastOnce, "a", b"")), Ok(Some(id(1))));
    assert!(client.connection.into_session().take_lost().is_empty());
}

#[test]
fn a_message_too_large_for_the_next_server_is_lost_and_holds_nothing_up() {
    let mut client = Client::connected(Dialect::MQTT_5, &[]);
    client.publish(&message(QoS::AtLeastOnce, "a", &[0; 100])).unwrap();
    client.publish(&message(QoS::AtLeastOnce, "a", b"small")).unwrap();
    let mut client = Client::open(Dialect::MQTT_5, &[], client.connection.into_session());
    client.out.clear();
    client.accept(true, &[Property::MaximumPacketSize(50), Property::ReceiveMaximum(1)]);
    assert_eq!(client.wrote().len(), 1);
    assert_eq!(client.connection.in_flight_count(), 1);
    assert_eq!(client.connection.into_session().take_lost().len(), 1);
}

#[test]
fn what_is_sent_again_has_its_topic_and_no_alias() {
    let mut client = Client::connected(Dialect::MQTT_5, &[Property::TopicAliasMaximum(5)]);
    let mut properties = PropertiesBuf::new();
    properties.extend([Property::TopicAlias(5), Property::ContentType("text")]);
    for topic in ["long/topic", ""] {
        let properties = properties.as_properties();
        client.publish(&Publish { properties, ..message(QoS::AtLeastOnce, topic, b"") }).unwrap();
    }
    let mut client = Client::open(Dialect::MQTT_5, &[], client.connection.into_session());
    client.out.clear();
    client.accept(true, &[]);
    for packet in client.wrote() {
        assert!(packet.contains("\"long/topic\"") && packet.contains("[ContentType(\"text\")]"), "{packet}");
    }
}

#[test]
fn a_qos_2_message_that_was_received_is_not_delivered_again() {
    let mut client = Client::connected(Dialect::MQTT_5, &[]);
    let publish = Publish { packet_id: Some(id(7)), ..message(QoS::ExactlyOnce, "a", b"once") };
    assert_eq!(client.hear(&[Packet::Publish(publish.clone())]).len(), 1);
    let mut client = Client::open(Dialect::MQTT_5, &[], client.connection.into_session());
    client.out.clear();
    client.accept(true, &[]);
    assert_eq!(client.hear(&[Packet::Publish(Publish { dup: true, ..publish })]).len(), 0);
    assert_eq!(names(&client.wrote()), ["PubRec"]);
    client.hear(&[Packet::PubRel(ack(7))]);
    assert_eq!(names(&client.wrote()), ["PubComp"]);
}

#[test]
fn a_caller_may_acknowledge_when_it_has_stored_the_message() {
    let options = ClientOptions { acknowledge: Acknowledge::ByCaller, ..ClientOptions::default() };
    let mut client = Client::with(&connect(Dialect::MQTT_5, false), ClientSession::default(), options);
    client.accept(false, &[]);
    client.out.clear();
    let with_id = |qos, value| Publish { packet_id: Some(id(value)), ..message(qos, "a", b"") };
    let (one, two) = (with_id(QoS::AtLeastOnce, 1), with_id(QoS::ExactlyOnce, 2));
    assert_eq!(client.hear(&[Packet::Publish(one), Packet::Publish(two.clone())]).len(), 2);
    assert_eq!(client.hear(&[Packet::Publish(two)]).len(), 0, "not twice, although not acknowledged");
    assert_eq!(client.wrote().len(), 0);
    let Client { connection, out, now, .. } = &mut client;
    connection.acknowledge(*now, (QoS::AtLeastOnce, Some(id(1))), ReasonCode::SUCCESS, out).unwrap();
    connection.acknowledge(*now, (QoS::ExactlyOnce, Some(id(2))), ReasonCode::QUOTA_EXCEEDED, out).unwrap();
    assert_eq!(names(&client.wrote()), ["PubAck", "PubRec"]);
}
