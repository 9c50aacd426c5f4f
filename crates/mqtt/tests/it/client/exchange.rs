//! Exchanges that go as they should.

use std::time::Duration;

use vouchmq_mqtt::client::{ClientOptions, ClientSession, SendError, ServerFault};
use vouchmq_mqtt::codec::PacketType;
use vouchmq_mqtt::packet::{
    Ack, Auth, ConnAck, Connect, Disconnect, Publish, Reasons, SubAck, SubscriptionFiltersBuf,
    SubscriptionOptions, TopicFiltersBuf, UnsubAck, WillMessage,
};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Dialect, Packet, Properties, PropertiesBuf, Property, QoS, ReasonCode};

use super::{Client, DIALECTS, ack, connect, id, message, names, said};

const V5: Dialect = Dialect::MQTT_5;

#[test]
fn connect_says_everything_that_was_asked_for() {
    for dialect in DIALECTS {
        let mut properties = PropertiesBuf::new();
        properties.extend([Property::SessionExpiryInterval(60), Property::ReceiveMaximum(5)]);
        let will = WillMessage {
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: Properties::EMPTY,
            topic: "gone",
            payload: b"bye",
        };
        let has_properties = dialect.has_properties();
        let connect = Connect {
            properties: if has_properties { properties.as_properties() } else { Properties::EMPTY },
            will: Some(will),
            username: Some("user"),
            password: Some(b"pass"),
            ..connect(dialect, true)
        };
        let mut client = Client::with(&connect, ClientSession::default(), ClientOptions::default());
        assert_eq!(client.wrote(), [format!("{:?}", Packet::Connect(connect))]);
        assert!(!client.connection.is_established());
    }
}

#[test]
fn a_refusal_tells_the_reason_in_every_version() {
    for dialect in DIALECTS {
        let mut client = Client::open(dialect, &[], ClientSession::default());
        let reason = ReasonCode::BAD_USER_NAME_OR_PASSWORD;
        let connack = ConnAck { session_present: false, reason, properties: Properties::EMPTY };
        let events = client.hear(&[Packet::ConnAck(connack)]);
        assert_eq!(events, ["Refused { reason: BAD_USER_NAME_OR_PASSWORD (0x86), properties: [] }"]);
        assert_eq!(client.connection.poll_timeout(), None);
        assert_eq!(client.publish(&message(QoS::AtMostOnce, "a", b"")), Err(SendError::NotConnected));
    }
}

#[test]
fn each_qos_ends_as_it_should() {
    for dialect in DIALECTS {
        let mut client = Client::connected(dialect, &[]);
        assert_eq!(client.publish(&message(QoS::AtMostOnce, "a", b"0")), Ok(None));
        assert_eq!(client.publish(&message(QoS::AtLeastOnce, "a", b"1")), Ok(Some(id(1))));
        assert_eq!(client.publish(&message(QoS::ExactlyOnce, "a", b"2")), Ok(Some(id(2))));
        assert_eq!(client.wrote().len(), 3);
        assert_eq!(client.connection.in_flight_count(), 2);
        let events = client.hear(&[Packet::PubAck(ack(1)), Packet::PubRec(ack(2))]);
        assert_eq!(names(&events), ["Acknowledged", "Received"]);
        assert_eq!(names(&client.wrote()), ["PubRel"]);
        assert_eq!(names(&client.hear(&[Packet::PubComp(ack(2))])), ["Acknowledged"]);
        assert_eq!(client.connection.in_flight_count(), 0);
    }
}

#[test]
fn a_refused_message_is_finished_with_its_reason() {
    let mut client = Client::connected(V5, &[]);
    for (value, qos) in [(1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce)] {
        assert_eq!(client.publish(&message(qos, "a", b"")), Ok(Some(id(value))));
    }
    client.out.clear();
    let refused = |value| Ack::new(id(value), ReasonCode::NOT_AUTHORIZED);
    let events = client.hear(&[Packet::PubAck(refused(1)), Packet::PubRec(refused(2))]);
    assert_eq!(names(&events), ["Acknowledged", "Acknowledged"]);
    assert!(events.iter().all(|event| event.contains("NOT_AUTHORIZED")), "{events:?}");
    assert_eq!(client.wrote(), Vec::<String>::new(), "no PUBREL for a refused message");
    assert_eq!(client.connection.in_flight_count(), 0);
}

