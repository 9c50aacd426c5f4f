use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::codec::{self, DecodeLimits};
use crate::connection::ConnectionId;
use crate::packet::{Ack, ConnAck, Connect, Publish};
use crate::topic::{ParsedFilter, TopicLimits, TopicName, matches};
use crate::{Dialect, Packet, PacketId, QoS};

/// The client that must not receive what `n/#` matches.
pub(super) const DEAF: &str = "c";

/// Whether [`DEAF`] must not receive messages of this topic.
pub(super) fn is_secret(topic: &str) -> bool {
    topic == "n" || topic.starts_with("n/")
}

/// One connection as its client sees it: reads both directions, and fails when the server breaks the rules.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) shard: usize,
    pub(super) id: ConnectionId,
    pub(super) link: Link,
    /// Nothing is read from the server.
    pub(super) is_stuck: bool,
    /// The engine waits for a verdict.
    pub(super) is_judged: bool,
    pub(super) dialect: Dialect,
    pub(super) client_id: String,
    talk: Talk,
    trust: Trust,
    sent: Vec<u8>,
    received: Vec<u8>,
    receive_maximum: usize,
    packet_bytes_max: usize,
    alias_maximum: u16,
    aliases: BTreeMap<u16, String>,
    /// What the server sent and the client has not finished, in order.
    pub(super) in_flight: Vec<(u16, Stage)>,
    /// Number of filters in each request, by packet id.
    subscribes: VecDeque<(u16, usize)>,
    unsubscribes: VecDeque<(u16, usize)>,
    pings: usize,
    published: BTreeSet<(u16, QoS)>,
}

/// Whether bytes go to and fro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Open,
    /// To be closed once everything is written.
    Closing,
    Closed,
}

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    ExpectConnAck,
    Established,
    Ended,
}

/// How much of the server's packets can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    Exact,
    /// The client acknowledged what it cannot have read: identifiers prove nothing any more.
    Loose,
    /// What the client sends is no packet.
    Garbled,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    AtLeastOnce,
    ExactlyOnce,
    Released,
}

/// The filters that each client ever named, by Client Identifier.
pub(super) type Named = BTreeMap<String, Vec<String>>;

impl Wire {
    pub(super) fn new(shard: usize, id: ConnectionId) -> Self {
        Self {
            shard,
            id,
            link: Link::Open,
            is_stuck: false,
            is_judged: false,
            dialect: Dialect::default(),
            client_id: String::new(),
            talk: Talk::ExpectConnAck,
            trust: Trust::Exact,
            sent: Vec::new(),
            received: Vec::new(),
            receive_maximum: usize::from(u16::MAX),
            packet_bytes_max: usize::MAX,
            alias_maximum: 0,
            aliases: BTreeMap::new(),
            in_flight: Vec::new(),
            subscribes: VecDeque::new(),
            unsubscribes: VecDeque::new(),
            pings: 0,
            published: BTreeSet::new(),
        }
    }

    // --- from the client

    /// The client sends these bytes, packets or not.
    pub(super) fn sends(&mut self, bytes: &[u8], named: &mut Named) {
        self.sent.extend_from_slice(bytes);
        let sent = std::mem::take(&mut self.sent);
        let mut rest = sent.as_slice();
        while self.trust != Trust::Garbled {
            match codec::frame(rest) {
                Ok(Some(header)) => {
                    let Some((packet, after)) = rest.split_at_checked(header.packet_len()) else { break };
                    let body = packet.get(header.header_len..).unwrap_or_default();
                    match codec::decode(header, body, self.dialect.version(), &DecodeLimits::default()) {
                        Ok(packet) => self.client_says(&packet, named),
                        Err(_) => self.trust = Trust::Garbled,
                    }
                    rest = after;
                }
                Ok(None) => break,
                Err(_) => self.trust = Trust::Garbled,
            }
        }
        self.sent = rest.to_vec();
    }

