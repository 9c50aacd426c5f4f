//! A client of the test: it says and hears packets, and answers nothing by itself.

use std::cell::Cell;

use vouchmq_mqtt::codec::{self, DecodeLimits, PacketType};
use vouchmq_mqtt::engine::{CloseCause, Input};
use vouchmq_mqtt::packet::{Ack, Auth, ConnAck, Disconnect, Publish, SubAck, SubscriptionOptions, UnsubAck};
use vouchmq_mqtt::{
    Dialect, Expression, Packet, PacketId, Property, PropertyId, ProtocolVersion, QoS, ReasonCode,
};

use super::wire::Reading;
use super::{
    ToPacket, World, disconnect, id, keep, options, puback, pubcomp, publish_at, pubrec, pubrel, subscribe,
    unsubscribe,
};

/// One Network Connection of a client.
pub(crate) struct Client {
    world: World,
    wire: usize,
    version: ProtocolVersion,
    last_id: Cell<u16>,
}

impl Client {
    pub(crate) fn new(world: World, wire: usize, version: ProtocolVersion) -> Self {
        Self { world, wire, version, last_id: Cell::new(0) }
    }

    pub(crate) fn version(&self) -> ProtocolVersion {
        self.version
    }

    pub(crate) fn wire(&self) -> usize {
        self.wire
    }

    // --- saying

