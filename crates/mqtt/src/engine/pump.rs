use super::clients::Receiver;
use super::frames::Frames;
use super::is_allowed;
use crate::PacketId;
use crate::session::{Acked, Deliverable, Stage};
use crate::time::Timestamp;

impl Receiver<'_> {
    /// Sends what the session holds for this client, as far as Receive Maximum and outbox allow: first
    /// again what an earlier connection left unfinished, then what waits.
    pub(crate) fn pump(&mut self, now: Timestamp, frames: &mut Frames) {
        if self.connection.is_none() {
            return;
        }
        while !self.is_backlog_full() && (self.resend_one(now, frames) || self.send_pending(now, frames)) {}
    }

    fn resend_one(&mut self, now: Timestamp, frames: &mut Frames) -> bool {
        let receive_maximum = self.session.receive_maximum;
        let Some(outbound) = self.session.outbound.as_mut() else { return false };
        let Some(in_flight) = outbound.resend(receive_maximum) else { return false };
        let packet_id = in_flight.packet_id();
        let deliverable = match &in_flight.stage {
            Stage::ExpectAck(deliverable) | Stage::ExpectReceived(deliverable) => deliverable.clone(),
            Stage::ExpectComplete => {
                self.send_pubrel(packet_id);
                return true;
            }
        };
        let publication = deliverable.message.publication();
        // This connection may take less than the one before, and rights may have changed since it was sent.
        let is_too_large = self.exceeds_packet_size(now, &publication, &deliverable.wanted());
        let is_denied = !is_allowed(self.session.authorize.receive(publication.topic));
        if !is_too_large && !is_denied {
            self.send_deliverable(now, &deliverable, Some(packet_id), true, frames);
            return true;
        }
        self.stats.deliveries_denied += u64::from(is_denied);
        if matches!(self.session.outbound_mut().discard(packet_id), Acked::Release) {
            self.send_pubrel(packet_id);
        }
        true
    }

    fn send_pubrel(&mut self, packet_id: PacketId) {
        let Some((index, connection)) = self.connection.as_mut() else { return };
        let [high, low] = packet_id.value().to_be_bytes();
        self.link.outbox(*index, connection).push(&[0x62, 2, high, low]);
    }

    fn send_pending(&mut self, now: Timestamp, frames: &mut Frames) -> bool {
        let receive_maximum = self.session.receive_maximum;
        let Some(outbound) = self.session.outbound.as_mut() else { return false };
        if !outbound.may_start(receive_maximum, self.limits.queued_bytes_max) {
            return false;
        }
        let Some(deliverable) = outbound.pop_pending() else { return false };
        let publication = deliverable.message.publication();
        let wanted = deliverable.wanted();
        if publication.expires_at <= now {
            self.stats.dropped_expired += 1;
            return true;
        }
        // Rights may have changed while the message waited.
        if !is_allowed(self.session.authorize.receive(publication.topic)) {
            self.stats.deliveries_denied += 1;
            return true;
        }
        if self.exceeds_packet_size(now, &publication, &wanted) {
            return true;
        }
        let Some(outbound) = self.session.outbound.as_mut() else { return false };
        let packet_id = outbound.start(deliverable.clone());
        self.send_deliverable(now, &deliverable, Some(packet_id), false, frames);
        true
    }

    fn send_deliverable(
        &mut self,
        now: Timestamp,
        deliverable: &Deliverable,
        packet_id: Option<PacketId>,
        dup: bool,
        frames: &mut Frames,
    ) {
        frames.reset(Some(deliverable.message.clone()));
        let publication = deliverable.message.publication();
        self.send(now, &publication, &deliverable.wanted(), packet_id, dup, frames);
    }
}