    fn client_says(&mut self, packet: &Packet<'_>, named: &mut Named) {
        match packet {
            Packet::Connect(connect) => self.connects(connect),
            Packet::Subscribe(subscribe) => {
                let filters: Vec<_> = subscribe.filters.iter().map(|(filter, _)| filter.to_owned()).collect();
                self.subscribes.push_back((subscribe.packet_id.value(), filters.len()));
                named.entry(self.client_id.clone()).or_default().extend(filters);
            }
            Packet::Unsubscribe(unsubscribe) => {
                let count = unsubscribe.filters.iter().count();
                self.unsubscribes.push_back((unsubscribe.packet_id.value(), count));
            }
            Packet::Publish(Publish { packet_id: Some(packet_id), qos, .. }) => {
                self.published.insert((packet_id.value(), *qos));
            }
            Packet::PingReq => self.pings += 1,
            Packet::PubAck(ack) => self.moves_on(ack, Stage::AtLeastOnce, None),
            Packet::PubRec(ack) if ack.reason.is_error() => self.moves_on(ack, Stage::ExactlyOnce, None),
            Packet::PubRec(ack) => self.moves_on(ack, Stage::ExactlyOnce, Some(Stage::Released)),
            Packet::PubComp(ack) => self.moves_on(ack, Stage::Released, None),
            Packet::Publish(_)
            | Packet::ConnAck(_)
            | Packet::PubRel(_)
            | Packet::SubAck(_)
            | Packet::UnsubAck(_)
            | Packet::PingResp
            | Packet::Disconnect(_)
            | Packet::Auth(_) => {}
        }
    }

    fn connects(&mut self, connect: &Connect<'_>) {
        if self.talk != Talk::ExpectConnAck || !self.client_id.is_empty() {
            return;
        }
        self.dialect = connect.dialect();
        self.client_id = connect.client_id.to_owned();
        let properties = &connect.properties;
        if let Some(maximum) = properties.receive_maximum() {
            self.receive_maximum = usize::from(maximum);
        }
        if let Some(maximum) = properties.maximum_packet_size() {
            self.packet_bytes_max = usize::try_from(maximum).unwrap_or(usize::MAX);
        }
        self.alias_maximum = properties.topic_alias_maximum().unwrap_or(0);
    }

    /// An acknowledgement of the client takes a delivery from one stage to the next, or ends it.
    fn moves_on(&mut self, ack: &Ack<'_>, from: Stage, to: Option<Stage>) {
        if self.is_stuck && self.trust == Trust::Exact {
            self.trust = Trust::Loose;
        }
        let is_it = |delivery: &(u16, Stage)| *delivery == (ack.packet_id.value(), from);
        let Some(position) = self.in_flight.iter().position(is_it) else { return };
        match (to, self.in_flight.get_mut(position)) {
            (Some(to), Some(delivery)) => delivery.1 = to,
            (None, _) | (_, None) => drop(self.in_flight.remove(position)),
        }
    }

    // --- from the server

    /// The client reads these bytes.
    pub(super) fn reads(&mut self, bytes: &[u8], named: &Named) {
        if self.trust == Trust::Garbled && self.talk == Talk::ExpectConnAck {
            // In which version the refusal is said is not the client's to know.
            return;
        }
        self.received.extend_from_slice(bytes);
        let received = std::mem::take(&mut self.received);
        let mut rest = received.as_slice();
        loop {
            let header = codec::frame(rest);
            assert!(header.is_ok(), "the server sent {rest:02x?}");
            let Ok(Some(header)) = header else { break };
            let Some((packet, after)) = rest.split_at_checked(header.packet_len()) else { break };
            let body = packet.get(header.header_len..).unwrap_or_default();
            let limits = DecodeLimits { user_properties_max: usize::MAX };
            let decoded = codec::decode_from_server(header, body, self.dialect.version(), &limits);
            assert!(decoded.is_ok(), "the server sent {packet:02x?}: {decoded:?}");
            if let Ok(decoded) = decoded {
                assert!(packet.len() <= self.packet_bytes_max, "too large: {decoded:?}");
                self.server_says(&decoded, named);
            }
            rest = after;
        }
        self.received = rest.to_vec();
    }

