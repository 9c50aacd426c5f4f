//! Reason codes that tell the truth, and strings that are left out.

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::engine::Input;
use vouchmq_mqtt::packet::{Connect, SubscriptionOptions};
use vouchmq_mqtt::{Packet, Property, PropertyId, QoS, ReasonCode};

use super::harness::*;

/// A client that asks to be told as little as possible, and takes small packets only.
fn taciturn<'a>(client_id: &'a str, maximum: u32, more: &[Property<'_>]) -> Connect<'a> {
    let properties: Vec<_> =
        [Property::RequestProblemInformation(false), Property::MaximumPacketSize(maximum)]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
    Connect { properties: props(&properties), ..connect(V5, client_id) }
}

#[test]
fn no_matching_subscribers_is_said_only_when_there_are_none() {
    let world = World::with(|setup| setup.shards = 3);
    let publisher = world.connect(V5, world.name_at(0, "publisher"));
    let outcome = |qos| publisher.publishes(qos, "t/x", "x");
    let both = |expected: ReasonCode| {
        assert_eq!([outcome(QoS::AtLeastOnce), outcome(QoS::ExactlyOnce)], [expected; 2]);
    };
    both(ReasonCode::NO_MATCHING_SUBSCRIBERS);
    for shard in 0..3 {
        for filter in ["t/x", "t/#", "$share/g/t/+"] {
            let client = world.connect(V5, world.name_at(shard, "subscriber"));
            client.subscribe(filter, QoS::AtMostOnce);
            both(ReasonCode::SUCCESS);
            assert!(!client.take_bytes().is_empty());
            client.unsubscribe(filter);
            both(ReasonCode::NO_MATCHING_SUBSCRIBERS);
            client.subscribe(filter, QoS::AtMostOnce);
            client.vanish();
            both(ReasonCode::NO_MATCHING_SUBSCRIBERS);
        }
    }
    let absent = world.connect_with(persistent(V5, "absent"));
    absent.subscribe("t/x", QoS::AtMostOnce);
    absent.leave();
    both(ReasonCode::SUCCESS);
    assert_eq!(outcome(QoS::AtMostOnce), ReasonCode::SUCCESS, "QoS 0 has no answer");
}

#[test]
fn a_publisher_that_does_not_want_its_own_messages_is_no_subscriber() {
    let world = World::new();
    let client = world.connect(V5, "a");
    let no_local = SubscriptionOptions { no_local: true, ..options(QoS::AtMostOnce) };
    client.subscribe_with("t", no_local);
    assert_eq!(client.publishes(QoS::AtLeastOnce, "t", "x"), ReasonCode::NO_MATCHING_SUBSCRIBERS);
}

/// Every packet of the server that may carry a Reason String or User Properties, refusals included.
///
/// MQTT5-3.1.2-29 MQTT5-3.4.2-2 MQTT5-3.4.2-3 MQTT5-3.5.2-2 MQTT5-3.5.2-3 MQTT5-3.6.2-2 MQTT5-3.6.2-3
/// MQTT5-3.7.2-2 MQTT5-3.7.2-3 MQTT5-3.9.2-1 MQTT5-3.9.2-2 MQTT5-3.11.2-1 MQTT5-3.11.2-2 MQTT5-3.15.2-2
/// MQTT5-3.15.2-3
#[test]
fn acknowledgements_have_neither_reason_strings_nor_user_properties() {
    let world = World::new();
    let rights = || Rights::all().deny_publish("forbidden").deny_receive("secret");
    world.authenticate_by(move |_| Answer::Now(allow(rights())));
    let publisher = world.connect(V5, "publisher");
    let method = Property::AuthenticationMethod("m");
    let client = world.connect_with(taciturn("a", 100, &[method]));
    client.send(qos1(1, "nobody", "x"));
    client.send(qos1(2, "forbidden", "x"));
    client.send(qos2(3, "nobody", "x"));
    client.send(qos2(3, "forbidden", "x"));
    client.send(qos2(4, "forbidden", "x"));
    client.send(pubrel(id(3), ReasonCode::SUCCESS));
    client.send(pubrel(id(99), ReasonCode::SUCCESS));
    client.send(pubrec(id(99), ReasonCode::SUCCESS));
    client.send(subscribe(
        5,
        &[
            ("t", options(QoS::ExactlyOnce)),
            ("secret", options(QoS::AtMostOnce)),
            ("#/", options(QoS::AtMostOnce)),
        ],
    ));
    client.send(unsubscribe(6, &["none", "#/"]));
    client.send(authenticate(ReasonCode::REAUTHENTICATE, "m", b""));
    publisher.publishes(QoS::ExactlyOnce, "t", "x");
    let mut kinds = std::collections::BTreeSet::new();
    while let Some(packet) = client.poll() {
        let properties = match &packet {
            Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) | Packet::PubComp(ack) => {
                ack.properties
            }
            Packet::SubAck(suback) => suback.properties,
            Packet::UnsubAck(unsuback) => unsuback.properties,
            Packet::Auth(authentication) => authentication.properties,
            Packet::Publish(publish) => {
                client.send(pubrec(publish.packet_id.expect("QoS 2"), ReasonCode::SUCCESS));
                continue;
            }
            other => panic!("{other:?}"),
        };
        assert!(properties.find(PropertyId::ReasonString).is_none(), "{packet:?}");
        assert!(properties.find(PropertyId::UserProperty).is_none(), "{packet:?}");
        kinds.insert(packet.packet_type().number());
    }
    assert_eq!(kinds.len(), 7, "PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, AUTH: {kinds:?}");
}

