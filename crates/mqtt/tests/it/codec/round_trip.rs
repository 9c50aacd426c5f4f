//! Properties of the codec that hold for every packet.

use vouchmq_mqtt::codec::{self, Fault, Field, MalformedPacket};
use vouchmq_mqtt::fuzzing;

use super::{decoded, encoded};
use crate::arbitrary_packet::{ArbitraryPacket, for_many};

/// What is encoded is decoded as the same packet, and encodes to the same bytes.
#[test]
fn every_packet_survives_the_wire() {
    for_many(|u| {
        let owned: ArbitraryPacket = u.arbitrary()?;
        let packet = owned.as_packet();
        let bytes = encoded(&packet, owned.version);
        let again = decoded(&bytes, owned.version, owned.sender);
        assert_eq!(again.as_ref(), Ok(&packet), "decoded from {bytes:02x?}");
        assert_eq!(encoded(&packet, owned.version), bytes);
        Ok(())
    });
}

/// A packet that is cut anywhere is incomplete, or malformed where its length is announced, and never read
/// beyond its end.
#[test]
fn no_prefix_of_a_packet_is_a_packet() {
    for_many(|u| {
        let owned: ArbitraryPacket = u.arbitrary()?;
        let bytes = encoded(&owned.as_packet(), owned.version);
        let cut = u.choose_index(bytes.len())?;
        let prefix = &bytes[..cut];
        let Ok(Some(_)) = codec::frame(prefix) else { return Ok(()) };
        let error = decoded(prefix, owned.version, owned.sender).expect_err("the body is cut");
        assert_eq!(error.fault, Fault::Malformed(MalformedPacket::Truncated(Field::Body)));
        Ok(())
    });
}

#[test]
fn mutated_packets_are_refused_or_round_trip() {
    for_many(|u| {
        let owned: ArbitraryPacket = u.arbitrary()?;
        let mut bytes = encoded(&owned.as_packet(), owned.version);
        for _ in 0..u.int_in_range(1..=3)? {
            let at = u.choose_index(bytes.len())?;
            bytes[at] = u.arbitrary()?;
        }
        fuzzing::decode(&bytes);
        fuzzing::round_trip(&bytes);
        Ok(())
    });
}

/// Bytes without any sense end in an error, not in a panic.
#[test]
fn noise_is_refused_or_round_trips() {
    for_many(|u| {
        let bytes: Vec<u8> = u.arbitrary()?;
        fuzzing::decode(&bytes);
        fuzzing::round_trip(&bytes);
        Ok(())
    });
}
