//! One packet that is none, from a client that was let in.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::ReasonCode;

use super::Witness;
use crate::harness::*;

versions! { V31, V311, V5 =>
    a_packet_that_is_none_ends_its_connection_and_no_other,
}

const MALFORMED: ReasonCode = ReasonCode::MALFORMED_PACKET;
const PROTOCOL: ReasonCode = ReasonCode::PROTOCOL_ERROR;

/// A packet, and the reason that MQTT 5 is given for its end.
struct Case {
    /// Rows of the list of attacks.
    rows: &'static str,
    name: &'static str,
    bytes: Vec<u8>,
    reason: ReasonCode,
}

fn case(rows: &'static str, name: &'static str, bytes: impl Into<Vec<u8>>, reason: ReasonCode) -> Case {
    Case { rows, name, bytes: bytes.into(), reason }
}

/// Malformed in every version.
fn cases_of_all(version: ProtocolVersion) -> Vec<Case> {
    let is_5 = version == V5;
    // An empty property section where the version has one.
    let with_section = |head: &[u8], tail: &[u8]| {
        let section: &[u8] = if is_5 { b"\x00" } else { b"" };
        [head, section, tail].concat()
    };
    let packet = |first: u8, body: Vec<u8>| [vec![first, u8::try_from(body.len()).unwrap()], body].concat();
    vec![
        case("4", "a topic that is no UTF-8", packet(0x30, with_section(b"\0\x02\xC3\x28", b"x")), MALFORMED),
        case("4", "a topic with U+0000", packet(0x30, with_section(b"\0\x02a\0", b"x")), MALFORMED),
        case(
            "4",
            "a topic with half a surrogate",
            packet(0x30, with_section(b"\0\x03\xED\xA0\x80", b"x")),
            MALFORMED,
        ),
        case("15, 52", "CONNACK from a client", b"\x20\x02\0\0".as_slice(), PROTOCOL),
        case("15, 52", "SUBACK from a client", packet(0x90, with_section(b"\0\x01", b"\0")), PROTOCOL),
        case("15, 52", "UNSUBACK from a client", packet(0xB0, with_section(b"\0\x01", b"")), PROTOCOL),
        case("15", "PINGRESP from a client", b"\xD0\0".as_slice(), PROTOCOL),
        case("17", "PUBLISH to the empty topic", packet(0x30, with_section(b"\0\0", b"x")), PROTOCOL),
        case("27, 36, 43", "a length of five bytes", b"\x30\xFF\xFF\xFF\xFF\x01".as_slice(), MALFORMED),
        case("27, 36, 43", "a length with a byte too many", b"\x30\x80\x00".as_slice(), MALFORMED),
        case("27", "packet type 0", b"\0\0".as_slice(), MALFORMED),
        case("27", "reserved flags", b"\xC1\0".as_slice(), MALFORMED),
        case("27", "QoS 3", packet(0x36, with_section(b"\0\x01a\0\x01", b"x")), MALFORMED),
        case(
            "44, 57",
            "SUBSCRIBE that ends in a filter",
            packet(0x82, with_section(b"\0\x01", b"\0\x05ab")),
            MALFORMED,
        ),
        case(
            "44, 57",
            "SUBSCRIBE that ends in the length of a filter",
            packet(0x82, with_section(b"\0\x01", b"\0")),
            MALFORMED,
        ),
        case("51", "SUBSCRIBE without options", packet(0x82, with_section(b"\0\x01", b"\0\x01a")), MALFORMED),
        case("44", "SUBSCRIBE without filters", packet(0x82, with_section(b"\0\x01", b"")), PROTOCOL),
        case(
            "44",
            "UNSUBSCRIBE that ends in a filter",
            packet(0xA2, with_section(b"\0\x01", b"\0\x05ab")),
            MALFORMED,
        ),
        case("45", "QoS 1 that ends before its identifier", b"\x32\x03\0\x01a".as_slice(), MALFORMED),
        case("45", "QoS 2 that ends in its identifier", b"\x34\x04\0\x01a\0".as_slice(), MALFORMED),
        case("45", "identifier 0", packet(0x32, with_section(b"\0\x01a\0\0", b"x")), PROTOCOL),
        case("55", "PUBLISH without a body", b"\x30\0".as_slice(), MALFORMED),
        case("55", "SUBSCRIBE without a body", b"\x82\0".as_slice(), MALFORMED),
        case("55", "UNSUBSCRIBE without a body", b"\xA2\0".as_slice(), MALFORMED),
        case("55", "PUBACK without a body", b"\x40\0".as_slice(), MALFORMED),
        case("55", "a topic longer than its packet", b"\x30\x03\xFF\xFFa".as_slice(), MALFORMED),
        case(
            "2, 20, 54",
            "a packet larger than allowed",
            b"\x30\xFF\xFF\xFF\x7F".as_slice(),
            ReasonCode::PACKET_TOO_LARGE,
        ),
        case(
            "2, 54",
            "a packet one byte larger than allowed",
            b"\x30\xFD\xFF\x3F".as_slice(),
            ReasonCode::PACKET_TOO_LARGE,
        ),
    ]
}