    fn server_says(&mut self, packet: &Packet<'_>, named: &Named) {
        assert!(self.talk != Talk::Ended, "after the end: {packet:?}");
        let is_expected =
            self.talk == Talk::Established || matches!(packet, Packet::ConnAck(_) | Packet::Auth(_));
        assert!(is_expected, "before CONNACK: {packet:?}");
        match packet {
            Packet::Publish(publish) => self.delivers(publish, named),
            Packet::SubAck(suback) => {
                let answered = (suback.packet_id.value(), suback.reasons.iter().count());
                let asked = self.subscribes.iter().position(|asked| *asked == answered);
                assert!(asked.is_some(), "{suback:?}");
                asked.and_then(|asked| self.subscribes.remove(asked));
            }
            Packet::UnsubAck(unsuback) => {
                let (id, count) = self.unsubscribes.pop_front().unwrap_or_default();
                assert_eq!(id, unsuback.packet_id.value(), "{unsuback:?}");
                let codes = unsuback.reasons.iter().count();
                assert!(codes == count || !self.dialect.has_properties(), "{unsuback:?}");
            }
            Packet::PubAck(ack) => self.is_answer(ack, QoS::AtLeastOnce),
            Packet::PubRec(ack) => self.is_answer(ack, QoS::ExactlyOnce),
            Packet::PingResp => {
                assert!(self.pings > 0, "PINGRESP that nobody asked for");
                self.pings -= 1;
            }
            Packet::Disconnect(_) => self.talk = Talk::Ended,
            Packet::ConnAck(connack) => self.greets(connack),
            // The decoder refuses what only a client sends.
            Packet::PubRel(_)
            | Packet::PubComp(_)
            | Packet::Auth(_)
            | Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::PingReq => {}
        }
    }

    fn greets(&mut self, connack: &ConnAck<'_>) {
        assert!(self.talk == Talk::ExpectConnAck, "a second CONNACK: {connack:?}");
        self.talk = if connack.reason.is_error() { Talk::Ended } else { Talk::Established };
        if let Some(assigned) = connack.properties.assigned_client_identifier() {
            self.client_id = assigned.to_owned();
        }
    }

    fn delivers(&mut self, publish: &Publish<'_>, named: &Named) {
        let topic = match publish.properties.topic_alias() {
            None => publish.topic.to_owned(),
            Some(alias) => {
                assert!(alias > 0 && alias <= self.alias_maximum, "{publish:?}");
                if !publish.topic.is_empty() {
                    self.aliases.insert(alias, publish.topic.to_owned());
                }
                self.aliases.get(&alias).cloned().unwrap_or_default()
            }
        };
        assert!(TopicName::new(&topic).is_ok(), "{publish:?}");
        assert!(self.client_id != DEAF || !is_secret(&topic), "a secret: {publish:?}");
        // Before CONNACK tells it, an assigned identifier is not known.
        let filters = named.get(&self.client_id).into_iter().chain(named.get("")).flatten();
        let mut parsed =
            filters.filter_map(|filter| ParsedFilter::parse(filter, &TopicLimits::STANDARD).ok());
        assert!(
            self.trust == Trust::Garbled || parsed.any(|parsed| matches(parsed.filter, &topic)),
            "{publish:?}"
        );
        let Some(id) = publish.packet_id.map(PacketId::value).filter(|_| self.trust == Trust::Exact) else {
            return;
        };
        assert!(!self.in_flight.iter().any(|(known, _)| *known == id), "identifier in use: {publish:?}");
        let stage = if publish.qos == QoS::AtLeastOnce { Stage::AtLeastOnce } else { Stage::ExactlyOnce };
        self.in_flight.push((id, stage));
        assert!(self.in_flight.len() <= self.receive_maximum, "more than Receive Maximum: {publish:?}");
    }

    fn is_answer(&self, ack: &Ack<'_>, qos: QoS) {
        assert!(self.published.contains(&(ack.packet_id.value(), qos)), "{ack:?} answers no PUBLISH");
    }
}
