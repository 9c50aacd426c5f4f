use vouchmq_mqtt::PacketId;

use super::Client;

impl Client {
    /// It begins anew: nothing of an earlier session is left.
    pub(super) fn forget_session(&mut self) {
        self.inbound.clear();
        self.refused.clear();
        self.outbound.clear();
        self.requests.clear();
        self.subscriptions.clear();
        self.session = None;
    }

    /// What belonged to the connection, or is not repeated, is gone with it.
    pub(super) fn forget_connection(&mut self) {
        self.requests.clear();
        for outgoing in &mut self.outbound {
            outgoing.is_sent_here = false;
        }
    }

    /// An identifier that is not in use.
    pub(super) fn packet_id(&mut self) -> PacketId {
        loop {
            self.last_packet_id = self.last_packet_id.next();
            // A small round, so that identifiers are used again soon.
            if self.last_packet_id.value() > 200 {
                self.last_packet_id = PacketId::MIN;
            }
            let id = self.last_packet_id;
            let is_released = self.connection().is_some_and(|connection| connection.released.contains(&id));
            let is_in_use = self.outbound.iter().any(|outgoing| outgoing.packet_id == id);
            if !is_in_use && !is_released && !self.requests.contains_key(&id) {
                return id;
            }
        }
    }
}