/// Property lists of MQTT 5.
fn cases_of_5() -> Vec<Case> {
    let publish = |properties: &[u8]| {
        let body =
            [b"\0\x01a".as_slice(), &[u8::try_from(properties.len()).unwrap()], properties, b"x"].concat();
        [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
    };
    let subscribe = |properties: &[u8]| {
        let body =
            [b"\0\x01".as_slice(), &[u8::try_from(properties.len()).unwrap()], properties, b"\0\x01a\0"]
                .concat();
        [vec![0x82, u8::try_from(body.len()).unwrap()], body].concat()
    };
    vec![
        case(
            "36, 43",
            "a property length of five bytes",
            b"\x30\x09\0\x01a\xFF\xFF\xFF\xFF\x01x".as_slice(),
            MALFORMED,
        ),
        case("36, 42", "properties longer than their packet", b"\x30\x05\0\x01a\x7Fx".as_slice(), MALFORMED),
        case(
            "36",
            "a subscription identifier of five bytes",
            subscribe(b"\x0B\xFF\xFF\xFF\xFF\x01"),
            MALFORMED,
        ),
        case("36", "subscription identifier 0", subscribe(b"\x0B\0"), PROTOCOL),
        case("42", "a property that PUBLISH cannot have", publish(b"\x11\0\0\0\x01"), MALFORMED),
        case("42", "a property that there is not", publish(b"\x7E\0"), MALFORMED),
        case("42", "a property that is cut short", publish(b"\x02\0\0"), MALFORMED),
        case("42", "a string that is longer than its section", publish(b"\x03\0\x09ab"), MALFORMED),
        case("42", "a user property without a value", publish(b"\x26\0\x01k"), MALFORMED),
        case("42", "a property twice", publish(b"\x01\0\x01\0"), PROTOCOL),
        case("42", "a flag that is neither 0 nor 1", publish(b"\x01\x02"), PROTOCOL),
        case("42", "a response topic with a wildcard", publish(b"\x08\0\x01#"), PROTOCOL),
        case("42", "topic alias 0", publish(b"\x23\0\0"), ReasonCode::TOPIC_ALIAS_INVALID),
        case(
            "42",
            "a topic alias above the maximum",
            publish(b"\x23\xFF\xFF"),
            ReasonCode::TOPIC_ALIAS_INVALID,
        ),
        case("42", "a content type that is no UTF-8", publish(b"\x03\0\x02\xC3\x28"), MALFORMED),
        case("51", "options with reserved bits", b"\x82\x07\0\x01\0\0\x01a\xC0".as_slice(), MALFORMED),
        case("51", "retain handling 3", b"\x82\x07\0\x01\0\0\x01a\x30".as_slice(), PROTOCOL),
        case("42", "AUTH that nobody asked for", b"\xF0\x02\x19\0".as_slice(), PROTOCOL),
    ]
}

/// Rows 2, 4, 15, 17, 20, 27, 36, 42, 43, 44, 45, 51, 52, 54, 55, 57: CVE-2017-7651, CVE-2017-7653,
/// CVE-2021-28166, CVE-2021-34432, CVE-2023-0809, CVE-2021-22116, CVE-2026-21888, CVE-2023-29994 and its
/// neighbours, CVE-2024-25767, CVE-2024-31036, nanomq#2268, nanomq#2270, mochi#501, rumqtt#390,
/// CVE-2019-0222, CVE-2019-19307, CVE-2017-2892, NSWG-ECO-500.
fn a_packet_that_is_none_ends_its_connection_and_no_other(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut everything = server.connect(V311, "sees everything");
    everything.subscribe("+", AtMostOnce);
    let mut cases = cases_of_all(version);
    if version == V5 {
        cases.extend(cases_of_5());
    }
    for Case { rows, name, bytes, reason } in cases {
        let mut offender = server.connect(version, "offender");
        // What comes behind it is not looked at.
        let _ = offender.try_send(&[bytes, encode(version, publish(AtMostOnce, 0, "late", b"x"))].concat());
        if version == V5 {
            assert_eq!(offender.disconnect().reason, reason, "{name} (rows {rows})");
        }
        offender.expect_closed();
        witness.is_served();
    }
    everything.ping();
    drop(everything);
    witness.is_alone(&server);
}
