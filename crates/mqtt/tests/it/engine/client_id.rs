//! Client Identifiers: accepted, assigned, refused.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{QoS, ReasonCode};

use super::harness::*;

const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

versions! { V31, V311, V5 => client_identifiers_of_1_to_23_letters_and_digits_are_accepted }
versions! { V311, V5 => an_identifier_longer_than_the_limit_is_refused, assigned_identifiers_are_unique }

/// MQTT5-3.1.3-5 MQTT3-3.1.3-5
fn client_identifiers_of_1_to_23_letters_and_digits_are_accepted(version: ProtocolVersion) {
    let world = World::new();
    for length in 1..=23 {
        let client_id = &ALPHANUMERIC[..length];
        world.connect(version, client_id);
        assert!(world.session(client_id).is_some());
    }
    for start in 0..=ALPHANUMERIC.len() - 23 {
        world.connect(version, &ALPHANUMERIC[start..start + 23]);
    }
}

/// MQTT5-3.1.3-8 MQTT3-3.1.3-9
fn an_identifier_longer_than_the_limit_is_refused(version: ProtocolVersion) {
    let world = World::new();
    let longest = "x".repeat(256);
    world.connect(version, &longest);
    let client = world.open(version);
    client.send(connect(version, &"x".repeat(257)));
    assert_eq!(client.connack().reason, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
    assert_eq!(client.closed(), CloseCause::Refused(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID));
}

/// MQTT5-3.1.3-6 MQTT3-3.1.3-6
fn assigned_identifiers_are_unique(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 3);
    let clients: Vec<Client> = (0..50).map(|_| world.connect(version, "")).collect();
    assert!(clients.iter().all(Client::is_open), "nobody takes anybody over");
    assert_eq!(world.count(|stats| stats.sessions), 50);
}

/// MQTT5-3.1.3-7 MQTT5-3.2.2-16
#[test]
fn an_assigned_identifier_is_told_and_is_the_clients_own() {
    let world = World::with(|setup| setup.shards = 3);
    let client = world.open(V5);
    client.send(persistent(V5, ""));
    let assigned = client.connack().properties.assigned_client_identifier().expect("it is told");
    assert!(!assigned.is_empty());
    client.subscribe("t", QoS::AtMostOnce);
    client.leave();
    let again = world.open(V5);
    again.send(persistent(V5, assigned));
    let connack = again.connack();
    assert!(connack.session_present, "the client may come back under it");
    assert_eq!(connack.properties.assigned_client_identifier(), None, "told only to whom it is assigned");
}

/// MQTT3-3.1.3-6
#[test]
fn a_client_of_311_without_identifier_is_served_like_any_other() {
    let world = World::new();
    let client = world.connect(V311, "");
    client.subscribe("t", QoS::AtLeastOnce);
    client.publishes(QoS::AtMostOnce, "t", "x");
    client.receives(QoS::AtMostOnce, "t", "x");
}

/// MQTT3-3.1.3-8
#[test]
fn a_client_of_311_that_wants_its_session_kept_needs_an_identifier() {
    let client = World::new().open(V311);
    client.send(Connect { clean_start: false, ..connect(V311, "") });
    assert_eq!(client.connack().reason, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
    client.closed();
}

#[test]
fn mqtt_31_takes_1_to_23_bytes_and_no_more() {
    for client_id in ["", &"x".repeat(24)] {
        let client = World::new().open(V31);
        client.send(connect(V31, client_id));
        assert_eq!(client.connack().reason, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
        client.closed();
    }
}

#[test]
fn an_identifier_may_be_any_text() {
    let world = World::new();
    for client_id in ["#", "+/#", "a/b", "$SYS", "é\u{FEFF}", "' OR 1=1"] {
        world.connect(V5, client_id);
        assert!(world.session(client_id).is_some());
    }
}
