//! One publisher: fills its window, message by message or in batches, and reads its acknowledgements.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use vouchmq_mqtt::codec::{self, PacketType};
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Dialect, Expression, Packet, PacketId, Properties, QoS};

use super::flow::{Flow, Window};
use crate::client::stream::Stream;

/// What a publisher publishes, and how.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) topic: String,
    pub(super) qos: QoS,
    /// At least [`STAMP`](super::subscriber::STAMP).
    pub(super) payload_bytes: usize,
    /// Messages of one write.
    pub(super) batch: u64,
    /// Time between two batches; `None`: as fast as the window allows.
    pub(super) interval: Option<Duration>,
    pub(super) receive_maximum: u16,
}

/// A publisher's connection.
pub(super) struct Publisher {
    index: usize,
    stream: Stream,
    plan: Plan,
    flow: Rc<Flow>,
    template: Template,
    packet_id: PacketId,
    /// QoS 1 and 2 messages that the broker has not finished.
    open: u64,
    /// The start of an acknowledgement whose end has not been read.
    partial: Vec<u8>,
    out: Vec<u8>,
}

/// A message with places for what differs.
#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    packet_id_at: Option<usize>,
    stamp_at: usize,
}

impl Publisher {
    pub(super) fn new(
        index: usize,
        stream: Stream,
        dialect: Dialect,
        plan: Plan,
        flow: Rc<Flow>,
    ) -> io::Result<Self> {
        let template = Template::new(&plan, dialect)?;
        let (packet_id, partial, out) = (PacketId::MIN, Vec::new(), Vec::new());
        Ok(Self { index, stream, plan, flow, template, packet_id, open: 0, partial, out })
    }

    /// Publishes until the run is over.
    pub(super) async fn run(mut self) {
        if self.publish().await.is_err() {
            self.flow.lose();
        }
    }

    async fn publish(&mut self) -> io::Result<()> {
        let flow = self.flow.clone();
        let window = flow.publishers.get(self.index).ok_or(io::ErrorKind::InvalidInput)?;
        // Publishers do not all begin in the same moment.
        let offset = u64::try_from(self.index).unwrap_or(0) * 7919 % 1_000_000;
        let mut due = flow.clock.now().after(Duration::from_nanos(offset));
        let mut awake_at = Timestamp::ZERO;
        while !flow.is_over.get() {
            self.write().await?;
            if self.plan.interval.is_some() && flow.clock.now() < due {
                self.wait_until(due).await?;
                awake_at = flow.clock.now();
                continue;
            }
            let room = self.room(window);
            if room == 0 {
                self.wait_for_room(window).await?;
                continue;
            }
            // In a paced run a message counts from when it was due, however long the broker kept us from sending
            // it; a timer of ours that fires a millisecond late is not the broker's.
            let stamp = if self.plan.interval.is_some() { due.max(awake_at).micros() } else { flow.now() };
            self.append(room.min(self.plan.batch), stamp);
            window.sent.set(window.sent.get() + room.min(self.plan.batch));
            if let Some(interval) = self.plan.interval {
                due = due.after(interval);
            }
        }
        Ok(())
    }

    /// Messages that subscribers and broker are ready for.
    fn room(&self, window: &Window) -> u64 {
        let room = self.flow.room(window);
        if self.plan.qos == QoS::AtMostOnce {
            return room;
        }
        room.min(u64::from(self.plan.receive_maximum).saturating_sub(self.open))
    }

    fn append(&mut self, count: u64, stamp: u64) {
        let publisher = u32::try_from(self.index).unwrap_or(0);
        for _ in 0..count {
            self.template.append(publisher, stamp, self.packet_id, &mut self.out);
            if self.plan.qos != QoS::AtMostOnce {
                self.packet_id = self.packet_id.next();
                self.open += 1;
            }
        }
    }