    pub(crate) fn send<'a>(&self, packet: impl ToPacket<'a>) {
        let bytes = self.encode(packet);
        self.send_bytes(&bytes);
    }

    /// Sends packets back to back in one write.
    pub(crate) fn send_all<'a>(&self, packets: impl IntoIterator<Item = Packet<'a>>) {
        let bytes: Vec<u8> = packets.into_iter().flat_map(|packet| self.encode(packet)).collect();
        self.send_bytes(&bytes);
    }

    pub(crate) fn send_bytes(&self, bytes: &[u8]) {
        let mut state = self.world.state();
        state.wires[self.wire].to_engine.push_back(bytes.to_vec());
        state.settle();
    }

    pub(crate) fn encode<'a>(&self, packet: impl ToPacket<'a>) -> Vec<u8> {
        let packet = packet.to_packet();
        let mut bytes = Vec::new();
        let expression = codec::encode(&packet, Dialect::new(self.version), &mut bytes);
        assert_eq!(expression, Expression::Written, "{:?} can say {packet:?}", self.version);
        bytes
    }

    /// A packet identifier that this client did not use yet.
    pub(crate) fn next_id(&self) -> u16 {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }

    // --- hearing

    /// The next packet, if there is one.
    pub(crate) fn poll(&self) -> Option<Packet<'static>> {
        let mut state = self.world.state();
        let received = &mut state.wires[self.wire].to_client;
        let header = codec::frame(received).expect("the engine sends packets")?;
        if received.len() < header.packet_len() {
            return None;
        }
        let bytes = keep(received.drain(..header.packet_len()).collect());
        let body = bytes.get(header.header_len..).unwrap_or_default();
        let limits = DecodeLimits { user_properties_max: usize::MAX };
        Some(codec::decode_from_server(header, body, self.version, &limits).expect("a valid packet"))
    }

    /// All that was sent to the client, as it is.
    pub(crate) fn take_bytes(&self) -> Vec<u8> {
        std::mem::take(&mut self.world.state().wires[self.wire].to_client)
    }

    /// The next packet.
    pub(crate) fn packet(&self) -> Packet<'static> {
        self.poll().unwrap_or_else(|| panic!("there is a packet; closed: {:?}", self.close_cause()))
    }

    /// The next packet is exactly this one.
    pub(crate) fn expect<'a>(&self, packet: impl ToPacket<'a>) {
        assert_eq!(self.packet(), packet.to_packet());
    }

    /// There is no packet, and the connection is open.
    pub(crate) fn expect_nothing(&self) {
        assert_eq!(self.poll(), None);
        assert_eq!(self.close_cause(), None);
    }

    /// The connection is closed, and nothing was sent before.
    pub(crate) fn closed(&self) -> CloseCause {
        assert_eq!(self.poll(), None);
        self.close_cause().expect("the connection is closed")
    }

    /// The connection is closed for this reason, and the client told where its version has words for it.
    pub(crate) fn disconnected(&self, reason: ReasonCode) -> CloseCause {
        if Dialect::new(self.version).has_server_disconnect() {
            let told = self.disconnect_packet();
            assert_eq!(told.reason, reason);
            // A Reason String may say more; nothing else does.
            let is_text = |property: Property<'_>| property.id() == PropertyId::ReasonString;
            assert!(told.properties.iter().all(is_text), "{told:?}");
        }
        self.closed()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.close_cause().is_none()
    }

    fn close_cause(&self) -> Option<CloseCause> {
        self.world.state().wires[self.wire].closed.clone()
    }

    pub(crate) fn connack(&self) -> ConnAck<'static> {
        match self.packet() {
            Packet::ConnAck(connack) => connack,
            other => wrong(PacketType::ConnAck, &other),
        }
    }

    /// A PUBLISH, which is not answered.
    pub(crate) fn publish(&self) -> Publish<'static> {
        match self.packet() {
            Packet::Publish(publish) => publish,
            other => wrong(PacketType::Publish, &other),
        }
    }

    pub(crate) fn puback(&self) -> Ack<'static> {
        match self.packet() {
            Packet::PubAck(ack) => ack,
            other => wrong(PacketType::PubAck, &other),
        }
    }

    pub(crate) fn pubrec(&self) -> Ack<'static> {
        match self.packet() {
            Packet::PubRec(ack) => ack,
            other => wrong(PacketType::PubRec, &other),
        }
    }

    pub(crate) fn suback(&self) -> SubAck<'static> {
        match self.packet() {
            Packet::SubAck(suback) => suback,
            other => wrong(PacketType::SubAck, &other),
        }
    }

    pub(crate) fn unsuback(&self) -> UnsubAck<'static> {
        match self.packet() {
            Packet::UnsubAck(unsuback) => unsuback,
            other => wrong(PacketType::UnsubAck, &other),
        }
    }

    pub(crate) fn disconnect_packet(&self) -> Disconnect<'static> {
        match self.packet() {
            Packet::Disconnect(disconnect) => disconnect,
            other => wrong(PacketType::Disconnect, &other),
        }
    }

    pub(crate) fn authentication(&self) -> Auth<'static> {
        match self.packet() {
            Packet::Auth(authentication) => authentication,
            other => wrong(PacketType::Auth, &other),
        }
    }

    // --- whole exchanges

    /// The acknowledgement of this identifier comes, whatever it says.
    pub(crate) fn expect_puback(&self, packet_id: PacketId) {
        assert_eq!(self.puback().packet_id, packet_id);
    }

    /// Subscribes, and is granted what it asked for.
    pub(crate) fn subscribe(&self, filter: &str, qos: QoS) {
        self.subscribe_with(filter, options(qos));
    }

    pub(crate) fn subscribe_with(&self, filter: &str, options: SubscriptionOptions) {
        let packet_id = self.next_id();
        self.send(subscribe(packet_id, &[(filter, options)]));
        let suback = self.suback();
        assert_eq!(suback.packet_id, id(packet_id));
        assert_eq!(suback.reasons.as_bytes(), [options.qos.bits()], "{filter} is granted");
    }

    pub(crate) fn unsubscribe(&self, filter: &str) {
        let packet_id = self.next_id();
        self.send(unsubscribe(packet_id, &[filter]));
        assert_eq!(self.unsuback().packet_id, id(packet_id));
    }

    /// Publishes and sees the exchange of the QoS through; returns what the server thinks of it.
    pub(crate) fn publishes(&self, qos: QoS, topic: &str, payload: &str) -> ReasonCode {
        let packet_id = self.next_id();
        self.send(publish_at(qos, packet_id, topic, payload));
        match qos {
            QoS::AtMostOnce => ReasonCode::SUCCESS,
            QoS::AtLeastOnce => {
                let ack = self.puback();
                assert_eq!(ack.packet_id, id(packet_id));
                ack.reason
            }
            QoS::ExactlyOnce => {
                let ack = self.pubrec();
                assert_eq!(ack.packet_id, id(packet_id));
                if !ack.reason.is_error() {
                    self.send(pubrel(id(packet_id), ReasonCode::SUCCESS));
                    self.expect(pubcomp(id(packet_id), ReasonCode::SUCCESS));
                }
                ack.reason
            }
        }
    }

    /// The next packet brings this message for the first time; its exchange is seen through.
    pub(crate) fn receives(&self, qos: QoS, topic: &str, payload: &str) -> Publish<'static> {
        let publish = self.publish();
        let said = (publish.topic, String::from_utf8_lossy(publish.payload), publish.qos, publish.dup);
        assert_eq!(said, (topic, payload.into(), qos, false));
        self.acknowledge(&publish);
        publish
    }

    /// Sees the exchange of a received PUBLISH through.
    pub(crate) fn acknowledge(&self, publish: &Publish<'_>) {
        match publish.qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => self.send(puback(packet_id(publish), ReasonCode::SUCCESS)),
            QoS::ExactlyOnce => {
                let id = packet_id(publish);
                self.send(pubrec(id, ReasonCode::SUCCESS));
                self.expect(pubrel(id, ReasonCode::SUCCESS));
                self.send(pubcomp(id, ReasonCode::SUCCESS));
            }
        }
    }

    /// Says goodbye; a will is dropped.
    pub(crate) fn leave(&self) {
        self.send(disconnect(ReasonCode::SUCCESS));
        assert_eq!(self.closed(), CloseCause::Disconnected(ReasonCode::SUCCESS));
    }

    // --- the network

    /// The network connection breaks.
    pub(crate) fn vanish(&self) {
        let (shard, id) = self.world.connection(self);
        {
            let wire = &mut self.world.state().wires[self.wire];
            (wire.id, wire.closed) = (None, Some(CloseCause::Lost));
        }
        self.world.input_at(shard, Input::Lost(id));
    }

    /// The client takes nothing more.
    pub(crate) fn stop_reading(&self) {
        self.world.state().wires[self.wire].reading = Reading::Bytes(0);
    }

    /// The client takes so many bytes more and then stops again.
    pub(crate) fn read_bytes(&self, count: usize) {
        self.read(Reading::Bytes(count));
    }

    /// The client takes everything again.
    pub(crate) fn read_on(&self) {
        self.read(Reading::Everything);
    }

    fn read(&self, reading: Reading) {
        let mut state = self.world.state();
        let state = &mut *state;
        let wire = &mut state.wires[self.wire];
        wire.reading = reading;
        let engine = &mut state.engines[wire.shard];
        wire.take(state.now, engine);
        state.settle();
    }

    /// What the engine has for the client that it does not take.
    pub(crate) fn backlog(&self) -> usize {
        let (shard, id) = self.world.connection(self);
        self.world.state().engines[shard].outbox(id).map_or(0, vouchmq_mqtt::Outbox::len)
    }
}

fn packet_id(publish: &Publish<'_>) -> PacketId {
    publish.packet_id.expect("QoS 1 and 2 have an identifier")
}

fn wrong(wanted: PacketType, packet: &Packet<'_>) -> ! {
    panic!("{wanted} is awaited, and this came: {packet:?}");
}
