//! What comes before CONNECT is accepted.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Packet, Property, ReasonCode};

use super::Witness;
use crate::harness::*;

versions! { V311, V5 =>
    only_connect_may_come_first,
    every_field_of_connect_has_a_bound,
}

/// Rows 20, 58: CVE-2023-0809, sol#15. Closed at the first byte, whatever length is announced.
fn only_connect_may_come_first(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    for first in (0..=0xFFu8).filter(|first| *first != 0x10) {
        let mut stranger = server.open(version);
        let _ = stranger.try_send(&[first, 0xFF, 0xFF, 0xFF, 0x7F]);
        stranger.expect_closed();
    }
    let mut puback_first = server.open(version);
    puback_first.send_bytes(b"\x40\x02\x00\x01");
    puback_first.expect_closed();
    witness.is_alone(&server);
}

/// Rows 2, 28, 29, 54: CVE-2017-7651, CVE-2021-33175, CVE-2021-33176, CVE-2019-0222. What is announced takes no
/// memory before it arrives.
#[test]
fn announced_bytes_take_no_memory() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let before = resident_bytes();
    let strangers: Vec<_> = (0..200)
        .map(|_| {
            let mut stranger = server.open(V311);
            // 64,000 bytes are within the budget, and never come.
            stranger.send_bytes(b"\x10\x80\xF4\x03\x00\x04MQTT");
            stranger
        })
        .collect();
    witness.is_served();
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 8 * 1024 * 1024, "{} strangers took {grown} bytes", strangers.len());
    drop(strangers);
    witness.is_alone(&server);
}

/// Rows 28, 29, 42: CVE-2021-33175, CVE-2021-33176.
fn every_field_of_connect_has_a_bound(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let (long, longer) = ("x".repeat(257), "x".repeat(60_000));
    let password = longer.as_bytes();
    let id = ReasonCode::CLIENT_IDENTIFIER_NOT_VALID;
    let credential = ReasonCode::BAD_USER_NAME_OR_PASSWORD;
    let topic = ReasonCode::TOPIC_NAME_INVALID;
    let base = connect(version, "offender");
    for (connect, reason) in [
        (Connect { client_id: &long, ..base.clone() }, Some(id)),
        (Connect { client_id: &longer, ..base.clone() }, Some(id)),
        (Connect { username: Some(&long), password: Some(password), ..base.clone() }, Some(credential)),
        (Connect { will: Some(will(&longer, "")), ..base.clone() }, (version == V5).then_some(topic)),
    ] {
        let mut offender = server.open(version);
        offender.send(connect);
        if let Some(reason) = reason {
            assert_eq!(offender.connack().reason, reason);
        }
        offender.expect_closed();
        witness.is_served();
    }
    // A password as long as the budget allows is only a wrong or a right one.
    let mut honest = server.open(version);
    honest.send(Connect { username: Some("u"), password: Some(password), ..base });
    assert_eq!(honest.connack().reason, ReasonCode::SUCCESS);
    drop(honest);
    witness.is_alone(&server);
}

/// Row 19: CVE-2021-41039. Thousands of user properties.
#[test]
fn user_properties_are_few() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    for count in [65, 5000] {
        let properties = props(&vec![Property::UserProperty("k", "v"); count]);
        let mut offender = server.open(V5);
        offender.send(Connect { properties, ..connect(V5, "offender") });
        assert_eq!(offender.connack().reason, ReasonCode::PACKET_TOO_LARGE);
        offender.expect_closed();
    }
    let properties = props(&vec![Property::UserProperty("k", "v"); 64]);
    let mut honest = server.open(V5);
    honest.send(Connect { properties, ..connect(V5, "honest") });
    assert_eq!(honest.connack().reason, ReasonCode::SUCCESS);
    drop(honest);
    witness.is_alone(&server);
}

