//! The client's side, against a server that says what each test wants.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

mod exchange;
mod hostile;
mod resume;

use vouchmq_mqtt::client::{ClientConnection, ClientOptions, ClientSession, Event, SendError, ServerFault};
use vouchmq_mqtt::codec::{self, DecodeLimits};
use vouchmq_mqtt::packet::{Ack, ConnAck, Connect, Publish};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{
    Dialect, Expression, Packet, PacketId, Properties, PropertiesBuf, Property, QoS, ReasonCode,
};

pub(crate) const DIALECTS: [Dialect; 3] = [Dialect::MQTT_3_1, Dialect::MQTT_3_1_1, Dialect::MQTT_5];

/// A client and what it has written.
pub(crate) struct Client {
    pub(crate) connection: ClientConnection,
    pub(crate) dialect: Dialect,
    pub(crate) now: Timestamp,
    pub(crate) out: Vec<u8>,
}

impl Client {
    /// A client that has sent CONNECT with these properties.
    pub(crate) fn open(dialect: Dialect, properties: &[Property<'_>], session: ClientSession) -> Self {
        let mut buffer = PropertiesBuf::new();
        buffer.extend(properties.iter().copied());
        let connect = Connect { properties: buffer.as_properties(), ..connect(dialect, false) };
        Self::with(&connect, session, ClientOptions::default())
    }

    pub(crate) fn with(connect: &Connect<'_>, session: ClientSession, options: ClientOptions) -> Self {
        let mut out = Vec::new();
        let connection = ClientConnection::open(Timestamp::ZERO, connect, session, options, &mut out)
            .expect("a CONNECT that can be said");
        Self { connection, dialect: connect.dialect(), now: Timestamp::ZERO, out }
    }

    /// A client whose CONNECT was accepted, with nothing in `out`.
    pub(crate) fn connected(dialect: Dialect, server: &[Property<'_>]) -> Self {
        let mut client = Self::open(dialect, &[], ClientSession::default());
        client.accept(false, server);
        client.out.clear();
        client
    }

    /// The server accepts.
    pub(crate) fn accept(&mut self, session_present: bool, properties: &[Property<'_>]) {
        let mut buffer = PropertiesBuf::new();
        buffer.extend(properties.iter().copied());
        let properties = buffer.as_properties();
        let events = self.hear(&[Packet::ConnAck(ConnAck {
            session_present,
            reason: ReasonCode::SUCCESS,
            properties,
        })]);
        assert!(matches!(events.as_slice(), [text] if text.starts_with("Connected")), "{events:?}");
    }

    /// The server says these packets; returns the events as text.
    pub(crate) fn hear(&mut self, packets: &[Packet<'_>]) -> Vec<String> {
        self.hear_bytes(&said(packets, self.dialect)).expect("a server that keeps to the protocol")
    }

    pub(crate) fn hear_bytes(&mut self, bytes: &[u8]) -> Result<Vec<String>, ServerFault> {
        let mut input = bytes;
        let mut events = Vec::new();
        while let Some(event) = self.connection.receive(self.now, &mut input, &mut self.out)? {
            events.push(format!("{event:?}"));
        }
        Ok(events)
    }

    pub(crate) fn publish(&mut self, publish: &Publish<'_>) -> Result<Option<PacketId>, SendError> {
        self.connection.publish(self.now, publish, &mut self.out)
    }

    /// What the client has written since the last time, as text.
    pub(crate) fn wrote(&mut self) -> Vec<String> {
        let out = std::mem::take(&mut self.out);
        let mut rest = out.as_slice();
        let mut packets = Vec::new();
        while let Some(header) = codec::frame(rest).expect("what the client writes is well formed") {
            let (packet, after) = rest.split_at(header.packet_len());
            let body = &packet[header.header_len..];
            let packet = codec::decode(header, body, self.dialect.version(), &DecodeLimits::default())
                .expect("a packet");
            packets.push(format!("{packet:?}"));
            rest = after;
        }
        assert!(rest.is_empty());
        packets
    }
}

pub(crate) fn connect(dialect: Dialect, clean_start: bool) -> Connect<'static> {
    Connect {
        version: dialect.version(),
        clean_start,
        keep_alive_secs: 10,
        client_id: "client",
        properties: Properties::EMPTY,
        will: None,
        username: None,
        password: None,
    }
}

pub(crate) fn said(packets: &[Packet<'_>], dialect: Dialect) -> Vec<u8> {
    let mut bytes = Vec::new();
    for packet in packets {
        assert_eq!(codec::encode(packet, dialect, &mut bytes), Expression::Written, "{packet:?}");
    }
    bytes
}

pub(crate) fn message<'a>(qos: QoS, topic: &'a str, payload: &'a [u8]) -> Publish<'a> {
    Publish { dup: false, retain: false, qos, topic, packet_id: None, properties: Properties::EMPTY, payload }
}

pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).expect("not zero")
}

pub(crate) fn ack(value: u16) -> Ack<'static> {
    Ack::new(id(value), ReasonCode::SUCCESS)
}

/// Event names and identifiers only, for comparisons that do not care about the rest.
pub(crate) fn names(texts: &[String]) -> Vec<&str> {
    texts.iter().map(|text| text.split([' ', '(']).next().unwrap_or_default()).collect()
}

#[test]
fn events_borrow_and_are_plain_values() {
    let mut client = Client::connected(Dialect::MQTT_5, &[]);
    let bytes = said(&[Packet::Publish(message(QoS::AtMostOnce, "a/b", b"hi"))], client.dialect);
    let mut input = bytes.as_slice();
    let event = client.connection.receive(client.now, &mut input, &mut client.out);
    let Ok(Some(Event::Message(publish))) = event else { panic!("{event:?}") };
    assert_eq!((publish.topic, publish.payload, input.len()), ("a/b", &b"hi"[..], 0));
}
