//! The generator of packets: any packet that one side may send in one version.

mod properties;
mod text;

use arbitrary::{Arbitrary, Result, Unstructured};
use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::codec::PacketType;
use vouchmq_mqtt::packet::{
    Ack, Auth, ConnAck, Connect, Disconnect, Publish, Reasons, RetainHandling, SubAck, Subscribe,
    SubscriptionFiltersBuf, SubscriptionOptions, TopicFiltersBuf, UnsubAck, Unsubscribe, WillMessage,
};
use vouchmq_mqtt::{Dialect, Packet, PacketId, PropertiesBuf, QoS, ReasonCode};

use properties::{Place, properties};
use text::{text, topic_name};

/// Who sends the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Arbitrary)]
pub(crate) enum Sender {
    Client,
    Server,
}

/// All that a [`Packet`] borrows, and the fields it copies.
#[derive(Debug)]
pub(crate) struct ArbitraryPacket {
    pub(crate) version: ProtocolVersion,
    pub(crate) sender: Sender,
    packet_type: PacketType,
    /// Clean Start, Session Present or RETAIN.
    flag: bool,
    dup: bool,
    qos: QoS,
    packet_id: PacketId,
    keep_alive_secs: u16,
    reason: ReasonCode,
    reasons: Vec<u8>,
    properties: PropertiesBuf,
    /// Topic Name or Client Identifier.
    text: String,
    payload: Vec<u8>,
    subscriptions: SubscriptionFiltersBuf,
    filters: TopicFiltersBuf,
    will: Option<Will>,
    username: Option<String>,
    password: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Will {
    qos: QoS,
    retain: bool,
    properties: PropertiesBuf,
    topic: String,
    payload: Vec<u8>,
}

/// Runs a property for a second, on inputs of a packet's size: small ones, and so thousands.
///
/// `ARBTEST_BUDGET_MS` does not apply; a failure prints the seed that repeats it (`ARBTEST_SEED`).
pub(crate) fn for_many(property: impl FnMut(&mut Unstructured<'_>) -> Result<()>) {
    arbtest::arbtest(property).size_min(32).size_max(768).budget_ms(1_000).run();
}

impl ArbitraryPacket {
    /// The packet.
    pub(crate) fn as_packet(&self) -> Packet<'_> {
        let packet_id = self.packet_id;
        let properties = self.properties.as_properties();
        let reasons = Reasons::new(&self.reasons);
        let ack = Ack { packet_id, reason: self.reason, properties };
        match self.packet_type {
            PacketType::Connect => Packet::Connect(self.as_connect()),
            PacketType::ConnAck => {
                Packet::ConnAck(ConnAck { session_present: self.flag, reason: self.reason, properties })
            }
            PacketType::Publish => Packet::Publish(self.as_publish()),
            PacketType::PubAck => Packet::PubAck(ack),
            PacketType::PubRec => Packet::PubRec(ack),
            PacketType::PubRel => Packet::PubRel(ack),
            PacketType::PubComp => Packet::PubComp(ack),
            PacketType::Subscribe => {
                let filters = self.subscriptions.as_filters();
                Packet::Subscribe(Subscribe { packet_id, properties, filters })
            }
            PacketType::SubAck => Packet::SubAck(SubAck { packet_id, properties, reasons }),
            PacketType::Unsubscribe => {
                Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters: self.filters.as_filters() })
            }
            PacketType::UnsubAck => Packet::UnsubAck(UnsubAck { packet_id, properties, reasons }),
            PacketType::PingReq => Packet::PingReq,
            PacketType::PingResp => Packet::PingResp,
            PacketType::Disconnect => Packet::Disconnect(Disconnect { reason: self.reason, properties }),
            PacketType::Auth => Packet::Auth(Auth { reason: self.reason, properties }),
        }
    }

    fn as_publish(&self) -> Publish<'_> {
        Publish {
            dup: self.dup && self.qos != QoS::AtMostOnce,
            retain: self.flag,
            qos: self.qos,
            topic: &self.text,
            packet_id: (self.qos != QoS::AtMostOnce).then_some(self.packet_id),
            properties: self.properties.as_properties(),
            payload: &self.payload,
        }
    }

    fn as_connect(&self) -> Connect<'_> {
        Connect {
            version: self.version,
            clean_start: self.flag,
            keep_alive_secs: self.keep_alive_secs,
            client_id: &self.text,
            properties: self.properties.as_properties(),
            will: self.will.as_ref().map(|will| WillMessage {
                qos: will.qos,
                retain: will.retain,
                properties: will.properties.as_properties(),
                topic: &will.topic,
                payload: &will.payload,
            }),
            username: self.username.as_deref(),
            password: self.password.as_deref(),
        }
    }

    /// A packet of this type, if the sender may send it.
    pub(crate) fn generate(
        u: &mut Unstructured<'_>,
        version: ProtocolVersion,
        sender: Sender,
        packet_type: PacketType,
    ) -> Result<Self> {
        let reason = reason(u, version, packet_type)?;
        let qos = qos(u)?;
        let place = Place::Packet(packet_type, sender);
        let properties = if version == V5 { properties(u, place)? } else { PropertiesBuf::new() };
        let has_alias = properties.as_properties().topic_alias().is_some();
        let topic = if has_alias && u.arbitrary()? { String::new() } else { topic_name(u)? };
        let username = if u.arbitrary()? { Some(text(u)?) } else { None };
        let may_have_password = version == V5 || username.is_some();
        let has_session_flag = version != V31 && !reason.is_error();
        Ok(Self {
            version,
            sender,
            packet_type,
            flag: u.arbitrary::<bool>()? && (packet_type != PacketType::ConnAck || has_session_flag),
            dup: u.arbitrary()?,
            qos,
            packet_id: packet_id(u)?,
            keep_alive_secs: u.arbitrary()?,
            reason,
            reasons: reasons(u, version, packet_type)?,
            properties,
            text: if packet_type == PacketType::Publish { topic } else { text(u)? },
            payload: u.arbitrary()?,
            subscriptions: subscriptions(u, version)?,
            filters: filters(u)?,
            will: if u.arbitrary()? { Some(will(u, version)?) } else { None },
            username,
            password: if may_have_password { u.arbitrary()? } else { None },
        })
    }
}