/// Rows 22, 36, 42: CVE-2023-3592, CVE-2026-21888, CVE-2023-29994 and its neighbours.
#[test]
fn a_connect_with_malformed_properties_is_refused() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    // Properties of the CONNECT, then of its will.
    let connect = |properties: &[u8], will: &[u8]| {
        let mut body = b"\0\x04MQTT\x05\x06\0\0".to_vec();
        body.extend([&[u8::try_from(properties.len()).unwrap()], properties, b"\0\x01a"].concat());
        body.extend([&[u8::try_from(will.len()).unwrap()], will, b"\0\x01w\0\0"].concat());
        [vec![0x10, u8::try_from(body.len()).unwrap()], body].concat()
    };
    let (malformed, protocol) = (ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR);
    for (bytes, reason) in [
        (connect(b"", b"\x21\0\x01"), malformed), // Receive Maximum in a will
        (connect(b"", b"\x18\0\0"), malformed),   // a Will Delay Interval that is cut short
        (connect(b"", b"\x01\x07"), protocol),    // a flag that is neither 0 nor 1
        (connect(b"", b"\x18\0\0\0\x01\x18\0\0\0\x01"), protocol),
        (connect(b"", b"\x08\0\x01+"), protocol),
        (connect(b"\x18\0\0\0\x01", b""), malformed), // a Will Delay Interval outside of the will
        (connect(b"\x21\0\0", b""), protocol),        // Receive Maximum 0
        (connect(b"\x27\0\0\0\0", b""), protocol),    // Maximum Packet Size 0
        (connect(b"\x16\0\x01x", b""), protocol),     // data of no method
        (connect(b"\x26\0\x01k\0\x09v", b""), malformed),
        (connect(b"\x11\xFF", b""), malformed),
        (b"\x10\x12\0\x04MQTT\x05\x02\0\0\xFF\xFF\xFF\xFF\x01\0\x01a".to_vec(), malformed),
        (b"\x10\x0E\0\x04MQTT\x05\x02\0\0\x7F\0\x01a".to_vec(), malformed),
    ] {
        let mut offender = server.open(V5);
        offender.send_bytes(&bytes);
        assert_eq!(offender.connack().reason, reason, "{bytes:02x?}");
        offender.expect_closed();
    }
    assert_eq!(server.stats().engines.wills_published, 0);
    witness.is_alone(&server);
}

/// Row 53: GHSA-jfg9-48mv-9qgx. A CONNECT that trickles in is not parsed anew with each byte.
#[test]
fn a_connect_byte_by_byte_costs_what_it_costs_at_once() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let value = "v".repeat(200);
    let pairs = vec![Property::UserProperty("key", &value); 60];
    let bytes = encode(V5, Connect { properties: props(&pairs), ..connect(V5, "slow") });
    let mut slow = server.open(V5);
    for byte in &bytes {
        slow.send_bytes(&[*byte]);
    }
    assert_eq!(slow.connack().reason, ReasonCode::SUCCESS);
    drop(slow);
    witness.is_alone(&server);
}

/// Row 23: CVE-2023-5632. A connection without CONNECT keeps no processor busy.
#[test]
fn silent_connections_cost_no_time() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let strangers: Vec<_> = (0..100)
        .map(|number| {
            let mut stranger = server.open(V5);
            stranger.send_bytes(&b"\x10\x20\0\x04MQTT"[..number % 8]);
            stranger
        })
        .collect();
    witness.is_served();
    let spent = processor_time_of(|| std::thread::park_timeout(std::time::Duration::from_secs(1)));
    assert!(spent < std::time::Duration::from_millis(300), "a second of silence took {spent:?}");
    drop(strangers);
    witness.is_alone(&server);
}

/// Row 39: CVE-2026-32696. Fields that are absent are absent, not null.
#[test]
fn absent_fields_are_absent() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut assigned = server.open(V5);
    assigned.send(connect(V5, ""));
    let connack = assigned.connack();
    assert!(connack.properties.assigned_client_identifier().is_some_and(|id| id.len() > 10));
    assigned.ping();
    let mut three = server.open(V311);
    three.send(connect(V311, ""));
    assert_eq!(three.connack().reason, ReasonCode::SUCCESS);
    let mut kept = server.open(V311);
    kept.send(persistent(V311, ""));
    assert_eq!(kept.connack().reason, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
    kept.expect_closed();
    drop((assigned, three));
    witness.is_alone(&server);
}

/// Row 60: tinyMQTT#16. A PUBLISH glued to its CONNECT is legal, and handled in order.
#[test]
fn a_publish_glued_to_its_connect_is_handled_behind_it() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    for version in [V311, V5] {
        let mut client = server.open(version);
        let mut bytes = encode(version, connect(version, "glued"));
        bytes.extend(encode(version, publish(AtLeastOnce, 7, "witness/glued", b"!")));
        bytes.extend(encode(version, Packet::PingReq));
        client.send_bytes(&bytes);
        assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
        witness.subscriber.receives(AtLeastOnce, "witness/glued", "!");
        let (a, b) = (client.packet(), client.packet());
        assert!(
            matches!((&a, &b), (Packet::PubAck(_), Packet::PingResp) | (Packet::PingResp, Packet::PubAck(_))),
            "{a:?} {b:?}"
        );
        client.leave();
    }
    witness.is_alone(&server);
}