#[test]
fn the_servers_receive_maximum_is_respected() {
    let mut client = Client::connected(V5, &[Property::ReceiveMaximum(2)]);
    let message = message(QoS::AtLeastOnce, "a", b"");
    assert_eq!(client.publish(&message), Ok(Some(id(1))));
    assert_eq!(client.publish(&message), Ok(Some(id(2))));
    assert!(!client.connection.has_room());
    assert_eq!(client.publish(&message), Err(SendError::Full));
    assert_eq!(client.publish(&super::message(QoS::AtMostOnce, "a", b"")), Ok(None), "QoS 0 is not counted");
    client.hear(&[Packet::PubAck(ack(2))]);
    assert_eq!(client.publish(&message), Ok(Some(id(3))));
}

#[test]
fn what_the_server_does_not_take_is_not_sent() {
    let server = [
        Property::MaximumPacketSize(20),
        Property::MaximumQoS(QoS::AtLeastOnce),
        Property::RetainAvailable(false),
        Property::TopicAliasMaximum(1),
    ];
    let mut client = Client::connected(V5, &server);
    let mut alias = PropertiesBuf::new();
    alias.push(Property::TopicAlias(2));
    let refusals = [
        (message(QoS::ExactlyOnce, "a", b""), SendError::QosNotSupported),
        (Publish { retain: true, ..message(QoS::AtMostOnce, "a", b"") }, SendError::RetainNotSupported),
        (message(QoS::AtLeastOnce, "a", &[0; 32]), SendError::TooLarge),
        (
            Publish { properties: alias.as_properties(), ..message(QoS::AtMostOnce, "a", b"") },
            SendError::TopicAliasInvalid,
        ),
    ];
    for (publish, error) in refusals {
        assert_eq!(client.publish(&publish), Err(error));
    }
    assert_eq!((client.out.len(), client.connection.in_flight_count()), (0, 0));
}

#[test]
fn messages_arrive_and_are_acknowledged() {
    for dialect in DIALECTS {
        let mut client = Client::connected(dialect, &[]);
        let with_id = |qos, value| Publish { packet_id: Some(id(value)), ..message(qos, "a", b"x") };
        let duplicate = Publish { dup: true, ..with_id(QoS::ExactlyOnce, 9) };
        let events = client.hear(&[
            Packet::Publish(message(QoS::AtMostOnce, "a", b"x")),
            Packet::Publish(with_id(QoS::AtLeastOnce, 8)),
            Packet::Publish(with_id(QoS::ExactlyOnce, 9)),
            Packet::Publish(duplicate),
            Packet::PubRel(ack(9)),
            Packet::Publish(with_id(QoS::ExactlyOnce, 9)),
        ]);
        assert_eq!(names(&events), ["Message", "Message", "Message", "Released", "Message"]);
        assert_eq!(names(&client.wrote()), ["PubAck", "PubRec", "PubRec", "PubComp", "PubRec"]);
    }
}

#[test]
fn a_topic_alias_stands_for_its_topic() {
    let mut client = Client::open(V5, &[Property::TopicAliasMaximum(1)], ClientSession::default());
    client.accept(false, &[]);
    let mut properties = PropertiesBuf::new();
    properties.push(Property::TopicAlias(1));
    let aliased = |topic| {
        Packet::Publish(Publish {
            properties: properties.as_properties(),
            ..message(QoS::AtMostOnce, topic, b"")
        })
    };
    let events = client.hear(&[aliased("a/b"), aliased(""), aliased("c"), aliased("")]);
    let topics: Vec<bool> =
        events.iter().zip(["a/b", "a/b", "c", "c"]).map(|(e, t)| e.contains(&format!("{t:?}"))).collect();
    assert_eq!(topics, [true; 4], "{events:?}");
}

