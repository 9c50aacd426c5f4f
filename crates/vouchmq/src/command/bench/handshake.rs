//! Getting connected with as little work as can be: no buffers stay, no timers run.

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};
use vouchmq_mqtt::codec::{self, DecodeLimits};
use vouchmq_mqtt::packet::{Connect, Subscribe, SubscriptionFiltersBuf, SubscriptionOptions};
use vouchmq_mqtt::{Dialect, Expression, Packet, PacketId, Properties, QoS, ReasonCode};

use crate::client::stream::Stream;
use crate::client::transport::Transport;

/// The broker under load, and how to get in.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) dialect: Dialect,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) transport: Transport,
}

/// A target whose name is resolved.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    target: Target,
    address: SocketAddr,
}

/// Who connects; an empty name or password is not given.
#[derive(Default)]
pub(super) struct Who<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) user: Cow<'a, str>,
    pub(super) password: Cow<'a, str>,
}

/// What became of a CONNECT.
#[derive(Debug)]
pub(super) enum Answer {
    Accepted(Accepted),
    Refused(ReasonCode),
}

/// An accepted connection.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: Stream,
    /// QoS 1 and 2 messages that the broker takes at once.
    pub(super) receive_maximum: u16,
}

/// Larger answers than this are no answers to us.
const ANSWER_MAX: usize = 4096;

impl Target {
    /// Resolves the name, once for all connections.
    pub(super) async fn resolve(self) -> io::Result<Resolved> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?.next();
        let address = found.ok_or(io::ErrorKind::NotFound)?;
        Ok(Resolved { target: self, address })
    }
}

impl Resolved {
    /// Connects as `client_id`, the connection with this number.
    pub(super) async fn connect(&self, client_id: &str, number: usize) -> io::Result<Answer> {
        let shown = number.to_string();
        let named = |template: &str| Cow::Owned(template.replace("%i", &shown));
        let Target { user, password, .. } = &self.target;
        let who = Who { id: client_id.into(), user: named(user), password: named(password) };
        self.connect_as(&who, number).await
    }

    /// Connects as this one, the connection with this number.
    pub(super) async fn connect_as(&self, who: &Who<'_>, number: usize) -> io::Result<Answer> {
        let mut stream = self.dial(number).await?;
        let Who { id, user, password } = who;
        let connect = Connect {
            version: self.target.dialect.version(),
            clean_start: true,
            keep_alive_secs: 600,
            client_id: id,
            properties: Properties::EMPTY,
            will: None,
            username: (!user.is_empty()).then_some(user),
            password: (!password.is_empty()).then_some(password.as_bytes()),
        };
        self.say(&mut stream, &Packet::Connect(connect)).await?;
        let bytes = answer(&mut stream).await?;
        let packet = self.decode(&bytes)?;
        let Packet::ConnAck(connack) = packet else { return Err(unexpected(&packet)) };
        if connack.reason != ReasonCode::SUCCESS {
            return Ok(Answer::Refused(connack.reason));
        }
        let receive_maximum = connack.properties.receive_maximum().unwrap_or(u16::MAX);
        Ok(Answer::Accepted(Accepted { stream, receive_maximum }))
    }

    /// Subscribes to one filter.
    pub(super) async fn subscribe(&self, stream: &mut Stream, filter: &str, qos: QoS) -> io::Result<()> {
        let mut filters = SubscriptionFiltersBuf::default();
        filters.push(filter, SubscriptionOptions::new(qos));
        let (packet_id, properties) = (PacketId::MIN, Properties::EMPTY);
        let subscribe = Subscribe { packet_id, properties, filters: filters.as_filters() };
        self.say(stream, &Packet::Subscribe(subscribe)).await?;
        let bytes = answer(stream).await?;
        let packet = self.decode(&bytes)?;
        let Packet::SubAck(suback) = packet else { return Err(unexpected(&packet)) };
        if suback.reasons.iter().any(ReasonCode::is_error) {
            return Err(io::Error::other(format!("the subscription was refused: {:?}", suback.reasons)));
        }
        Ok(())
    }

    /// How packets are said.
    pub(super) fn dialect(&self) -> Dialect {
        self.target.dialect
    }

    /// One address has 28,000 ports to connect from: on the loopback we have many addresses.
    async fn dial(&self, number: usize) -> io::Result<Stream> {
        let stream = if self.address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
            let part = |value: usize| u8::try_from(1 + value).unwrap_or(1);
            let from = Ipv4Addr::new(127, 0, part(number / 20_000 % 200), part(number / 200 % 100));
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((from, 0)))?;
            socket.connect(self.address).await?
        } else {
            TcpStream::connect(self.address).await?
        };
        stream.set_nodelay(true)?;
        let Target { host, port, transport, .. } = &self.target;
        transport.over(Stream::tcp(stream), host, &format!("{host}:{port}")).await
    }

    async fn say(&self, stream: &mut Stream, packet: &Packet<'_>) -> io::Result<()> {
        let mut out = Vec::with_capacity(128);
        match codec::encode(packet, self.target.dialect, &mut out) {
            Expression::Written => stream.write_all(&out).await,
            Expression::Close | Expression::Nothing | Expression::TooLarge => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a packet cannot be said; is a text too long?",
            )),
        }
    }

    fn decode<'a>(&self, bytes: &'a [u8]) -> io::Result<Packet<'a>> {
        let invalid = |error: codec::DecodeError| io::Error::new(io::ErrorKind::InvalidData, error);
        let header = codec::frame(bytes).map_err(invalid)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let body = bytes.get(header.header_len..).unwrap_or_default();
        codec::decode_from_server(header, body, self.target.dialect.version(), &DecodeLimits::default())
            .map_err(invalid)
    }
}

/// Reads one packet, and not a byte more.
async fn answer(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 2];
    stream.read_exact(&mut bytes).await?;
    loop {
        let header =
            codec::frame(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let missing = match header {
            None => 1,
            Some(header) => header.packet_len().saturating_sub(bytes.len()),
        };
        if missing == 0 {
            return Ok(bytes);
        }
        let start = bytes.len();
        if start + missing > ANSWER_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the broker's answer is too large"));
        }
        bytes.resize(start + missing, 0);
        stream.read_exact(bytes.get_mut(start..).unwrap_or_default()).await?;
    }
}

fn unexpected(packet: &Packet<'_>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the broker answered with {}", packet.packet_type()))
}
