use std::sync::Arc;

use slab::Slab;

use super::ShardId;
use super::share::{Choice, Presence};
use crate::connection::{ConnectionId, OwedId};
use crate::message::{Message, Publication, PublisherId};
use crate::session::SessionId;
use crate::time::Timestamp;
use crate::{Properties, QoS};

/// Bodies from this size on are shared between engines; smaller ones are copied into the mail.
const SHARE_FROM: usize = 2048;
/// What is kept free for the next mail, at most: letters, and bytes of messages.
const ROOM_MAX: usize = 4096;

/// What one engine has to tell another: everything of one turn, in order.
///
/// Mail between two engines arrives in the order in which it was taken.
#[derive(Debug, Default)]
pub struct Mail {
    letters: Vec<Letter>,
    /// Topics, properties and payloads of forwarded messages, back to back.
    bytes: Vec<u8>,
    /// Forwarded messages that were taken over, by the tokens of who forwarded them.
    taken: Vec<u32>,
    /// Forwarded messages that were rejected by a full session.
    rejected: Vec<u32>,
    /// Bytes of messages that are shared instead of copied.
    shared_bytes: usize,
}

/// Mail that is being delivered; see [`Engine::deliver_portion`](super::Engine::deliver_portion).
#[derive(Debug)]
pub struct OpenMail {
    letters: std::vec::IntoIter<Letter>,
    bytes: Vec<u8>,
    taken: Vec<u32>,
    rejected: Vec<u32>,
}

/// One thing that one engine tells another.
#[derive(Debug)]
pub(crate) enum Letter {
    /// A message that clients over there want.
    Forward(Forward),
    /// A shared message too large to copy.
    ForwardShared { token: Option<u32>, message: Arc<Message> },
    /// The sender wants messages of this filter.
    Want(Box<str>),
    /// The sender wants no more messages of this filter.
    Unwant(Box<str>),
    /// The sender waits until every `Want` before this is in force.
    Barrier(u64),
    /// Every `Want` before this barrier is in force.
    BarrierPassed(u64),
    /// A client of the sender joins a group that the receiver owns.
    Join { share: Arc<str>, session: SessionId },
    /// The group is in force everywhere, for the `Join`s of this filter so far.
    Joined { share: Arc<str> },
    /// A client of the sender leaves a group.
    Leave { share: Arc<str>, session: SessionId },
    /// A client of the sender came or went.
    Presence { share: Arc<str>, session: SessionId, presence: Presence },
    /// The group chose a client of the receiver.
    Deliver { share: Arc<str>, session: SessionId, message: Arc<Message>, choice: Choice, attempt: u16 },
    /// A client of the sender could not take a message of a group: choose another.
    Return { share: Arc<str>, message: Arc<Message>, attempt: u16 },
}

/// A copied message; its parts stand in the mail's bytes.
#[derive(Debug)]
pub(crate) struct Forward {
    start: usize,
    topic_len: usize,
    properties_len: usize,
    payload_len: usize,
    qos: QoS,
    retain: bool,
    publisher: PublisherId,
    expires_at: Timestamp,
    /// Returned when the message was taken over; only for QoS 1 and 2.
    pub(crate) token: Option<u32>,
}

/// Outgoing mail of one engine, and the promises that wait for its answers.
#[derive(Debug)]
pub(crate) struct Mailboxes {
    outgoing: Vec<Mail>,
    shard: ShardId,
    /// Acknowledgements that wait for another engine, by token.
    tokens: Slab<(ConnectionId, OwedId)>,
    has_mail: bool,
}

// === impl Mail ===

impl Mail {
    /// Begins to deliver it, portion by portion.
    pub fn open(self) -> OpenMail {
        let Self { letters, bytes, taken, rejected, .. } = self;
        OpenMail { letters: letters.into_iter(), bytes, taken, rejected }
    }

