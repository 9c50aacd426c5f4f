//! A connection to a server: the pure client, a stream, and the clock.

use std::io;
use std::time::Duration;

use vouchmq_broker::Monotonic;
use vouchmq_mqtt::client::{ClientConnection, ClientOptions, ClientSession, Event, SendError};
use vouchmq_mqtt::packet::{Connect, Publish, SubscriptionFilters, TopicFilters};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{PacketId, Properties, ReasonCode};

use super::address::Endpoint;
use super::refusal;
use super::stream::{Stream, unless_it_would_block};
use crate::exit::Failure;
use crate::output;

/// Bytes that one read asks for.
const READ_BYTES: usize = 64 * 1024;
/// How long the server may take to close after DISCONNECT.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take until the server has accepted the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An accepted connection.
#[derive(Debug)]
pub(crate) struct Link {
    stream: Stream,
    connection: ClientConnection,
    /// Began with the attempt to connect.
    clock: Monotonic,
    /// Received and not consumed from `consumed` on.
    input: Vec<u8>,
    consumed: usize,
    out: Vec<u8>,
    is_closed: bool,
    is_debug: bool,
}

/// What became of a message that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Sent {
    Now,
    /// The server takes no more of them until one is acknowledged: try again.
    Later,
}

impl Link {
    /// Connects, and waits for the server's answer. Goes on with `session`, which is left as it is on failure.
    pub(crate) async fn open(
        address: &Endpoint,
        connect: &Connect<'_>,
        session: &mut ClientSession,
        is_debug: bool,
    ) -> Result<Self, Failure> {
        let clock = Monotonic::start();
        let dialed = tokio::time::timeout(CONNECT_TIMEOUT, address.dial()).await;
        let stream = dialed.unwrap_or_else(|_| Err(no_answer(address)))?;
        let mut out = Vec::new();
        let (taken, options) = (std::mem::take(session), ClientOptions::default());
        let connection =
            ClientConnection::open(clock.now(), connect, taken, options, &mut out).map_err(|error| {
                Failure::unusable(format_args!("cannot say CONNECT: {error}; is a text too long?"))
            })?;
        let input = Vec::with_capacity(READ_BYTES);
        let mut link =
            Self { stream, connection, clock, input, consumed: 0, out, is_closed: false, is_debug };
        link.debug(|| format!("sending CONNECT as '{}' to {address}", connect.client_id));
        match link.handshake(address).await {
            Ok(()) => Ok(link),
            Err(failure) => {
                *session = link.into_session();
                Err(failure)
            }
        }
    }

    /// Sends CONNECT, and waits for CONNACK.
    async fn handshake(&mut self, address: &Endpoint) -> Result<(), Failure> {
        let deadline = Timestamp::ZERO.after(CONNECT_TIMEOUT);
        loop {
            match self.event()? {
                Some(Event::Connected { .. }) => return Ok(()),
                Some(Event::Refused { reason, properties }) => {
                    let why = refusal::explained(reason, properties);
                    let why = format!("{address} refused the connection: {why}");
                    return Err(refusal::failure(reason, why));
                }
                Some(Event::Auth { .. }) => {
                    return Err(Failure::failed(format_args!(
                        "{address} asks for a further step of authentication, which this command cannot do"
                    )));
                }
                Some(Event::Disconnected { reason, properties }) => {
                    return Err(refusal::ended(reason, properties));
                }
                // Nothing else comes before CONNACK.
                Some(_) | None => {}
            }
            if self.now() >= deadline {
                return Err(no_answer(address));
            }
            self.wait(deadline).await?;
        }
    }

    /// Drops the connection, and keeps what the next one needs.
    pub(crate) fn into_session(self) -> ClientSession {
        self.connection.into_session()
    }

