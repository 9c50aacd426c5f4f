//! The client's side of a connection, for tools, bridges and tests: bytes in, events out, and no I/O.
//!
//! A [`ClientConnection`] lives as long as one Network Connection; what has to outlive it is a
//! [`ClientSession`], which goes in with [`ClientConnection::open`] and comes out with
//! [`ClientConnection::into_session`]. The driver
//!
//! 1. reads bytes into a buffer of its own and calls [`ClientConnection::receive`] until it yields no event,
//!    keeping the bytes that are left for the next time;
//! 2. writes what the calls appended to `out`;
//! 3. calls [`ClientConnection::handle_timeout`] when [`ClientConnection::poll_timeout`] is reached.
//!
//! Nothing waits inside: a message that the server may not be sent yet is refused with
//! [`SendError::Full`], and the caller keeps it until an acknowledgement has come.
//!
//! # Examples
//! ```
//! use vouchmq_mqtt::client::{ClientConnection, ClientOptions, ClientSession, Event};
//! use vouchmq_mqtt::packet::{Connect, Publish};
//! use vouchmq_mqtt::{Dialect, Properties, QoS, time::Timestamp};
//!
//! let connect = Connect {
//!     version: Dialect::MQTT_5.version(),
//!     clean_start: true,
//!     keep_alive_secs: 60,
//!     client_id: "meter-1",
//!     properties: Properties::EMPTY,
//!     will: None,
//!     username: None,
//!     password: None,
//! };
//! let mut out = Vec::new();
//! let session = ClientSession::default();
//! let mut connection =
//!     ClientConnection::open(Timestamp::ZERO, &connect, session, ClientOptions::default(), &mut out)?;
//! // … `out` is written, and the server's answer is read:
//! let mut input: &[u8] = b"\x20\x03\x00\x00\x00";
//! let event = connection.receive(Timestamp::ZERO, &mut input, &mut out)?;
//! assert!(matches!(event, Some(Event::Connected { session_present: false, .. })));
//! let publish = Publish {
//!     dup: false,
//!     retain: false,
//!     qos: QoS::AtLeastOnce,
//!     topic: "meter-1/power",
//!     packet_id: None,
//!     properties: Properties::EMPTY,
//!     payload: b"230",
//! };
//! let id = connection.publish(Timestamp::ZERO, &publish, &mut out)?;
//! assert_eq!(id.map(|id| id.value()), Some(1));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod event;
mod fault;
mod receive;
mod send;
mod session;
mod timer;

use std::time::Duration;

use crate::codec::{self, DecodeLimits};
use crate::connection::InboundAliases;
use crate::packet::{Connect, Publish};
use crate::time::Timestamp;
use crate::{Dialect, Expression, Packet, QoS, ReasonCode};

pub use event::Event;
pub use fault::{SendError, ServerFault};
pub use session::{ClientSession, Unfinished};

/// The client's end of one Network Connection.
#[derive(Debug)]
pub struct ClientConnection {
    dialect: Dialect,
    options: ClientOptions,
    state: State,
    session: ClientSession,
    /// What we announced in CONNECT.
    announced: Announced,
    /// What the server announced in CONNACK.
    server: Server,
    /// QoS 1 and 2 PUBLISH that the server still takes (MQTT 5.0 §4.9).
    send_quota: u16,
    /// Where sending again, after a resumed session, goes on; `None` when everything was.
    resend_from: Option<u64>,
    keep_alive_secs: u16,
    last_sent: Timestamp,
    /// When the CONNECT or PINGREQ was sent that is not answered yet.
    awaiting_since: Option<Timestamp>,
    /// Topics behind the server's aliases.
    inbound_aliases: InboundAliases,
    /// Topics behind our aliases: what is kept to be sent again has none.
    outbound_aliases: InboundAliases,
}

/// How a client behaves, beyond what its CONNECT says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    /// How long the server may take for CONNACK and PINGRESP.
    pub answer_timeout: Duration,
    /// Who acknowledges QoS 1 and 2 messages.
    pub acknowledge: Acknowledge,
    /// User Properties in one packet of the server.
    pub user_properties_max: usize,
}

/// Who acknowledges the messages that are received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledge {
    /// The connection, as soon as [`ClientConnection::receive`] yields the message.
    #[default]
    AtOnce,
    /// The caller, by [`ClientConnection::acknowledge`]: for who has to store or forward it first.
    ByCaller,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// CONNECT is sent: CONNACK is due, or AUTH.
    ExpectConnAck,
    /// CONNACK has come.
    Established,
    /// Either side has ended it.
    Closed,
}

/// Bounds and wishes of our own CONNECT.
#[derive(Clone, Copy, Debug)]
struct Announced {
    clean_start: bool,
    receive_maximum: u16,
    packet_bytes_max: usize,
    topic_alias_maximum: u16,
    has_method: bool,
}

/// What the server said that it takes.
#[derive(Clone, Copy, Debug)]
struct Server {
    receive_maximum: u16,
    packet_bytes_max: usize,
    topic_alias_maximum: u16,
    qos_max: QoS,
    takes_retained: bool,
}

// === impl ClientConnection ===