#[test]
fn requests_are_answered_filter_by_filter() {
    for dialect in DIALECTS {
        let mut client = Client::connected(dialect, &[]);
        let mut filters = SubscriptionFiltersBuf::default();
        filters.push("a/+", SubscriptionOptions::new(QoS::AtMostOnce));
        filters.push("b", SubscriptionOptions::new(QoS::AtLeastOnce));
        let Client { connection, out, now, .. } = &mut client;
        assert_eq!(connection.subscribe(*now, filters.as_filters(), Properties::EMPTY, out), Ok(id(1)));
        let mut topics = TopicFiltersBuf::default();
        topics.push("a/+");
        assert_eq!(connection.unsubscribe(*now, topics.as_filters(), Properties::EMPTY, out), Ok(id(2)));
        let none = SubscriptionFiltersBuf::default();
        let refused = connection.subscribe(*now, none.as_filters(), Properties::EMPTY, out);
        assert_eq!(refused, Err(SendError::NoFilter));
        let suback =
            SubAck { packet_id: id(1), properties: Properties::EMPTY, reasons: Reasons::new(&[0, 1]) };
        let unsuback =
            UnsubAck { packet_id: id(2), properties: Properties::EMPTY, reasons: Reasons::new(&[0]) };
        let events = client.hear(&[Packet::SubAck(suback), Packet::UnsubAck(unsuback)]);
        assert_eq!(names(&events), ["Subscribed", "Unsubscribed"]);
        assert!(events[0].contains("[SUCCESS (0x00), GRANTED_QOS_1 (0x01)]"), "{}", events[0]);
    }
}

#[test]
fn silence_is_broken_by_a_ping_which_must_be_answered() {
    let mut client = Client::connected(V5, &[]);
    let at = |secs| Timestamp::ZERO.after(Duration::from_secs(secs));
    assert_eq!(client.connection.poll_timeout(), Some(at(10)));
    client.now = at(4);
    client.publish(&message(QoS::AtMostOnce, "a", b"")).unwrap();
    assert_eq!(client.connection.poll_timeout(), Some(at(14)), "what is sent counts");
    client.out.clear();
    assert_eq!(client.connection.handle_timeout(at(13), &mut client.out), Ok(()));
    assert_eq!(client.wrote().len(), 0);
    assert_eq!(client.connection.handle_timeout(at(14), &mut client.out), Ok(()));
    assert_eq!(client.wrote(), ["PingReq"]);
    client.now = at(15);
    assert_eq!(client.hear(&[Packet::PingResp]), ["Pong"]);
    assert_eq!(client.connection.handle_timeout(at(24), &mut client.out), Ok(()));
    assert_eq!(client.connection.poll_timeout(), Some(at(24 + 30)));
    let fault = client.connection.handle_timeout(at(54), &mut client.out);
    assert_eq!(fault, Err(ServerFault::NoAnswer(PacketType::PingResp)));
    assert_eq!(client.connection.poll_timeout(), None);
}

#[test]
fn the_servers_keep_alive_overrides() {
    let client = Client::connected(V5, &[Property::ServerKeepAlive(3)]);
    assert_eq!(client.connection.poll_timeout(), Some(Timestamp::from_micros(3_000_000)));
    let client = Client::connected(V5, &[Property::ServerKeepAlive(0)]);
    assert_eq!(client.connection.poll_timeout(), None);
}

#[test]
fn a_server_that_does_not_answer_connect_is_given_up() {
    let mut client = Client::open(V5, &[], ClientSession::default());
    let deadline = client.connection.poll_timeout().unwrap();
    assert_eq!(deadline, Timestamp::from_micros(30_000_000));
    let fault = client.connection.handle_timeout(deadline, &mut client.out);
    assert_eq!(fault, Err(ServerFault::NoAnswer(PacketType::ConnAck)));
}

