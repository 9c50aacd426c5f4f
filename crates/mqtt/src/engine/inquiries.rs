use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::QoS;
use crate::authorize::{Attempt, Authorize, Inquired};
use crate::connection::ConnectionId;
use crate::time::Timestamp;
use crate::topic::{FilterRef, TopicFilter};

/// Names one inquiry of an engine. Never reused: a late answer finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InquiryId {
    number: u64,
    connection: Option<ConnectionId>,
}

/// What is to be found out at once.
pub struct Inquiries {
    authorize: Arc<dyn Authorize>,
    attempts: Box<[OwnedAttempt]>,
}

/// An [`Attempt`] that outlives the packet it came in.
#[derive(Clone, Debug)]
pub(crate) enum OwnedAttempt {
    Publish { topic: Box<str>, qos: QoS, retain: bool },
    Subscribe { filter: TopicFilter, share: Option<Box<str>>, qos: QoS },
}

/// Packets that wait for what others say about them: one of a connection, which is not read from meanwhile.
#[derive(Debug, Default)]
pub(crate) struct OpenInquiries {
    last_number: u64,
    /// By the position of the connection.
    of_packets: BTreeMap<u32, OfPacket>,
}

/// What is known of the packet that a connection has to handle next.
pub(crate) struct OfPacket {
    /// The inquiry that is out, or was the last.
    pub(crate) id: InquiryId,
    /// Whoever judged when it was asked.
    pub(crate) authorize: Arc<dyn Authorize>,
    pub(crate) is_out: bool,
    pub(crate) deadline: Timestamp,
    /// When the packet was read: from then on its message ages.
    pub(crate) read_at: Timestamp,
    /// What is asked for: positions in the packet.
    pub(crate) positions: Vec<usize>,
    /// What was found out so far, by position.
    pub(crate) answers: Vec<(usize, Inquired)>,
}

// === impl InquiryId ===

impl InquiryId {
    /// The connection that waits for the answer; `None` where a will does, whose connection is gone.
    pub const fn connection(self) -> Option<ConnectionId> {
        self.connection
    }
}

// === impl Inquiries ===

impl Inquiries {
    pub(crate) fn new(authorize: Arc<dyn Authorize>, attempts: Box<[OwnedAttempt]>) -> Self {
        Self { authorize, attempts }
    }

    /// Whoever is to [inquire](Authorize::inquire).
    pub fn authorize(&self) -> &Arc<dyn Authorize> {
        &self.authorize
    }

    /// What the client wants to do; at least one.
    pub fn attempts(&self) -> impl ExactSizeIterator<Item = Attempt<'_>> {
        self.attempts.iter().map(OwnedAttempt::as_attempt)
    }

    /// Bytes that it holds, roughly.
    pub fn byte_count(&self) -> usize {
        let of_attempt = |attempt: &OwnedAttempt| size_of::<OwnedAttempt>() + attempt.text_len();
        size_of::<Self>() + self.attempts.iter().map(of_attempt).sum::<usize>()
    }
}

impl fmt::Debug for Inquiries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiries").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

// === impl OwnedAttempt ===

impl OwnedAttempt {
    pub(crate) fn publish(topic: &str, qos: QoS, retain: bool) -> Self {
        Self::Publish { topic: topic.into(), qos, retain }
    }

    pub(crate) fn subscribe(filter: FilterRef<'_>, share: Option<&str>, qos: QoS) -> Self {
        Self::Subscribe { filter: filter.to_owned(), share: share.map(Into::into), qos }
    }

    fn as_attempt(&self) -> Attempt<'_> {
        match self {
            Self::Publish { topic, qos, retain } => Attempt::Publish { topic, qos: *qos, retain: *retain },
            Self::Subscribe { filter, share, qos } => {
                Attempt::Subscribe { filter: filter.as_filter(), share: share.as_deref(), qos: *qos }
            }
        }
    }

    fn text_len(&self) -> usize {
        match self {
            Self::Publish { topic, .. } => topic.len(),
            Self::Subscribe { filter, share, .. } => {
                filter.as_str().len() + share.as_ref().map_or(0, |share| share.len())
            }
        }
    }
}

// === impl OpenInquiries ===

impl OpenInquiries {
    pub(crate) fn len(&self) -> usize {
        self.of_packets.len()
    }

    /// A name for an inquiry that begins.
    pub(crate) fn next_id(&mut self, connection: Option<ConnectionId>) -> InquiryId {
        self.last_number += 1;
        InquiryId { number: self.last_number, connection }
    }

    pub(crate) fn of(&self, connection: ConnectionId) -> Option<&OfPacket> {
        self.of_packets.get(&connection.index).filter(|known| known.id.connection == Some(connection))
    }

    pub(crate) fn of_mut(&mut self, connection: ConnectionId) -> Option<&mut OfPacket> {
        self.of_packets.get_mut(&connection.index).filter(|known| known.id.connection == Some(connection))
    }

    pub(crate) fn insert(&mut self, connection: ConnectionId, of_packet: OfPacket) {
        self.of_packets.insert(connection.index, of_packet);
    }

    pub(crate) fn remove(&mut self, connection: ConnectionId) -> Option<OfPacket> {
        self.of(connection)?;
        self.of_packets.remove(&connection.index)
    }
}

impl OfPacket {
    /// What is known about one position. Where somebody could not be asked, nobody is asked about the rest.
    pub(crate) fn answer(&self, position: usize) -> Option<Inquired> {
        let known = self.answers.iter().find(|(known, _)| *known == position);
        let is_unavailable = |(_, inquired): &(usize, Inquired)| *inquired == Inquired::Unavailable;
        known
            .or_else(|| self.answers.iter().find(|known| is_unavailable(known)))
            .map(|(_, inquired)| *inquired)
    }
}

impl fmt::Debug for OfPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfPacket").field("id", &self.id).field("is_out", &self.is_out).finish_non_exhaustive()
    }
}
