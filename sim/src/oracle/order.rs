use std::collections::BTreeMap;
use std::rc::Rc;

use vouchmq_mqtt::QoS;
use vouchmq_mqtt::time::Timestamp;

use super::Oracle;
use super::message::{Copy, MessageNo, Origin};
use super::session::EpochNo;
use crate::client::ClientNo;
use crate::coverage::Behaviour;
use crate::network::LinkId;

/// Messages that one publisher sent on one connection to one topic at one QoS: every subscriber gets them in
/// this order (MQTT 5.0 §4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamNo(usize);

/// Where in its stream a message stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    stream: StreamNo,
    position: usize,
}

/// All streams, and how far each subscriber is.
#[derive(Debug, Default)]
pub(super) struct Streams {
    numbers: BTreeMap<(LinkId, Rc<str>, QoS), StreamNo>,
    streams: Vec<Vec<MessageNo>>,
    /// The next position, by the QoS of delivery.
    progress: BTreeMap<(ClientNo, StreamNo, QoS), usize>,
}

impl Streams {
    pub(super) fn join(&mut self, link: LinkId, topic: &Rc<str>, qos: QoS, message: MessageNo) -> Place {
        let next = StreamNo(self.streams.len());
        let stream = *self.numbers.entry((link, topic.clone(), qos)).or_insert(next);
        if stream == next {
            self.streams.push(Vec::new());
        }
        let messages = &mut self.streams[stream.0];
        messages.push(message);
        Place { stream, position: messages.len() - 1 }
    }
}

impl Oracle {
    /// A message reaches a subscriber for the first time: nothing of its stream may have overtaken it, and
    /// nothing in front of it may be missing.
    pub(super) fn judge_order(
        &mut self,
        message: MessageNo,
        client: ClientNo,
        epoch: EpochNo,
        qos: QoS,
        now: Timestamp,
    ) {
        let Some(Place { stream, position }) = self.message(message).place else { return };
        if self.message(message).sends > 1 {
            // What was sent before may have been refused, or dropped: it expired, or came too early.
            return;
        }
        let key = (client, stream, qos);
        let next = self.streams.progress.get(&key).copied().unwrap_or(0);
        if position < next {
            let what = format!("{message} reaches {client} at {qos:?} after a later one of its stream");
            return self.fail(now, what);
        }
        self.hit(Behaviour::Ordered);
        self.streams.progress.insert(key, position + 1);
        for skipped in next..position {
            let Some(skipped) = self.streams.streams[stream.0].get(skipped).copied() else { continue };
            self.judge_gap(skipped, message, client, epoch, qos, now);
        }
    }

    /// A later message of the stream has arrived: this one should have.
    fn judge_gap(
        &mut self,
        skipped: MessageNo,
        arrived: MessageNo,
        client: ClientNo,
        epoch: EpochNo,
        qos: QoS,
        now: Timestamp,
    ) {
        let record = self.message(skipped);
        let Some(read) = record.routed_from().filter(|_| !record.is_clear()) else { return };
        if record.copies.iter().any(|copy| copy.client == client && copy.group.is_none()) {
            return;
        }
        let Some(settled) = self.settled(skipped, epoch, read, now) else { return };
        if settled.qos != Some(qos) {
            return;
        }
        if qos == QoS::AtMostOnce && !self.was_reachable(epoch, read, now) {
            return;
        }
        self.hit(Behaviour::GapJudged);
        if let Origin::Client { link, .. } = self.message(skipped).facts.origin
            && self.is_undecided(link)
            && !self.message(skipped).is_accepted()
        {
            return self.hit(Behaviour::RightsUnknown);
        }
        if let Some(excuse) = self.excuse(skipped, client, qos, read, now) {
            return self.hit(excuse);
        }
        let what = format!("{client} gets {arrived} at {qos:?} and never got {skipped} in front of it");
        self.fail(now, what);
    }

    /// A message comes with RETAIN: what its publisher retained later in its place must not have come live
    /// before it, or the client is left with the older one.
    pub(super) fn judge_age(
        &mut self,
        message: MessageNo,
        client: ClientNo,
        epoch: EpochNo,
        qos: QoS,
        now: Timestamp,
    ) {
        let Some(Place { stream, position }) = self.message(message).place else { return };
        if self.message(message).sends > 1 {
            // Sent again, it may have been stored again.
            return;
        }
        let came_live = |later: &&MessageNo| {
            let record = self.message(**later);
            let is_live = |copy: &Copy| {
                (copy.client, copy.epoch, copy.qos) == (client, epoch, qos)
                    && copy.group.is_none()
                    && !copy.retain
            };
            record.facts.retain && record.copies.iter().any(is_live)
        };
        let later = self.streams.streams[stream.0].get(position + 1..).unwrap_or_default();
        if let Some(later) = later.iter().find(came_live).copied() {
            let what =
                format!("{client} gets {message} as retained, and had {later}, which is newer, before");
            self.fail(now, what);
        }
    }

    /// QoS 0 is for clients that have a connection and keep it.
    fn was_reachable(&self, epoch: EpochNo, from: Timestamp, now: Timestamp) -> bool {
        let state = self.epoch(epoch);
        let is_shed = self.shards.iter().any(|shard| shard.shed_at.is_some_and(|at| from <= at));
        state.was_online(from, now) && !is_shed
    }
}
