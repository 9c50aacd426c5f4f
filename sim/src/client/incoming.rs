use vouchmq_mqtt::codec::{self, DecodeLimits, FixedHeader};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Dialect, Packet, ProtocolVersion};

use super::{Client, Incoming};
use crate::network::{Direction, LinkId};
use crate::world::Env;

const LIMITS: DecodeLimits = DecodeLimits { user_properties_max: 1000 };

impl Incoming {
    /// Takes a whole packet from the front, if there is one.
    fn take(&mut self) -> Option<Result<(FixedHeader, Vec<u8>), String>> {
        match codec::frame(&self.bytes) {
            Err(error) => Some(Err(format!("{error}"))),
            Ok(None) => None,
            Ok(Some(header)) if self.bytes.len() < header.packet_len() => None,
            Ok(Some(header)) => {
                let rest = self.bytes.split_off(header.packet_len());
                let packet = std::mem::replace(&mut self.bytes, rest);
                Some(Ok((header, packet)))
            }
        }
    }

    /// Notes the reason of a DISCONNECT.
    pub(super) fn listen(&mut self, version: ProtocolVersion) {
        while let Some(Ok((header, bytes))) = self.take() {
            if let Ok(Packet::Disconnect(disconnect)) = decode(header, &bytes, version) {
                self.said = Some(disconnect.reason);
            }
        }
    }
}

impl Client {
    /// Handles every packet that has arrived completely.
    pub(super) fn handle_packets(&mut self, link: LinkId, safe_through: Timestamp, env: &mut Env) {
        while let Some(connection) = self.connection().filter(|connection| connection.link == link) {
            let Some(taken) = connection.incoming.take() else { return };
            let (header, bytes) = match taken {
                Ok(taken) => taken,
                Err(error) => {
                    return env.fail(format!("{}: the broker sends no packet: {error}", self.number));
                }
            };
            let max = self.profile.packet_bytes_max.map_or(usize::MAX, |max| max as usize);
            if header.packet_len() > max {
                let what = format!("a {:?} of {} bytes", header.packet_type, header.packet_len());
                return env.fail(format!("{}: {what}, the maximum is {max}", self.number));
            }
            match decode(header, &bytes, self.profile.version) {
                Ok(packet) => {
                    env.note(|| format!("{} gets {}", self.number, described(&packet)));
                    self.handle_packet(link, &packet, safe_through, env);
                }
                Err(error) => return env.fail(format!("{}: the broker sends: {error}", self.number)),
            }
        }
    }

    fn handle_packet(&mut self, link: LinkId, packet: &Packet<'_>, safe_through: Timestamp, env: &mut Env) {
        let is_before_connack = !self.is_online();
        match packet {
            Packet::ConnAck(ack) => self.on_connack(ack, env),
            Packet::Auth(step) => self.on_authentication(step, env),
            Packet::Disconnect(disconnect) => {
                if let Some(connection) = self.connection() {
                    connection.incoming.said = Some(disconnect.reason);
                }
            }
            other if is_before_connack => {
                env.fail(format!("{}: {:?} before CONNACK", self.number, other.packet_type()));
            }
            Packet::Publish(publish) => self.on_publish(link, publish, env),
            Packet::PubAck(ack) => self.on_puback(ack, safe_through, env),
            Packet::PubRec(ack) => self.on_pubrec(ack, safe_through, env),
            Packet::PubRel(ack) => self.on_pubrel(link, ack, env),
            Packet::PubComp(ack) => self.on_pubcomp(ack, env),
            Packet::SubAck(ack) => self.on_suback(link, ack, env),
            Packet::UnsubAck(ack) => self.on_unsuback(link, ack, env),
            Packet::PingResp => {}
            Packet::Connect(_) | Packet::Subscribe(_) | Packet::Unsubscribe(_) | Packet::PingReq => {
                env.fail(format!("{}: the broker sends {packet:?}", self.number));
            }
        }
    }

    /// Sends a packet on the connection that the client uses.
    pub(super) fn send(&mut self, packet: &Packet<'_>, env: &mut Env) {
        let dialect = self.profile.dialect();
        let number = self.number;
        let Some(connection) = self.connection() else { return };
        let bytes = encode(packet, dialect);
        connection.last_sent_at = env.now;
        let link = connection.link;
        env.note(|| format!("{number} sends {}", described(packet)));
        env.send(link, Direction::ToBroker, &bytes);
    }
}

fn decode<'a>(
    header: FixedHeader,
    packet: &'a [u8],
    version: ProtocolVersion,
) -> Result<Packet<'a>, codec::DecodeError> {
    codec::decode_from_server(header, packet.get(header.header_len..).unwrap_or_default(), version, &LIMITS)
}

/// A packet in a line of the trace; of a payload its start.
fn described(packet: &Packet<'_>) -> String {
    let Packet::Publish(publish) = packet else { return format!("{packet:?}") };
    let flag = |is_set: bool, name: &'static str| if is_set { name } else { "" };
    let payload: String = publish.payload.iter().take(8).map(|byte| char::from(*byte)).collect();
    format!(
        "PUBLISH {payload:?} ({} bytes) to {:?} {:?}{}{} id {:?} {:?}",
        publish.payload.len(),
        publish.topic,
        publish.qos,
        flag(publish.dup, " DUP"),
        flag(publish.retain, " RETAIN"),
        publish.packet_id.map(vouchmq_mqtt::PacketId::value),
        publish.properties,
    )
}

/// The bytes of a packet.
pub(super) fn encode(packet: &Packet<'_>, dialect: Dialect) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = codec::encode(packet, dialect, &mut bytes);
    bytes
}
