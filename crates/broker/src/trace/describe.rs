use vouchmq_mqtt::codec::{self, DecodeLimits, FixedHeader, PacketType};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Dialect, Packet as MqttPacket, Properties};

use super::digest::{ConnectDigest, Packet, PacketFault, WillDigest};

/// Bytes of one text that is told.
const TEXT_MAX: usize = 1024;
/// Properties, filters and reason codes of one packet that are told.
const LIST_MAX: usize = 64;

/// What can be told of a packet of which `bytes` were kept; and the dialect, if it says one.
pub(super) fn describe(
    is_from_client: bool,
    bytes: &[u8],
    len: usize,
    dialect: Dialect,
    payload_bytes_max: usize,
) -> (Packet, Option<Dialect>) {
    let mut told = Packet { is_from_client, name: "?", len, ..Packet::default() };
    let header = match codec::frame(bytes) {
        Ok(Some(header)) => header,
        Ok(None) => return (told, None),
        Err(error) => {
            told.fault = Some(PacketFault::Undecodable(error.to_string()));
            return (told, None);
        }
    };
    told.name = name_of(header.packet_type);
    let body = bytes.get(header.header_len..).unwrap_or_default();
    let cut = header.remaining.saturating_sub(body.len());
    if cut > 0 && header.packet_type != PacketType::Publish {
        told.fault = Some(PacketFault::Cut);
        return (told, None);
    }
    // What is missing of a PUBLISH is the end of its payload.
    let header = FixedHeader { remaining: body.len(), ..header };
    let decode = if is_from_client { codec::decode } else { codec::decode_from_server };
    let limits = DecodeLimits { user_properties_max: usize::MAX };
    let mut spoken = None;
    match decode(header, body, dialect.version(), &limits) {
        Ok(packet) => {
            if let MqttPacket::Connect(connect) = &packet {
                spoken = Some(connect.dialect());
            }
            tell(&mut told, &packet, cut, payload_bytes_max);
        }
        Err(_) if cut > 0 => told.fault = Some(PacketFault::Cut),
        Err(error) => told.fault = Some(PacketFault::Undecodable(error.to_string())),
    }
    (told, spoken)
}

fn tell(told: &mut Packet, packet: &MqttPacket<'_>, cut: usize, payload_bytes_max: usize) {
    let mut properties = |from: &Properties<'_>| told.properties = properties_of(from);
    match packet {
        MqttPacket::Connect(connect) => {
            properties(&connect.properties);
            told.connect = Some(Box::new(connect_of(connect)));
        }
        MqttPacket::ConnAck(connack) => {
            properties(&connack.properties);
            told.session_present = Some(connack.session_present);
            told.reasons.push(connack.reason);
        }
        MqttPacket::Publish(publish) => {
            properties(&publish.properties);
            tell_publish(told, publish, cut, payload_bytes_max);
        }
        MqttPacket::PubAck(ack)
        | MqttPacket::PubRec(ack)
        | MqttPacket::PubRel(ack)
        | MqttPacket::PubComp(ack) => {
            properties(&ack.properties);
            told.packet_id = Some(ack.packet_id.value());
            told.reasons.push(ack.reason);
        }
        MqttPacket::Subscribe(subscribe) => {
            properties(&subscribe.properties);
            told.packet_id = Some(subscribe.packet_id.value());
            let filters = subscribe.filters.iter().take(LIST_MAX);
            told.filters =
                filters.map(|(filter, options)| (text(filter), Some(options_of(options)))).collect();
        }
        MqttPacket::SubAck(suback) => {
            properties(&suback.properties);
            told.packet_id = Some(suback.packet_id.value());
            told.reasons = suback.reasons.iter().take(LIST_MAX).collect();
        }
        MqttPacket::Unsubscribe(unsubscribe) => {
            properties(&unsubscribe.properties);
            told.packet_id = Some(unsubscribe.packet_id.value());
            told.filters =
                unsubscribe.filters.iter().take(LIST_MAX).map(|filter| (text(filter), None)).collect();
        }
        MqttPacket::UnsubAck(unsuback) => {
            properties(&unsuback.properties);
            told.packet_id = Some(unsuback.packet_id.value());
            told.reasons = unsuback.reasons.iter().take(LIST_MAX).collect();
        }
        MqttPacket::PingReq | MqttPacket::PingResp => {}
        MqttPacket::Disconnect(disconnect) => {
            properties(&disconnect.properties);
            told.reasons.push(disconnect.reason);
        }
        MqttPacket::Auth(step) => {
            properties(&step.properties);
            told.reasons.push(step.reason);
        }
    }
}

