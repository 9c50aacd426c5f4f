//! A second opinion: the decoder of `mqtt-protocol-core`, which knows MQTT 3.1.1 and 5.0.
//!
//! Both must agree on what is a packet and what it says. Where they do not, [`known`] lists why the
//! standard is on our side; anything else fails.

mod known;

use mqtt_protocol_core::mqtt::common::Arc;
use mqtt_protocol_core::mqtt::packet::{GenericPacketTrait, Packet as Other, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::codec::{self, FixedHeader, PacketType};

use crate::arbitrary_packet::{ArbitraryPacket, Sender, for_many, may_send};
use crate::codec::{decoded, encoded};

/// Runs a parser on the whole body, as its crate does for connections.
macro_rules! parse {
    ($packet:path, $body:expr) => {{
        let (packet, consumed) = <$packet>::parse($body)?;
        if consumed == $body.len() { Ok(packet.into()) } else { Err(MqttError::MalformedPacket) }
    }};
}

fn other(header: FixedHeader, body: &[u8], version: ProtocolVersion) -> Result<Other, MqttError> {
    // The level tells; a body too short for it is refused by either.
    let is_connect = header.packet_type == PacketType::Connect;
    let is_5 = if is_connect { body.get(6) != Some(&4) } else { version == V5 };
    if is_5 { other_5(header, body) } else { other_311(header, body) }
}

fn other_5(header: FixedHeader, body: &[u8]) -> Result<Other, MqttError> {
    match header.packet_type {
        PacketType::Connect => parse!(v5_0::Connect, body),
        PacketType::ConnAck => parse!(v5_0::Connack, body),
        PacketType::Publish => Ok(v5_0::Publish::parse(header.flags, Arc::from(body))?.0.into()),
        PacketType::PubAck => parse!(v5_0::Puback, body),
        PacketType::PubRec => parse!(v5_0::Pubrec, body),
        PacketType::PubRel => parse!(v5_0::Pubrel, body),
        PacketType::PubComp => parse!(v5_0::Pubcomp, body),
        PacketType::Subscribe => parse!(v5_0::Subscribe, body),
        PacketType::SubAck => parse!(v5_0::Suback, body),
        PacketType::Unsubscribe => parse!(v5_0::Unsubscribe, body),
        PacketType::UnsubAck => parse!(v5_0::Unsuback, body),
        PacketType::PingReq => parse!(v5_0::Pingreq, body),
        PacketType::PingResp => parse!(v5_0::Pingresp, body),
        PacketType::Disconnect => parse!(v5_0::Disconnect, body),
        PacketType::Auth => parse!(v5_0::Auth, body),
    }
}

fn other_311(header: FixedHeader, body: &[u8]) -> Result<Other, MqttError> {
    match header.packet_type {
        PacketType::Connect => parse!(v3_1_1::Connect, body),
        PacketType::ConnAck => parse!(v3_1_1::Connack, body),
        PacketType::Publish => Ok(v3_1_1::Publish::parse(header.flags, Arc::from(body))?.0.into()),
        PacketType::PubAck => parse!(v3_1_1::Puback, body),
        PacketType::PubRec => parse!(v3_1_1::Pubrec, body),
        PacketType::PubRel => parse!(v3_1_1::Pubrel, body),
        PacketType::PubComp => parse!(v3_1_1::Pubcomp, body),
        PacketType::Subscribe => parse!(v3_1_1::Subscribe, body),
        PacketType::SubAck => parse!(v3_1_1::Suback, body),
        PacketType::Unsubscribe => parse!(v3_1_1::Unsubscribe, body),
        PacketType::UnsubAck => parse!(v3_1_1::Unsuback, body),
        PacketType::PingReq => parse!(v3_1_1::Pingreq, body),
        PacketType::PingResp => parse!(v3_1_1::Pingresp, body),
        PacketType::Disconnect => parse!(v3_1_1::Disconnect, body),
        PacketType::Auth => Err(MqttError::MalformedPacket),
    }
}

/// Both decoders judge one packet; the fixed header and the direction are ours to judge.
fn compare(bytes: &[u8], version: ProtocolVersion) {
    let Ok(Some(header)) = codec::frame(bytes) else { return };
    if header.packet_len() != bytes.len() {
        return;
    }
    // The other decoder knows no direction: ask as the side that may say more.
    let is_disconnect = header.packet_type == PacketType::Disconnect;
    let is_servers = may_send(version, Sender::Server, header.packet_type);
    let sender = if is_servers && !is_disconnect { Sender::Server } else { Sender::Client };
    let ours = decoded(bytes, version, sender);
    let theirs = other(header, &bytes[header.header_len..], version);
    match (&ours, &theirs) {
        (Ok(packet), Ok(other)) => {
            let rewritten = other.to_continuous_buffer();
            let again = decoded(&rewritten, version, sender);
            assert_eq!(again.as_ref(), Ok(packet), "the other decoder read {bytes:02x?} as {other:?}");
        }
        (Err(_), Err(_)) => {}
        (Err(error), Ok(other)) => assert!(
            known::why_we_are_stricter(error, header.packet_type).is_some(),
            "{version:?}: only we refuse {bytes:02x?}: {error}; the other: {other:?}"
        ),
        (Ok(packet), Err(error)) => assert!(
            known::why_they_are_stricter(packet).is_some(),
            "{version:?}: only the other refuses {bytes:02x?}: {error:?}; we: {packet:?}"
        ),
    }
}

#[test]
fn both_decoders_agree_on_valid_packets() {
    for_many(|u| {
        let owned: ArbitraryPacket = u.arbitrary()?;
        if owned.version == V311 || owned.version == V5 {
            compare(&encoded(&owned.as_packet(), owned.version), owned.version);
        }
        Ok(())
    });
}

#[test]
fn both_decoders_agree_on_mutated_packets() {
    for_many(|u| {
        let owned: ArbitraryPacket = u.arbitrary()?;
        if owned.version != V311 && owned.version != V5 {
            return Ok(());
        }
        let mut bytes = encoded(&owned.as_packet(), owned.version);
        for _ in 0..u.int_in_range(1..=3)? {
            let at = u.choose_index(bytes.len())?;
            bytes[at] =
                if u.arbitrary()? { bytes[at] ^ (1 << u.int_in_range(0..=7)?) } else { u.arbitrary()? };
        }
        compare(&bytes, owned.version);
        Ok(())
    });
}
