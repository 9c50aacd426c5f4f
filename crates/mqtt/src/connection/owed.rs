use std::collections::VecDeque;

use crate::{PacketId, ReasonCode};

/// Names one owed acknowledgement of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwedId(u32);

/// PUBACK or PUBREC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckKind {
    PubAck,
    PubRec,
}

/// An acknowledgement that the broker owes for a PUBLISH: sent when nothing is outstanding any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) packet_id: PacketId,
    pub(crate) kind: AckKind,
    pub(crate) reason: ReasonCode,
    /// Confirmations that are awaited: the journal, other shards, receivers that lag.
    pub(crate) outstanding: u16,
}

/// The acknowledgements that one connection is owed, in the order of its PUBLISH packets.
///
/// They leave in that order: one that waits holds back those behind it, which is how a lagging receiver
/// slows its publisher down.
#[derive(Debug, Default)]
pub(crate) struct OwedAcks {
    acks: VecDeque<Owed>,
    /// The id of the front.
    base: u32,
}

impl OwedAcks {
    pub(crate) fn push(&mut self, owed: Owed) -> OwedId {
        let id = self.base.wrapping_add(u32::try_from(self.acks.len()).unwrap_or(0));
        self.acks.push_back(owed);
        OwedId(id)
    }

    pub(crate) fn get_mut(&mut self, id: OwedId) -> Option<&mut Owed> {
        let index = usize::try_from(id.0.wrapping_sub(self.base)).ok()?;
        self.acks.get_mut(index)
    }

    /// The next acknowledgement that may leave.
    pub(crate) fn pop_ready(&mut self) -> Option<Owed> {
        if self.acks.front()?.outstanding > 0 {
            return None;
        }
        self.base = self.base.wrapping_add(1);
        self.acks.pop_front()
    }

    /// Whether this acknowledgement is still to be sent.
    pub(crate) fn holds(&self, packet_id: PacketId, kind: AckKind) -> bool {
        self.acks.iter().any(|owed| owed.packet_id == packet_id && owed.kind == kind)
    }

    pub(crate) fn len(&self) -> usize {
        self.acks.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.acks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(id: u16, outstanding: u16) -> Owed {
        let packet_id = PacketId::new(id).unwrap();
        Owed { packet_id, kind: AckKind::PubAck, reason: ReasonCode::SUCCESS, outstanding }
    }

    #[test]
    fn acknowledgements_leave_in_order_and_only_when_nothing_is_outstanding() {
        let mut acks = OwedAcks::default();
        let first = acks.push(owed(1, 1));
        acks.push(owed(2, 0));
        assert_eq!(acks.pop_ready(), None);
        acks.get_mut(first).unwrap().outstanding = 0;
        assert_eq!(acks.pop_ready().unwrap().packet_id.value(), 1);
        assert_eq!(acks.pop_ready().unwrap().packet_id.value(), 2);
        assert!(acks.get_mut(first).is_none(), "the id of a sent acknowledgement names nothing");
        assert!(acks.is_empty());
    }
}