impl<'a> Arbitrary<'a> for ArbitraryPacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let version = *u.choose(&[V31, V311, V5])?;
        let sender = u.arbitrary()?;
        let types: Vec<PacketType> =
            PacketType::ALL.into_iter().filter(|packet| may_send(version, sender, *packet)).collect();
        let packet_type = *u.choose(&types)?;
        Self::generate(u, version, sender, packet_type)
    }
}

/// Whether this side sends the packet in this version.
pub(crate) fn may_send(version: ProtocolVersion, sender: Sender, packet_type: PacketType) -> bool {
    match packet_type {
        PacketType::Connect | PacketType::Subscribe | PacketType::Unsubscribe | PacketType::PingReq => {
            sender == Sender::Client
        }
        PacketType::ConnAck | PacketType::SubAck | PacketType::UnsubAck | PacketType::PingResp => {
            sender == Sender::Server
        }
        PacketType::Disconnect => version == V5 || sender == Sender::Client,
        PacketType::Auth => version == V5,
        PacketType::Publish
        | PacketType::PubAck
        | PacketType::PubRec
        | PacketType::PubRel
        | PacketType::PubComp => true,
    }
}

fn qos(u: &mut Unstructured<'_>) -> Result<QoS> {
    u.choose(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]).copied()
}

fn packet_id(u: &mut Unstructured<'_>) -> Result<PacketId> {
    Ok(PacketId::new(u.arbitrary()?).unwrap_or(PacketId::MIN))
}

/// A code that the packet can say in the version and that means the same when it is read.
fn reason(u: &mut Unstructured<'_>, version: ProtocolVersion, packet_type: PacketType) -> Result<ReasonCode> {
    let v3_connack = [0x00, 0x84, 0x85, 0x86, 0x87, 0x88];
    let codes: Vec<ReasonCode> = ReasonCode::ALL
        .iter()
        .copied()
        .filter(|code| code.is_allowed_in(packet_type))
        .filter(|code| {
            if version == V5 {
                true
            } else if packet_type == PacketType::ConnAck {
                v3_connack.contains(&code.0)
            } else if packet_type == PacketType::SubAck {
                Dialect::new(version).suback_code(*code) == Some(code.0)
            } else {
                *code == ReasonCode::SUCCESS
            }
        })
        .collect();
    if codes.is_empty() { Ok(ReasonCode::SUCCESS) } else { u.choose(&codes).copied() }
}

fn reasons(u: &mut Unstructured<'_>, version: ProtocolVersion, packet_type: PacketType) -> Result<Vec<u8>> {
    let has_codes =
        packet_type == PacketType::SubAck || (packet_type == PacketType::UnsubAck && version == V5);
    let count = if has_codes { u.int_in_range(1..=5)? } else { 0 };
    (0..count).map(|_| Ok(reason(u, version, packet_type)?.0)).collect()
}

fn subscriptions(u: &mut Unstructured<'_>, version: ProtocolVersion) -> Result<SubscriptionFiltersBuf> {
    let mut filters = SubscriptionFiltersBuf::default();
    for _ in 0..u.int_in_range(1..=4)? {
        let filter = text(u)?;
        let mut options = SubscriptionOptions::new(qos(u)?);
        if version == V5 {
            options.no_local = u.arbitrary::<bool>()? && !filter.starts_with("$share/");
            options.retain_as_published = u.arbitrary()?;
            options.retain_handling =
                *u.choose(&[RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend])?;
        }
        filters.push(&filter, options);
    }
    Ok(filters)
}

fn filters(u: &mut Unstructured<'_>) -> Result<TopicFiltersBuf> {
    let mut filters = TopicFiltersBuf::default();
    for _ in 0..u.int_in_range(1..=4)? {
        filters.push(&text(u)?);
    }
    Ok(filters)
}

fn will(u: &mut Unstructured<'_>, version: ProtocolVersion) -> Result<Will> {
    Ok(Will {
        qos: qos(u)?,
        retain: u.arbitrary()?,
        properties: if version == V5 { properties(u, Place::Will)? } else { PropertiesBuf::new() },
        topic: topic_name(u)?,
        payload: u.arbitrary()?,
    })
}