impl ClientConnection {
    /// Begins a connection: appends CONNECT to `out`.
    ///
    /// `session` is what [`into_session`](Self::into_session) gave for the connection before, or a new one;
    /// it is emptied by Clean Start.
    ///
    /// # Errors
    /// [`SendError::TooLarge`] for a field above 65,535 bytes, [`SendError::NotInThisVersion`] for a password
    /// without user name in MQTT 3.x.
    pub fn open(
        now: Timestamp,
        connect: &Connect<'_>,
        session: ClientSession,
        options: ClientOptions,
        out: &mut Vec<u8>,
    ) -> Result<Self, SendError> {
        let properties = &connect.properties;
        let packet_bytes_max = properties.maximum_packet_size().map(usize::try_from);
        let mut connection = Self {
            dialect: connect.dialect(),
            options,
            state: State::ExpectConnAck,
            session: if connect.clean_start { ClientSession::default() } else { session },
            announced: Announced {
                clean_start: connect.clean_start,
                receive_maximum: properties.receive_maximum().unwrap_or(u16::MAX),
                packet_bytes_max: packet_bytes_max.and_then(Result::ok).unwrap_or(usize::MAX),
                topic_alias_maximum: properties.topic_alias_maximum().unwrap_or(0),
                has_method: properties.authentication_method().is_some(),
            },
            server: Server::default(),
            send_quota: 0,
            resend_from: None,
            keep_alive_secs: connect.keep_alive_secs,
            last_sent: now,
            awaiting_since: Some(now),
            inbound_aliases: InboundAliases::default(),
            outbound_aliases: InboundAliases::default(),
        };
        connection.write(now, &Packet::Connect(connect.clone()), out)?;
        Ok(connection)
    }

    /// Whether CONNACK has come and neither side has said DISCONNECT.
    pub fn is_established(&self) -> bool {
        self.state == State::Established
    }

    /// Whether [`publish`](Self::publish) would take a QoS 1 or 2 message now.
    pub fn has_room(&self) -> bool {
        self.is_established() && self.resend_from.is_none() && self.send_quota > 0
    }

    /// QoS 1 and 2 messages that are sent and not finished.
    pub fn in_flight_count(&self) -> usize {
        self.session.in_flight_count()
    }

    /// Ends the connection and keeps what the next one needs.
    pub fn into_session(mut self) -> ClientSession {
        self.session.disconnected();
        self.session
    }

    fn limits(&self) -> DecodeLimits {
        DecodeLimits { user_properties_max: self.options.user_properties_max }
    }

    /// Appends a packet, within the server's Maximum Packet Size (`MQTT5-3.2.2-15`).
    fn write(&mut self, now: Timestamp, packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), SendError> {
        let start = out.len();
        match codec::encode(packet, self.dialect, out) {
            Expression::Written => {}
            Expression::Nothing => return Ok(()),
            Expression::Close => return Err(SendError::NotInThisVersion),
            Expression::TooLarge => return Err(SendError::TooLarge),
        }
        if out.len() - start > self.server.packet_bytes_max {
            out.truncate(start);
            return Err(SendError::TooLarge);
        }
        self.last_sent = now;
        Ok(())
    }

    /// Sends what an earlier connection left unfinished, in order, as far as the server takes it
    /// (`MQTT5-4.4.0-1`, `MQTT3-4.4.0-1`).
    fn resend(&mut self, now: Timestamp, out: &mut Vec<u8>) {
        while let Some(from) = self.resend_from {
            let Some((number, packet_id, message)) = self.session.unfinished_from(from) else {
                self.resend_from = None;
                return;
            };
            let Some(message) = message else {
                // PUBREL is under no quota, and no server is too small for it.
                let _ = codec::encode(&send::release(packet_id, ReasonCode::SUCCESS), self.dialect, out);
                self.last_sent = now;
                self.resend_from = Some(number + 1);
                continue;
            };
            if self.send_quota == 0 {
                return;
            }
            let start = out.len();
            let publish = Publish { dup: true, packet_id: Some(packet_id), ..message.as_publish() };
            let expression = codec::encode(&Packet::Publish(publish), self.dialect, out);
            if expression == Expression::Written && out.len() - start <= self.server.packet_bytes_max {
                self.send_quota -= 1;
                self.last_sent = now;
            } else {
                out.truncate(start);
                self.session.lose(packet_id);
            }
            self.resend_from = Some(number + 1);
        }
    }
}

impl Default for ClientOptions {
    /// 30 seconds, [`Acknowledge::AtOnce`], 64 User Properties.
    fn default() -> Self {
        let user_properties_max = DecodeLimits::default().user_properties_max;
        Self {
            answer_timeout: Duration::from_secs(30),
            acknowledge: Acknowledge::AtOnce,
            user_properties_max,
        }
    }
}

impl Default for Server {
    /// A server that announces nothing.
    fn default() -> Self {
        Self {
            receive_maximum: u16::MAX,
            packet_bytes_max: usize::MAX,
            topic_alias_maximum: 0,
            qos_max: QoS::ExactlyOnce,
            takes_retained: true,
        }
    }
}