    /// Bytes of the messages inside, roughly: what bounds a mailbox.
    pub fn byte_count(&self) -> usize {
        let answers = self.taken.len() + self.rejected.len();
        self.bytes.len() + self.shared_bytes + self.letters.len() * size_of::<Letter>() + answers * 4
    }

    /// Takes the mail, and leaves an empty one with room for about as much.
    fn replace(&mut self) -> Self {
        let letters = Vec::with_capacity(self.letters.len().min(ROOM_MAX));
        let bytes = Vec::with_capacity(self.bytes.len().min(ROOM_MAX));
        std::mem::replace(self, Self { letters, bytes, ..Self::default() })
    }

    /// Nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty() && self.taken.is_empty() && self.rejected.is_empty()
    }

    fn forward(&mut self, publication: &Publication<'_>, token: Option<u32>) {
        let properties = publication.properties.as_bytes();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(publication.topic.as_bytes());
        self.bytes.extend_from_slice(properties);
        self.bytes.extend_from_slice(publication.payload);
        self.letters.push(Letter::Forward(Forward {
            start,
            topic_len: publication.topic.len(),
            properties_len: properties.len(),
            payload_len: publication.payload.len(),
            qos: publication.qos,
            retain: publication.retain,
            publisher: publication.publisher,
            expires_at: publication.expires_at,
            token,
        }));
    }
}

impl Letter {
    /// Bytes that it holds or stands for, beside itself.
    pub(crate) fn byte_count(&self) -> usize {
        match self {
            Self::ForwardShared { message, .. } => message.byte_count(),
            Self::Deliver { share, message, .. } | Self::Return { share, message, .. } => {
                share.len() + message.byte_count()
            }
            Self::Want(filter) | Self::Unwant(filter) => filter.len(),
            Self::Join { share, .. }
            | Self::Joined { share }
            | Self::Leave { share, .. }
            | Self::Presence { share, .. } => share.len(),
            Self::Forward(forward) => forward.topic_len + forward.properties_len + forward.payload_len,
            Self::Barrier(_) | Self::BarrierPassed(_) => 0,
        }
    }
}

impl Forward {
    /// The message, borrowed from the bytes of its mail.
    pub(crate) fn publication<'a>(&self, bytes: &'a [u8]) -> Publication<'a> {
        let rest = bytes.get(self.start..).unwrap_or_default();
        let (topic, rest) = rest.split_at_checked(self.topic_len).unwrap_or_default();
        let (properties, rest) = rest.split_at_checked(self.properties_len).unwrap_or_default();
        Publication {
            // Validated when it was received; what follows is a check of UTF-8 at memory speed.
            topic: simdutf8::basic::from_utf8(topic).unwrap_or_default(),
            properties: Properties::from_validated(properties),
            payload: rest.get(..self.payload_len).unwrap_or_default(),
            qos: self.qos,
            retain: self.retain,
            publisher: self.publisher,
            expires_at: self.expires_at,
        }
    }
}

impl OpenMail {
    /// The answers to forwarded messages, taken and rejected, once.
    pub(crate) fn take_answers(&mut self) -> (Vec<u32>, Vec<u32>) {
        (std::mem::take(&mut self.taken), std::mem::take(&mut self.rejected))
    }

    pub(crate) fn next_letter(&mut self) -> Option<(Letter, &[u8])> {
        Some((self.letters.next()?, &self.bytes))
    }

    /// All is delivered.
    pub fn is_done(&self) -> bool {
        self.letters.as_slice().is_empty() && self.taken.is_empty() && self.rejected.is_empty()
    }
}

// === impl Mailboxes ===

