//! The device of a demonstration: an MQTT 5.0 client.

use std::collections::VecDeque;
use std::time::Duration;

use vouchmq_mqtt::client::{ClientSession, Event};
use vouchmq_mqtt::packet::{Connect, Publish, SubscriptionFiltersBuf, SubscriptionOptions};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Dialect, Properties, QoS, ReasonCode};

use crate::client::address::{Address, Endpoint, Scheme};
use crate::client::link::Link;
use crate::exit::Failure;

/// A connected device.
pub(super) struct Device {
    link: Link,
    /// Messages that came while something else was waited for.
    messages: VecDeque<Vec<u8>>,
}

/// Longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(5);

impl Device {
    /// Connects as a device with a secret.
    pub(super) async fn connect(address: &str, id: &str, secret: &str) -> Result<Self, Failure> {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let port = port.parse().unwrap_or(Scheme::default().port());
        let address = Endpoint::plain(Address::Tcp(host.to_owned(), port));
        let connect = Connect {
            version: Dialect::MQTT_5.version(),
            clean_start: true,
            keep_alive_secs: 60,
            client_id: id,
            properties: Properties::EMPTY,
            will: None,
            username: Some(id),
            password: Some(secret.as_bytes()),
        };
        let link = Link::open(&address, &connect, &mut ClientSession::default(), false).await?;
        Ok(Self { link, messages: VecDeque::new() })
    }

    /// Subscribes at QoS 1; what the server answered.
    pub(super) async fn subscribe(&mut self, filter: &str) -> Result<ReasonCode, Failure> {
        let mut filters = SubscriptionFiltersBuf::default();
        filters.push(filter, SubscriptionOptions::new(QoS::AtLeastOnce));
        self.link.subscribe(filters.as_filters(), Properties::EMPTY).map_err(Failure::failed)?;
        self.find(|event| {
            let Event::Subscribed { reasons, .. } = event else { return None };
            reasons.iter().next()
        })
        .await
    }

    /// Publishes at QoS 1; what the server answered.
    pub(super) async fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<ReasonCode, Failure> {
        let (dup, retain, qos, packet_id) = (false, false, QoS::AtLeastOnce, None);
        let publish = Publish { dup, retain, qos, topic, packet_id, properties: Properties::EMPTY, payload };
        let _ = self.link.publish(&publish).map_err(Failure::failed)?;
        self.find(|event| {
            let Event::Acknowledged { reason, .. } = event else { return None };
            Some(*reason)
        })
        .await
    }

    /// Waits for a message, and tells what is in it.
    pub(super) async fn message(&mut self) -> Result<Vec<u8>, Failure> {
        if let Some(message) = self.messages.pop_front() {
            return Ok(message);
        }
        self.find(|event| {
            let Event::Message(publish) = event else { return None };
            Some(publish.payload.to_vec())
        })
        .await
    }

    /// Waits until the server ends the connection, and tells why it says that it does.
    pub(super) async fn end(mut self) -> Result<ReasonCode, Failure> {
        self.find(|event| {
            let Event::Disconnected { reason, .. } = event else { return None };
            Some(*reason)
        })
        .await
    }

    /// The first event that means something; messages are kept, others are passed over.
    async fn find<T>(&mut self, meaning: impl Fn(&Event<'_>) -> Option<T>) -> Result<T, Failure> {
        let deadline = self.link.now().after(PATIENCE);
        loop {
            while let Some(event) = self.link.event()? {
                if let Some(found) = meaning(&event) {
                    return Ok(found);
                }
                if let Event::Message(publish) = &event {
                    self.messages.push_back(publish.payload.to_vec());
                }
            }
            if self.link.now() >= deadline {
                return Err(Failure::failed("the broker did not answer within 5 s"));
            }
            self.link.wait(deadline.min(Timestamp::NEVER)).await?;
        }
    }
}
