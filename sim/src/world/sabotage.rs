use std::collections::BTreeMap;

use vouchmq_mqtt::codec::{self, PacketType};
use vouchmq_mqtt::engine::{Mail, ShardId};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ProtocolVersion, ReasonCode};

use super::World;
use crate::network::LinkId;

/// A broker that is broken on purpose, to prove that the oracles would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A message forwarded to another engine is lost.
    LoseMail,
    /// Messages forwarded to another engine overtake each other.
    SwapMail,
    /// One QoS 1 message never reaches one of its subscribers.
    LosePublish,
    /// A QoS 2 message is delivered twice.
    DuplicatePublish,
    /// Acknowledgements do not wait for the journal.
    AckEarly,
    /// Timers fire seconds late.
    LateTimers,
    /// A retained message is forgotten.
    ForgetRetained,
    /// Whoever is taken over is not told.
    SilentTakeover,
    /// Publishers are told that nobody has subscribed.
    LieAboutSubscribers,
    /// A QoS 1 message is delivered at QoS 0.
    LowerQos,
    /// The Packet Identifier of an acknowledgement is another one.
    WrongPacketId,
    /// RETAIN is set on what is not retained.
    ClaimRetained,
    /// What is retained is held back until something newer went by.
    HoldRetained,
}

impl Sabotage {
    /// Every way to break a broker.
    pub const ALL: [Self; 13] = [
        Self::LoseMail,
        Self::SwapMail,
        Self::LosePublish,
        Self::DuplicatePublish,
        Self::AckEarly,
        Self::LateTimers,
        Self::ForgetRetained,
        Self::SilentTakeover,
        Self::LieAboutSubscribers,
        Self::LowerQos,
        Self::WrongPacketId,
        Self::ClaimRetained,
        Self::HoldRetained,
    ];
}

/// What the saboteur remembers.
#[derive(Debug, Default)]
pub(super) struct Saboteur {
    kind: Option<Sabotage>,
    /// Starts of packets, by link.
    partial: BTreeMap<LinkId, Vec<u8>>,
    /// The payload that is withheld from a client.
    victim: Option<(crate::client::ClientNo, Vec<u8>)>,
    has_struck: bool,
    /// Retained messages that are held back, by link and topic.
    held: BTreeMap<(LinkId, Vec<u8>), Vec<u8>>,
}

/// Nothing is broken before this time.
const FROM: Timestamp = Timestamp::from_micros(4_000_000);

impl Saboteur {
    pub(super) fn new(kind: Option<Sabotage>) -> Self {
        Self { kind, ..Self::default() }
    }

    fn is(&self, kind: Sabotage, now: Timestamp) -> bool {
        self.kind == Some(kind) && now >= FROM
    }
}

impl World {
    pub(super) fn acks_early(&self) -> bool {
        self.saboteur.is(Sabotage::AckEarly, self.env.now)
    }

    pub(super) fn is_asleep(&self) -> bool {
        self.saboteur.is(Sabotage::LateTimers, self.env.now)
    }

    /// Takes the retained message of some topic away.
    pub(super) fn forget_something(&mut self) {
        if self.saboteur.is(Sabotage::ForgetRetained, self.env.now)
            && let Some(topic) = self.env.oracle.surely_retained(self.env.now)
        {
            self.env.plan.options.retained.remove(&topic);
        }
    }

    /// Mail on its way to another engine.
    pub(super) fn intercept(&mut self, from: ShardId, to: ShardId, mail: Mail) -> Option<Mail> {
        let is_message = |mail: &Mail| format!("{mail:?}").contains("Forward");
        let now = self.env.now;
        if self.saboteur.is(Sabotage::LoseMail, now) && !self.saboteur.has_struck && is_message(&mail) {
            self.saboteur.has_struck = true;
            return None;
        }
        if self.saboteur.is(Sabotage::SwapMail, now) && is_message(&mail) {
            let inbox = self.shards.get_mut(usize::from(to.0))?.inbox.get_mut(usize::from(from.0))?;
            if let Some(last) = inbox.pop_back_if(|last| is_message(last)) {
                inbox.push_back(mail);
                return Some(last);
            }
        }
        Some(mail)
    }