    /// The time since the attempt to connect, and the scale of deadlines.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The next event in what was received.
    pub(crate) fn event(&mut self) -> Result<Option<Event<'_>>, Failure> {
        let Self { stream, connection, clock, input, consumed, out, is_debug, .. } = self;
        let mut rest = input.get(*consumed..).unwrap_or_default();
        let before = rest.len();
        let event = connection.receive(clock.now(), &mut rest, out).map_err(|fault| {
            // The last words, for the server's log.
            let _ = stream.try_write(out);
            Failure::failed(format_args!("the connection had to be ended: {fault}"))
        })?;
        *consumed += before - rest.len();
        if let (true, Some(event)) = (*is_debug, &event) {
            output::note(&described(event));
        }
        Ok(event)
    }

    /// Writes what is to be written, and waits until something was received, or `until`.
    pub(crate) async fn wait(&mut self, until: Timestamp) -> Result<(), Failure> {
        self.forget_consumed();
        loop {
            let now = self.clock.now();
            self.connection.handle_timeout(now, &mut self.out).map_err(Failure::lost)?;
            if now >= until {
                return Ok(());
            }
            self.write()?;
            let wake = self.connection.poll_timeout().unwrap_or(Timestamp::NEVER).min(until);
            let writes = !self.out.is_empty();
            tokio::select! {
                ready = self.stream.ready(writes) => {
                    if ready.map_err(|error| lost(&error))?.is_readable() && self.read()? {
                        return Ok(());
                    }
                }
                () = tokio::time::sleep_until(self.clock.instant(wake).into()) => {}
            }
        }
    }

    /// Sends a message.
    pub(crate) fn publish(&mut self, publish: &Publish<'_>) -> Result<Sent, SendError> {
        match self.connection.publish(self.clock.now(), publish, &mut self.out) {
            Ok(_) => {
                self.debug(|| {
                    let (qos, bytes) = (publish.qos.bits(), publish.payload.len());
                    format!("sending PUBLISH to '{}' (QoS {qos}, {bytes} bytes)", publish.topic)
                });
                Ok(Sent::Now)
            }
            Err(SendError::Full) => Ok(Sent::Later),
            Err(error) => Err(error),
        }
    }

    /// Sends SUBSCRIBE.
    pub(crate) fn subscribe(
        &mut self,
        filters: SubscriptionFilters<'_>,
        properties: Properties<'_>,
    ) -> Result<PacketId, SendError> {
        self.debug(|| format!("sending SUBSCRIBE {filters:?}"));
        self.connection.subscribe(self.clock.now(), filters, properties, &mut self.out)
    }

    /// Sends UNSUBSCRIBE.
    pub(crate) fn unsubscribe(
        &mut self,
        filters: TopicFilters<'_>,
        properties: Properties<'_>,
    ) -> Result<PacketId, SendError> {
        self.debug(|| format!("sending UNSUBSCRIBE {filters:?}"));
        self.connection.unsubscribe(self.clock.now(), filters, properties, &mut self.out)
    }

    /// Messages that are sent and not acknowledged.
    pub(crate) fn in_flight_count(&self) -> usize {
        self.connection.in_flight_count()
    }

    /// Bytes that wait to be written.
    pub(crate) fn backlog(&self) -> usize {
        self.out.len()
    }

    /// Sends DISCONNECT, and lets the server close: what was sent before has arrived then.
    pub(crate) async fn close(mut self, properties: Properties<'_>) -> Result<(), Failure> {
        self.debug(|| "sending DISCONNECT".to_owned());
        let now = self.clock.now();
        if self.connection.disconnect(now, ReasonCode::SUCCESS, properties, &mut self.out).is_err() {
            return Ok(());
        }
        let closed = async {
            while !self.is_closed {
                self.write()?;
                if self.out.is_empty() {
                    let _ = self.stream.finish().await;
                }
                let writes = !self.out.is_empty();
                if self.stream.ready(writes).await.is_err() {
                    break;
                }
                self.input.clear();
                if self.read().is_err() {
                    break;
                }
            }
            Ok(())
        };
        tokio::time::timeout(CLOSE_TIMEOUT, closed).await.unwrap_or(Ok(()))
    }

    fn debug(&self, text: impl FnOnce() -> String) {
        if self.is_debug {
            output::note(&text());
        }
    }

    fn forget_consumed(&mut self) {
        self.input.drain(..self.consumed);
        self.consumed = 0;
    }

    fn write(&mut self) -> Result<(), Failure> {
        while !self.out.is_empty() {
            match self.stream.try_write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(lost(&error)),
            }
        }
        self.stream.try_flush().or_else(unless_it_would_block).map_err(|error| lost(&error))
    }

    /// Whether something was received.
    fn read(&mut self) -> Result<bool, Failure> {
        let start = self.input.len();
        self.input.resize(start + READ_BYTES, 0);
        let read = self.stream.try_read(self.input.get_mut(start..).unwrap_or_default());
        self.input.truncate(start + read.as_ref().map_or(0, |count| *count));
        match read {
            Ok(0) => {
                self.is_closed = true;
                Err(Failure::lost(if self.connection.is_established() {
                    "the server closed the connection"
                } else {
                    "the server closed the connection without an answer to CONNECT; try another version with -V"
                }))
            }
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(lost(&error)),
        }
    }
}

fn lost(error: &io::Error) -> Failure {
    Failure::lost(format_args!("the connection is lost: {error}"))
}

fn no_answer(address: &Endpoint) -> Failure {
    let secs = CONNECT_TIMEOUT.as_secs();
    Failure::lost(format_args!(
        "cannot connect to {address}: no answer within {secs} s; is it an MQTT server?"
    ))
}

fn described(event: &Event<'_>) -> String {
    let id = |id: &PacketId| id.value();
    match event {
        Event::Connected { session_present, properties } => {
            format!("received CONNACK: accepted, session present: {session_present}, {properties:?}")
        }
        Event::Refused { reason, properties } => format!("received CONNACK: {reason}, {properties:?}"),
        Event::Message(publish) => {
            let (qos, bytes) = (publish.qos.bits(), publish.payload.len());
            format!("received PUBLISH to '{}' (QoS {qos}, {bytes} bytes)", publish.topic)
        }
        Event::Received { packet_id, reason, .. } => format!("received PUBREC {}: {reason}", id(packet_id)),
        Event::Acknowledged { packet_id, reason, .. } => {
            format!("received the acknowledgement of {}: {reason}", id(packet_id))
        }
        Event::Released(packet_id) => format!("received PUBREL {}", id(packet_id)),
        Event::Subscribed { packet_id, reasons, .. } => {
            format!("received SUBACK {}: {reasons:?}", id(packet_id))
        }
        Event::Unsubscribed { packet_id, reasons, .. } => {
            format!("received UNSUBACK {}: {reasons:?}", id(packet_id))
        }
        Event::Pong => "received PINGRESP".to_owned(),
        Event::Auth { reason, .. } => format!("received AUTH: {reason}"),
        Event::Disconnected { reason, properties } => {
            format!("received DISCONNECT: {reason}, {properties:?}")
        }
    }
}
