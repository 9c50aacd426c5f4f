//! Our own client machine against the engine, over connections that break anywhere.

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use vouchmq_mqtt::client::{ClientConnection, ClientOptions, ClientSession, Event, SendError};
use vouchmq_mqtt::packet::{Connect, Publish, SubscriptionFiltersBuf, SubscriptionOptions};
use vouchmq_mqtt::{Dialect, PropertiesBuf, Property, QoS};

use super::harness::*;

/// A client, and the connection that it has at the moment.
struct Side {
    world: World,
    dialect: Dialect,
    id: &'static str,
    session: ClientSession,
    live: Option<(ClientConnection, Client)>,
    /// Written by our machine, and not sent yet.
    out: Vec<u8>,
    /// Sent by the engine, and not read yet.
    input: Vec<u8>,
    received: Vec<(QoS, u32)>,
    is_subscribed: bool,
}

impl Side {
    fn new(world: &World, dialect: Dialect, id: &'static str) -> Self {
        let session = ClientSession::default();
        let (out, input, received) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            world: world.clone(),
            dialect,
            id,
            session,
            live: None,
            out,
            input,
            received,
            is_subscribed: false,
        }
    }

    fn connect(&mut self) {
        if self.live.is_some() {
            return;
        }
        let mut properties = PropertiesBuf::new();
        if self.dialect.has_properties() {
            properties.extend([Property::SessionExpiryInterval(u32::MAX), Property::ReceiveMaximum(3)]);
        }
        let connect = Connect {
            clean_start: false,
            properties: properties.as_properties(),
            ..connect(self.dialect.version(), self.id)
        };
        let session = std::mem::take(&mut self.session);
        let now = self.world.state().now;
        let options = ClientOptions::default();
        let connection = ClientConnection::open(now, &connect, session, options, &mut self.out)
            .expect("a CONNECT that can be said");
        self.live = Some((connection, self.world.open(self.dialect.version())));
    }

    /// The connection breaks; what was on the way is gone.
    fn break_off(&mut self) {
        let Some((connection, wire)) = self.live.take() else { return };
        if wire.is_open() {
            wire.vanish();
        }
        self.out.clear();
        self.input.clear();
        self.session = connection.into_session();
        assert!(self.session.take_lost().is_empty(), "the engine keeps its sessions");
    }

    fn publish(&mut self, qos: QoS, number: u32) -> bool {
        let Some((connection, _)) = &mut self.live else { return false };
        let publish = Publish {
            dup: false,
            retain: false,
            qos,
            topic: "numbers",
            packet_id: None,
            properties: vouchmq_mqtt::Properties::EMPTY,
            payload: &number.to_be_bytes(),
        };
        match connection.publish(self.world.state().now, &publish, &mut self.out) {
            Ok(_) => true,
            Err(SendError::Full | SendError::NotConnected) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends and reads up to so many bytes; `true` when something moved.
    fn exchange(&mut self, most: usize) -> bool {
        let Some((connection, wire)) = &mut self.live else { return false };
        let sent: Vec<u8> = self.out.drain(..most.min(self.out.len())).collect();
        if !sent.is_empty() && wire.is_open() {
            wire.send_bytes(&sent);
        }
        self.input.extend(wire.take_bytes());
        let read = most.min(self.input.len());
        let mut rest = self.input.get(..read).unwrap_or_default();
        let now = self.world.state().now;
        let mut subscribe = false;
        while let Some(event) =
            connection.receive(now, &mut rest, &mut self.out).expect("an engine is no liar")
        {
            match event {
                Event::Connected { .. } => subscribe = self.id == "subscriber" && !self.is_subscribed,
                Event::Message(publish) => {
                    let number = publish.payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
                    self.received.push((publish.qos, number.expect("four bytes")));
                }
                Event::Refused { reason, .. } | Event::Disconnected { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
        if subscribe {
            self.is_subscribed = true;
            let mut filters = SubscriptionFiltersBuf::default();
            filters.push("numbers", SubscriptionOptions::new(QoS::ExactlyOnce));
            let properties = vouchmq_mqtt::Properties::EMPTY;
            connection.subscribe(now, filters.as_filters(), properties, &mut self.out).expect("a filter");
        }
        let consumed = read - rest.len();
        self.input.drain(..consumed);
        !sent.is_empty() || consumed > 0
    }
}

fn settle(sides: &mut [Side]) {
    sides.iter_mut().for_each(Side::connect);
    while sides.iter_mut().map(|side| side.exchange(usize::MAX)).fold(false, |any, moved| any | moved) {}
}

/// MQTT5-4.3.2-4 MQTT5-4.3.3-10 MQTT3-4.3.2-2 MQTT3-4.3.3-2
#[test]
fn nothing_is_lost_and_nothing_comes_twice_however_connections_break() {
    arbtest(|u| {
        let dialect = *u.choose(&[Dialect::MQTT_3_1, Dialect::MQTT_3_1_1, Dialect::MQTT_5])?;
        let world = World::with(|setup| setup.shards = 2);
        let mut sides = [Side::new(&world, dialect, "publisher"), Side::new(&world, dialect, "subscriber")];
        settle(&mut sides);
        let published = disturb(u, &mut sides)?;
        settle(&mut sides);
        let [_, subscriber] = &sides;
        let of = |wanted: QoS| {
            let numbers = subscriber.received.iter().filter(move |(qos, _)| *qos == wanted);
            numbers.map(|(_, number)| *number).collect::<Vec<u32>>()
        };
        let sent = |wanted: QoS| -> Vec<u32> {
            published.iter().filter(|(qos, _)| *qos == wanted).map(|(_, number)| *number).collect()
        };
        assert_eq!(of(QoS::ExactlyOnce), sent(QoS::ExactlyOnce), "{dialect:?}: exactly once, in order");
        let mut first = Vec::new();
        of(QoS::AtLeastOnce).into_iter().for_each(|number| {
            if !first.contains(&number) {
                first.push(number);
            }
        });
        assert_eq!(first, sent(QoS::AtLeastOnce), "{dialect:?}: at least once, in order");
        Ok(())
    })
    .budget_ms(3_000);
}

/// Publishes, moves bytes in portions and breaks connections; returns what was published.
fn disturb(u: &mut Unstructured<'_>, sides: &mut [Side; 2]) -> Result<Vec<(QoS, u32)>> {
    let mut published = Vec::new();
    for number in 0..u.int_in_range(1..=60)? {
        let side = usize::from(u.arbitrary::<bool>()?);
        match u.int_in_range(0..=5)? {
            0 | 1 => {
                let qos = *u.choose(&[QoS::AtLeastOnce, QoS::ExactlyOnce])?;
                if sides[0].publish(qos, number) {
                    published.push((qos, number));
                }
            }
            2 => sides[side].break_off(),
            3 => sides[side].connect(),
            _ => {
                sides[side].exchange(u.int_in_range(1..=40)?);
            }
        }
    }
    Ok(published)
}