fn tell_publish(told: &mut Packet, publish: &Publish<'_>, cut: usize, payload_bytes_max: usize) {
    told.packet_id = publish.packet_id.map(vouchmq_mqtt::PacketId::value);
    told.topic = Some(text(publish.topic));
    told.qos = Some(publish.qos);
    (told.retain, told.dup) = (publish.retain, publish.dup);
    told.payload_len = Some(publish.payload.len() + cut);
    let shown = publish.payload.len().min(payload_bytes_max);
    told.payload = publish.payload.get(..shown).unwrap_or_default().to_vec();
}

fn connect_of(connect: &Connect<'_>) -> ConnectDigest {
    ConnectDigest {
        client_id: text(connect.client_id),
        username: connect.username.map(text),
        has_password: connect.password.is_some(),
        clean_start: connect.clean_start,
        keep_alive_secs: connect.keep_alive_secs,
        protocol_level: level_of(connect.dialect()),
        will: connect.will.as_ref().map(|will| WillDigest {
            topic: text(will.topic),
            qos: will.qos,
            retain: will.retain,
            payload_len: will.payload.len(),
        }),
    }
}

/// As `Debug` has them, which does not print Authentication Data.
fn properties_of(properties: &Properties<'_>) -> Vec<(&'static str, String)> {
    let told = properties.iter().take(LIST_MAX).map(|property| {
        let whole = format!("{property:?}");
        let value = whole.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or_default();
        (property.id().name(), text(value))
    });
    told.collect()
}

fn options_of(options: vouchmq_mqtt::packet::SubscriptionOptions) -> String {
    let mut told = format!("qos {}", options.qos.bits());
    if options.no_local {
        told.push_str(", no local");
    }
    if options.retain_as_published {
        told.push_str(", retain as published");
    }
    told.push_str(match options.retain_handling {
        vouchmq_mqtt::packet::RetainHandling::Send => "",
        vouchmq_mqtt::packet::RetainHandling::SendIfNew => ", retained if new",
        vouchmq_mqtt::packet::RetainHandling::DoNotSend => ", no retained",
    });
    told
}

const fn level_of(dialect: Dialect) -> u8 {
    match dialect {
        Dialect::MQTT_3_1 => 3,
        Dialect::MQTT_5 => 5,
        _ => 4,
    }
}

/// The beginning of a text.
fn text(whole: &str) -> String {
    if whole.len() <= TEXT_MAX {
        return whole.to_owned();
    }
    let end = whole.floor_char_boundary(TEXT_MAX);
    format!("{}…", whole.get(..end).unwrap_or_default())
}

const fn name_of(packet: PacketType) -> &'static str {
    match packet {
        PacketType::Connect => "CONNECT",
        PacketType::ConnAck => "CONNACK",
        PacketType::Publish => "PUBLISH",
        PacketType::PubAck => "PUBACK",
        PacketType::PubRec => "PUBREC",
        PacketType::PubRel => "PUBREL",
        PacketType::PubComp => "PUBCOMP",
        PacketType::Subscribe => "SUBSCRIBE",
        PacketType::SubAck => "SUBACK",
        PacketType::Unsubscribe => "UNSUBSCRIBE",
        PacketType::UnsubAck => "UNSUBACK",
        PacketType::PingReq => "PINGREQ",
        PacketType::PingResp => "PINGRESP",
        PacketType::Disconnect => "DISCONNECT",
        PacketType::Auth => "AUTH",
    }
}