    /// Writes everything.
    async fn write(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    async fn wait_until(&mut self, due: Timestamp) -> io::Result<()> {
        tokio::select! {
            () = tokio::time::sleep_until(self.flow.clock.instant(due).into()) => Ok(()),
            readable = self.stream.readable() => {
                readable?;
                self.read()
            }
        }
    }

    /// Waits until subscribers have seen more, or the broker has acknowledged something.
    async fn wait_for_room(&mut self, window: &Window) -> io::Result<()> {
        let is_readable = poll_fn(|cx| {
            if let Poll::Ready(ready) = self.stream.poll_read_ready(cx) {
                return Poll::Ready(ready.map(|()| true));
            }
            // While the broker takes no more, only it can change that.
            if self.room(window) == 0 && self.flow.room(window) > 0 {
                return Poll::Pending;
            }
            window.poll_room(&self.flow, cx.waker()).map(|()| Ok(false))
        })
        .await?;
        if is_readable { self.read() } else { Ok(()) }
    }

    /// Reads acknowledgements.
    fn read(&mut self) -> io::Result<()> {
        let flow = self.flow.clone();
        let mut scratch = flow.scratch.borrow_mut();
        let count = match self.stream.try_read(&mut scratch) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        self.partial.extend_from_slice(scratch.get(..count).unwrap_or_default());
        drop(scratch);
        let received = std::mem::take(&mut self.partial);
        let mut rest = received.as_slice();
        while let Some(header) = codec::frame(rest).map_err(io::Error::other)? {
            let Some((packet, after)) = rest.split_at_checked(header.packet_len()) else { break };
            rest = after;
            self.acknowledged(header.packet_type, packet.get(header.header_len..).unwrap_or_default());
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    fn acknowledged(&mut self, packet: PacketType, body: &[u8]) {
        let is_refused = body.get(2).is_some_and(|reason| *reason >= 0x80);
        match (packet, body) {
            (PacketType::PubRec, [high, low, ..]) if !is_refused => {
                self.out.extend_from_slice(&[PacketType::PubRel.number() << 4 | 0b10, 2, *high, *low]);
            }
            (PacketType::PubAck | PacketType::PubRec | PacketType::PubComp, _) => {
                self.open = self.open.saturating_sub(1);
                self.flow.refused.set(self.flow.refused.get() + u64::from(is_refused));
            }
            _ => {}
        }
    }
}

// === impl Template ===

impl Template {
    fn new(plan: &Plan, dialect: Dialect) -> io::Result<Self> {
        let payload = vec![b'x'; plan.payload_bytes];
        let has_id = plan.qos != QoS::AtMostOnce;
        let publish = Publish {
            dup: false,
            retain: false,
            qos: plan.qos,
            topic: &plan.topic,
            packet_id: has_id.then_some(PacketId::MIN),
            properties: Properties::EMPTY,
            payload: &payload,
        };
        let mut bytes = Vec::new();
        if codec::encode(&Packet::Publish(publish), dialect, &mut bytes) != Expression::Written {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a message of this size cannot be sent"));
        }
        let stamp_at = bytes.len() - payload.len();
        let properties_len = usize::from(dialect.has_properties());
        Ok(Self { bytes, packet_id_at: has_id.then(|| stamp_at - properties_len - 2), stamp_at })
    }

    fn append(&self, publisher: u32, stamp: u64, packet_id: PacketId, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let put = |out: &mut Vec<u8>, at: usize, bytes: &[u8]| {
            if let Some(place) = out.get_mut(start + at..start + at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        };
        put(out, self.stamp_at, &publisher.to_be_bytes());
        put(out, self.stamp_at + 4, &stamp.to_be_bytes());
        if let Some(at) = self.packet_id_at {
            put(out, at, &packet_id.value().to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use vouchmq_mqtt::codec::DecodeLimits;

    use super::*;

    #[test]
    fn what_differs_is_put_in_its_place() {
        for dialect in [Dialect::MQTT_3_1, Dialect::MQTT_3_1_1, Dialect::MQTT_5] {
            for qos in [QoS::AtMostOnce, QoS::ExactlyOnce] {
                let plan = Plan {
                    topic: "t/1".to_owned(),
                    qos,
                    payload_bytes: 20,
                    batch: 1,
                    interval: None,
                    receive_maximum: 1,
                };
                let mut out = Vec::new();
                let id = PacketId::new(0x1234).unwrap();
                Template::new(&plan, dialect).unwrap().append(7, 9, id, &mut out);
                let header = codec::frame(&out).unwrap().unwrap();
                let body = &out[header.header_len..];
                let packet = codec::decode(header, body, dialect.version(), &DecodeLimits::default());
                let Ok(Packet::Publish(publish)) = packet else { panic!("{packet:?}") };
                assert_eq!(publish.packet_id, (qos != QoS::AtMostOnce).then_some(id));
                assert_eq!(publish.payload, b"\0\0\0\x07\0\0\0\0\0\0\0\x09xxxxxxxx");
            }
        }
    }
}
