//! Limits of the decoder, at their bounds.

use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::codec::{self, DecodeLimits, Fault, OverLimit};

use super::{packet, split};

fn fault(bytes: &[u8], user_properties_max: usize) -> Option<Fault> {
    let (header, body) = split(bytes).expect("a header");
    codec::decode(header, body, V5, &DecodeLimits { user_properties_max }).err().map(|error| error.fault)
}

const USER_PROPERTY: &[u8] = b"\x26\x00\x01n\x00\x01v";

/// CVE-2021-41039
#[test]
fn user_properties_are_counted_over_the_packet() {
    let section =
        |count: usize| [&[(count * USER_PROPERTY.len()) as u8], &USER_PROPERTY.repeat(count)[..]].concat();
    let publish = |count| packet(0x30, &[b"\x00\x01t", &section(count)]);
    let refused = Some(Fault::OverLimit(OverLimit::UserProperties));
    assert_eq!(fault(&publish(0), 0), None);
    assert_eq!(fault(&publish(1), 0), refused);
    assert_eq!(fault(&publish(5), 5), None);
    assert_eq!(fault(&publish(6), 5), refused);
    let connect = |own, wills| {
        let start = b"\x00\x04MQTT\x05\x06\x00\x00";
        packet(0x10, &[start, &section(own), b"\x00\x00", &section(wills), b"\x00\x01w\x00\x00"])
    };
    assert_eq!(fault(&connect(2, 3), 5), None);
    assert_eq!(fault(&connect(3, 3), 5), refused, "the will's count, too");
    assert_eq!(Fault::OverLimit(OverLimit::UserProperties).reason(), ReasonCode::PACKET_TOO_LARGE);
}

#[test]
fn the_default_is_64() {
    assert_eq!(DecodeLimits::default().user_properties_max, 64);
}
