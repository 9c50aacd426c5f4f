use std::sync::Arc;

use super::inquiries::{Inquiries, InquiryId, OfPacket, OwnedAttempt};
use super::receive::Handled;
use super::{Action, Engine};
use crate::authorize::{Authorize, Inquired};
use crate::connection::{ConnectionId, NextPacket};
use crate::session::SessionId;
use crate::time::Timestamp;

/// Filters of one SUBSCRIBE about which others are asked at once; then about the next.
pub(super) const AT_ONCE_MAX: usize = 64;

impl Engine {
    /// Has others asked about positions of the packet at hand, which waits, and everything behind it: the
    /// connection is not read from until they have answered.
    pub(super) fn inquire(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        session: SessionId,
        unknown: Vec<(usize, OwnedAttempt)>,
    ) -> Handled {
        let Some(authorize) = self.clients.session(session).map(|state| state.authorize.clone()) else {
            return Handled::Done;
        };
        let Some(connection) = self.clients.connection_mut(id) else { return Handled::Done };
        connection.is_paused = true;
        connection.next_packet = NextPacket::Inquired;
        let deadline = now.after(self.options.settings.limits.connect_deadline);
        self.arm_connection(id, deadline);
        let inquiry = self.inquiries.next_id(Some(id));
        let (positions, attempts): (Vec<_>, Vec<_>) = unknown.into_iter().unzip();
        let answers = self.inquiries.remove(id).map(|known| known.answers).unwrap_or_default();
        let inquiries = Inquiries::new(authorize.clone(), attempts.into());
        let read_at = self.read_at.unwrap_or(now);
        let of_packet =
            OfPacket { id: inquiry, authorize, is_out: true, deadline, read_at, positions, answers };
        self.inquiries.insert(id, of_packet);
        self.actions.push_back(Action::Inquire(inquiry, Box::new(inquiries)));
        Handled::Waits
    }

    /// What was found out about a position of the packet at hand.
    pub(super) fn answer_of(&self, id: ConnectionId, position: usize) -> Option<Inquired> {
        self.inquiries.of(id)?.answer(position)
    }

    /// Others have answered: the packet that waits for it is handled again.
    pub(super) fn on_inquired(&mut self, now: Timestamp, inquiry: InquiryId, answers: &[Inquired]) {
        let Some(id) = inquiry.connection() else { return self.on_will_inquired(now, inquiry, answers) };
        let session = self.clients.connection(id).and_then(|connection| connection.session());
        let Some(state) = session.and_then(|session| self.clients.session(session)) else { return };
        let Some(of_packet) = self.inquiries.of_mut(id).filter(|known| known.id == inquiry && known.is_out)
        else {
            return;
        };
        of_packet.is_out = false;
        let read_at = of_packet.read_at;
        let positions = std::mem::take(&mut of_packet.positions);
        if is_same(&of_packet.authorize, &state.authorize) {
            let missing = std::iter::repeat(&Inquired::Unavailable);
            let answers = answers.iter().chain(missing).copied();
            of_packet.answers.extend(positions.into_iter().zip(answers));
        } else {
            // They were asked about rights that are not in force any more.
            of_packet.answers.clear();
        }
        // What waited behind it came with it.
        self.read_at = Some(read_at);
        self.charged(now, id, 0, |engine| engine.unpause(now, id));
        self.read_at = None;
    }

    /// The packet was handled, or its connection ends: what was found out was for that packet only.
    pub(super) fn forget_inquiry(&mut self, id: ConnectionId) {
        if let Some(connection) = self.clients.connection_mut(id) {
            connection.next_packet = NextPacket::New;
        }
        if let Some(of_packet) = self.inquiries.remove(id).filter(|known| known.is_out) {
            self.actions.push_back(Action::Withdraw(of_packet.id));
        }
    }

    /// When an inquiry about a packet is given up.
    pub(super) fn inquiry_deadline(&self, id: ConnectionId) -> Timestamp {
        let out = self.inquiries.of(id).filter(|known| known.is_out);
        out.map_or(Timestamp::NEVER, |known| known.deadline)
    }

    /// Gives up what nobody has answered in time.
    pub(super) fn end_inquiry(&mut self, now: Timestamp, id: ConnectionId) {
        let overdue = self.inquiries.of(id).filter(|known| known.is_out && known.deadline <= now);
        if let Some(inquiry) = overdue.map(|known| known.id) {
            self.actions.push_back(Action::Withdraw(inquiry));
            self.on_inquired(now, inquiry, &[]);
        }
    }
}

fn is_same(one: &Arc<dyn Authorize>, other: &Arc<dyn Authorize>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}
