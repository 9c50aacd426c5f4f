use std::time::Duration;

use vouchmq_mqtt::packet::Ack;
use vouchmq_mqtt::{Packet, PacketId, ReasonCode};

use super::{Client, Errand};
use crate::network::LinkId;
use crate::world::Env;

/// An answer that the client owes the broker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledgement {
    pub(super) id: PacketId,
    pub(super) kind: Kind,
    pub(super) reason: ReasonCode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// PUBACK.
    Acknowledged,
    /// PUBREC.
    Received,
    /// PUBCOMP.
    Completed,
}

impl Client {
    /// Owes an answer, which is sent after a while, in order.
    pub(super) fn owe(&mut self, acknowledgement: Acknowledgement, env: &mut Env) {
        let client = self.number;
        let pause =
            if env.is_resting { Duration::ZERO } else { env.rng.duration(&self.profile.acknowledges) };
        let Some(connection) = self.online() else { return };
        connection.acknowledgements.push_back(acknowledgement);
        if connection.acknowledgements.len() == 1 {
            let link = connection.link;
            env.plan_client(client, pause, Errand::Acknowledge(link));
        }
    }

    /// Sends some of the answers that are owed.
    pub(super) fn acknowledge_due(&mut self, link: LinkId, env: &mut Env) {
        let Some(connection) = self.online().filter(|connection| connection.link == link) else { return };
        let owed = connection.acknowledgements.len();
        if owed == 0 {
            return;
        }
        for _ in 0..env.rng.length(1..=owed) {
            self.acknowledge_next(env);
        }
        let client = self.number;
        let pause =
            if env.is_resting { Duration::ZERO } else { env.rng.duration(&self.profile.acknowledges) };
        if self.online().is_some_and(|connection| !connection.acknowledgements.is_empty()) {
            env.plan_client(client, pause, Errand::Acknowledge(link));
        }
    }

    fn acknowledge_next(&mut self, env: &mut Env) {
        let Some(connection) = self.online() else { return };
        let Some(Acknowledgement { id, kind, reason }) = connection.acknowledgements.pop_front() else {
            return;
        };
        let is_last = match kind {
            Kind::Acknowledged | Kind::Completed => true,
            Kind::Received => reason.is_error(),
        };
        if is_last {
            connection.open.remove(&id);
        }
        let ack = Ack::new(id, reason);
        let packet = match kind {
            Kind::Acknowledged => Packet::PubAck(ack),
            Kind::Received => Packet::PubRec(ack),
            Kind::Completed => Packet::PubComp(ack),
        };
        self.send(&packet, env);
    }

    /// Whatever is owed is sent without waiting any more.
    pub(super) fn acknowledge_soon(&mut self, env: &mut Env) {
        let client = self.number;
        if let Some(link) = self.online().map(|connection| connection.link) {
            env.plan_client(client, Duration::ZERO, Errand::Acknowledge(link));
        }
    }
}