/// MQTT5-3.14.2-3 MQTT5-3.14.2-4 MQTT5-3.1.2-24
#[test]
fn disconnect_has_a_reason_string_only_where_the_client_takes_it() {
    let world = World::new();
    let second_connect = |maximum: Option<u32>| {
        let properties = maximum.map(Property::MaximumPacketSize);
        let connect = Connect { properties: props(properties.as_slice()), ..connect(V5, "a") };
        let client = world.connect_with(connect.clone());
        client.send(connect);
        let bytes = client.take_bytes();
        client.closed();
        bytes
    };
    let whole = second_connect(None);
    assert!(whole.len() > 10, "it says which rule was broken");
    for maximum in 19..100 {
        let bytes = second_connect(Some(maximum));
        assert!(bytes.len() <= maximum as usize, "{maximum}");
        assert!(bytes.len() == whole.len() || bytes == [0xE0, 1, 0x82], "whole, or left out: {bytes:02x?}");
    }
}

/// MQTT5-3.14.2-2
#[test]
fn no_disconnect_of_ours_has_a_session_expiry_interval() {
    let reasons: [fn(&World, &Client); 4] = [
        |_, client| client.send(connect(V5, "a")),
        |_, client| client.send_bytes(&[0xFF, 0]),
        |world, _| drop(world.connect_with(persistent(V5, "a"))),
        |world, _| world.input(|| Input::Drain),
    ];
    for reason in reasons {
        let world = World::new();
        let client = world.connect_with(persistent(V5, "a"));
        reason(&world, &client);
        let disconnect = client.disconnect_packet();
        assert_eq!(disconnect.properties.session_expiry_interval(), None);
        client.closed();
    }
}

/// MQTT5-3.1.2-28
#[test]
fn response_information_is_given_to_those_who_ask() {
    let world = World::with(|setup| setup.options.settings.response_information = Some("answers/".into()));
    for (asks, given) in [(None, None), (Some(false), None), (Some(true), Some("answers/"))] {
        let asks = asks.map(Property::RequestResponseInformation);
        let client = world.open(V5);
        client.send(Connect { properties: props(asks.as_slice()), ..connect(V5, "a") });
        assert_eq!(client.connack().properties.response_information(), given);
    }
    let client = World::new().open(V5);
    let properties = props(&[Property::RequestResponseInformation(true)]);
    client.send(Connect { properties, ..connect(V5, "a") });
    assert_eq!(client.connack().properties.response_information(), None, "there is none to give");
}

#[test]
fn a_client_of_311_hears_no_codes() {
    let world = World::new();
    let client = world.connect(V311, "a");
    for publish in [qos1(1, "nobody", "x"), qos2(2, "nobody", "x")] {
        client.send(publish);
    }
    client.send(unsubscribe(3, &["none"]));
    assert_eq!(client.take_bytes(), b"\x40\x02\x00\x01\x50\x02\x00\x02\xB0\x02\x00\x03");
}