    /// Bytes on their way to a client.
    pub(super) fn tamper(&mut self, link: LinkId, bytes: &[u8]) -> Vec<u8> {
        if self.saboteur.kind.is_none() {
            return bytes.to_vec();
        }
        let mut partial = self.saboteur.partial.remove(&link).unwrap_or_default();
        partial.extend_from_slice(bytes);
        let mut sent = Vec::new();
        while let Ok(Some(header)) = codec::frame(&partial) {
            if partial.len() < header.packet_len() {
                break;
            }
            let rest = partial.split_off(header.packet_len());
            let packet = std::mem::replace(&mut partial, rest);
            self.tamper_packet(link, header.packet_type, packet, &mut sent);
        }
        self.saboteur.partial.insert(link, partial);
        sent
    }

    fn tamper_packet(&mut self, link: LinkId, kind: PacketType, mut packet: Vec<u8>, sent: &mut Vec<u8>) {
        let now = self.env.now;
        let client = self.env.network.link(link).client;
        let speaks_5 =
            self.clients.get(client.index()).is_some_and(|it| it.profile.version == ProtocolVersion::V5);
        let qos = packet.first().map_or(0, |first| first >> 1 & 3);
        let is = |sabotage| self.saboteur.is(sabotage, now);
        match kind {
            PacketType::Publish if qos == 1 && is(Sabotage::LosePublish) => {
                // The payload comes last, and starts with the number of the message.
                let number = packet.iter().rposition(|byte| *byte == b'm').unwrap_or(0);
                let payload = packet.split_off(number);
                let victim = self.saboteur.victim.get_or_insert_with(|| (client, payload.clone()));
                if *victim == (client, payload.clone()) {
                    return;
                }
                packet.extend(payload);
            }
            PacketType::Publish if qos == 2 && is(Sabotage::DuplicatePublish) => {
                sent.extend_from_slice(&packet);
                if let Some(place) = packet_id_at(&packet) {
                    packet[place] = 0xEE;
                }
            }
            PacketType::Publish if qos == 1 && is(Sabotage::LowerQos) => {
                if let Some(place) = packet_id_at(&packet).filter(|_| packet[1] < 0x80) {
                    packet.drain(place..place + 2);
                    packet[1] -= 2;
                    packet[0] &= !0x0E;
                }
            }
            PacketType::Publish if is(Sabotage::ClaimRetained) => packet[0] |= 1,
            PacketType::Publish if qos == 0 && is(Sabotage::HoldRetained) => {
                let Some(topic) = topic_of(&packet) else { return };
                if packet[0] & 1 == 1 {
                    self.saboteur.held.insert((link, topic), packet);
                    return;
                }
                let held = self.saboteur.held.remove(&(link, topic));
                sent.extend(std::mem::replace(&mut packet, held.unwrap_or_default()));
            }
            PacketType::Disconnect
                if is(Sabotage::SilentTakeover)
                    && packet.get(2) == Some(&ReasonCode::SESSION_TAKEN_OVER.0) =>
            {
                return;
            }
            PacketType::PubAck if speaks_5 && packet.len() == 4 && is(Sabotage::LieAboutSubscribers) => {
                packet[1] = 3;
                packet.push(ReasonCode::NO_MATCHING_SUBSCRIBERS.0);
            }
            PacketType::PubAck if is(Sabotage::WrongPacketId) => packet[3] ^= 0x55,
            PacketType::Connect
            | PacketType::ConnAck
            | PacketType::Publish
            | PacketType::PubAck
            | PacketType::PubRec
            | PacketType::PubRel
            | PacketType::PubComp
            | PacketType::Subscribe
            | PacketType::SubAck
            | PacketType::Unsubscribe
            | PacketType::UnsubAck
            | PacketType::PingReq
            | PacketType::PingResp
            | PacketType::Disconnect
            | PacketType::Auth => {}
        }
        sent.extend_from_slice(&packet);
    }
}

/// Where the Packet Identifier of a PUBLISH stands.
fn packet_id_at(packet: &[u8]) -> Option<usize> {
    let header = codec::frame(packet).ok()??;
    Some(header.header_len + 2 + topic_of(packet)?.len())
}

/// The topic of a PUBLISH.
fn topic_of(packet: &[u8]) -> Option<Vec<u8>> {
    let header = codec::frame(packet).ok()??;
    let length = packet.get(header.header_len..header.header_len + 2)?;
    let len = usize::from(u16::from_be_bytes([length[0], length[1]]));
    packet.get(header.header_len + 2..)?.get(..len).map(<[u8]>::to_vec)
}