impl Mailboxes {
    pub(crate) fn new(shard: ShardId, shard_count: u16) -> Self {
        let outgoing = (0..shard_count).map(|_| Mail::default()).collect();
        Self { outgoing, shard, tokens: Slab::new(), has_mail: false }
    }

    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail
    }

    pub(crate) fn token_count(&self) -> usize {
        self.tokens.len()
    }

    /// All other engines.
    pub(crate) fn others(&self) -> impl Iterator<Item = ShardId> + use<> {
        let own = self.shard.0;
        let count = u16::try_from(self.outgoing.len()).unwrap_or(0);
        (0..count).filter(move |shard| *shard != own).map(ShardId)
    }

    pub(crate) fn post(&mut self, to: ShardId, letter: Letter) {
        if let Some(mail) = self.outgoing.get_mut(usize::from(to.0)) {
            mail.shared_bytes += letter.byte_count();
            mail.letters.push(letter);
            self.has_mail = true;
        }
    }

    pub(crate) fn post_to_others(&mut self, letter: impl Fn() -> Letter) {
        for shard in self.others() {
            self.post(shard, letter());
        }
    }

    pub(crate) fn forward(
        &mut self,
        to: ShardId,
        publication: &Publication<'_>,
        token: Option<u32>,
        shared: impl FnOnce() -> Arc<Message>,
    ) {
        if publication.payload.len() >= SHARE_FROM {
            return self.post(to, Letter::ForwardShared { token, message: shared() });
        }
        if let Some(mail) = self.outgoing.get_mut(usize::from(to.0)) {
            mail.forward(publication, token);
            self.has_mail = true;
        }
    }

    /// Tells the sender of a forwarded message what became of it.
    pub(crate) fn answer(&mut self, to: ShardId, token: u32, rejected: bool) {
        let Some(mail) = self.outgoing.get_mut(usize::from(to.0)) else { return };
        self.has_mail = true;
        if rejected {
            mail.rejected.push(token);
        } else {
            mail.taken.push(token);
        }
    }

    /// A token under which an acknowledgement waits for another engine.
    pub(crate) fn issue_token(&mut self, connection: ConnectionId, owed: OwedId) -> u32 {
        super::clients::narrow(self.tokens.insert((connection, owed)))
    }

    pub(crate) fn redeem_token(&mut self, token: u32) -> Option<(ConnectionId, OwedId)> {
        self.tokens.try_remove(super::clients::widen(token))
    }

    /// Bytes that wait to be taken, roughly.
    pub(crate) fn byte_count(&self) -> usize {
        self.outgoing.iter().map(Mail::byte_count).sum()
    }

    /// Takes what there is to tell `to`.
    pub(crate) fn take(&mut self, to: ShardId) -> Option<Mail> {
        let mail = self.outgoing.get_mut(usize::from(to.0))?;
        let taken = (!mail.is_empty()).then(|| mail.replace());
        self.has_mail = self.outgoing.iter().any(|mail| !mail.is_empty());
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What bounds a mailbox sees every payload, however it travels.
    #[test]
    fn mail_counts_what_its_letters_hold_elsewhere() {
        let payload = [b'x'; 100_000];
        let publication = Publication {
            topic: "t",
            properties: Properties::EMPTY,
            payload: &payload,
            qos: QoS::AtMostOnce,
            retain: false,
            publisher: PublisherId::BROKER,
            expires_at: Timestamp::NEVER,
        };
        let (share, message) = (Arc::<str>::from("$share/g/t"), Message::new(&publication));
        let session = SessionId { index: 0, generation: 0 };
        let (choice, attempt) = (Choice::Online, 0);
        let letters = [
            Letter::ForwardShared { token: None, message: message.clone() },
            Letter::Deliver { share: share.clone(), session, message: message.clone(), choice, attempt },
            Letter::Return { share, message, attempt },
        ];
        let mut mailboxes = Mailboxes::new(ShardId(0), 2);
        for letter in letters {
            mailboxes.post(ShardId(1), letter);
            assert!(mailboxes.byte_count() > payload.len());
            assert!(mailboxes.take(ShardId(1)).is_some_and(|mail| mail.byte_count() > payload.len()));
            assert_eq!(mailboxes.byte_count(), 0);
        }
    }
}