#[test]
fn enhanced_authentication_goes_back_and_forth() {
    let method = Property::AuthenticationMethod("TEST");
    let mut client = Client::open(V5, &[method], ClientSession::default());
    client.out.clear();
    let mut properties = PropertiesBuf::new();
    properties.extend([method, Property::AuthenticationData(b"challenge")]);
    let auth = |reason| Packet::Auth(Auth { reason, properties: properties.as_properties() });
    let events = client.hear(&[auth(ReasonCode::CONTINUE_AUTHENTICATION)]);
    assert_eq!(names(&events), ["Auth"]);
    let Client { connection, out, now, .. } = &mut client;
    let reason = ReasonCode::CONTINUE_AUTHENTICATION;
    connection.authenticate(*now, reason, properties.as_properties(), out).unwrap();
    assert_eq!(names(&client.wrote()), ["Auth"]);
    client.accept(false, &[]);
    let Client { connection, out, now, .. } = &mut client;
    connection.authenticate(*now, ReasonCode::REAUTHENTICATE, properties.as_properties(), out).unwrap();
    assert_eq!(names(&client.hear(&[auth(ReasonCode::SUCCESS)])), ["Auth"]);
}

#[test]
fn after_disconnect_nothing_is_sent_or_heard() {
    for dialect in DIALECTS {
        let mut client = Client::connected(dialect, &[]);
        let Client { connection, out, now, .. } = &mut client;
        connection.disconnect(*now, ReasonCode::SUCCESS, Properties::EMPTY, out).unwrap();
        assert_eq!(names(&client.wrote()), ["Disconnect"]);
        let publish = Packet::Publish(message(QoS::AtMostOnce, "a", b""));
        assert_eq!(client.hear(&[publish]), Vec::<String>::new());
        let Client { connection, out, now, .. } = &mut client;
        let again = connection.disconnect(*now, ReasonCode::SUCCESS, Properties::EMPTY, out);
        assert_eq!(again, Err(SendError::NotConnected));
        assert_eq!(connection.ping(*now, out), Err(SendError::NotConnected));
    }
}

#[test]
fn the_will_is_asked_for_by_reason_or_by_closing() {
    for dialect in DIALECTS {
        let mut client = Client::connected(dialect, &[]);
        let Client { connection, out, now, .. } = &mut client;
        connection.disconnect(*now, ReasonCode::DISCONNECT_WITH_WILL, Properties::EMPTY, out).unwrap();
        assert_eq!(client.wrote().len(), usize::from(dialect == V5));
    }
}

#[test]
fn a_server_says_why_it_ends_the_connection() {
    let mut client = Client::connected(V5, &[]);
    let reason = ReasonCode::SERVER_SHUTTING_DOWN;
    let events = client.hear(&[Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY })]);
    assert_eq!(events, ["Disconnected { reason: SERVER_SHUTTING_DOWN (0x8B), properties: [] }"]);
    assert!(!client.connection.is_established());
}

#[test]
fn bytes_may_come_in_any_portions() {
    let whole = said(
        &[
            Packet::Publish(message(QoS::AtMostOnce, "a", &[7; 300])),
            Packet::PingResp,
            Packet::Publish(message(QoS::AtMostOnce, "b", b"")),
        ],
        V5,
    );
    let mut client = Client::connected(V5, &[]);
    let at_once = client.hear_bytes(&whole).unwrap();
    for portion in [1, 2, 3, 7, 200] {
        let mut client = Client::connected(V5, &[]);
        let (mut buffer, mut events) = (Vec::new(), Vec::new());
        for bytes in whole.chunks(portion) {
            buffer.extend_from_slice(bytes);
            let mut input = buffer.as_slice();
            while let Some(event) =
                client.connection.receive(client.now, &mut input, &mut client.out).unwrap()
            {
                events.push(format!("{event:?}"));
            }
            let left = input.len();
            buffer.drain(..buffer.len() - left);
        }
        assert_eq!((events, buffer.len()), (at_once.clone(), 0), "{portion} at a time");
    }
}
