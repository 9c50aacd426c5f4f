use std::sync::Arc;

use smallvec::SmallVec;

use super::deliver::{Delivered, Wanted};
use super::frames::Frames;
use super::interest::{ShardSet, Subscriber};
use super::mail::{Forward, Letter};
use super::{Engine, Mail, OpenMail, ShardId};
use crate::QoS;
use crate::connection::{ConnectionId, OwedId};
use crate::message::{Message, Publication};
use crate::session::{HOLD_MAX, SessionId, Waiter};
use crate::time::Timestamp;
use crate::topic::FilterId;

/// Where a message comes from, and who waits to hear that it was taken over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    /// A client of this engine: its session, and the acknowledgement that it is owed.
    Client { session: u32, owed: Option<(ConnectionId, OwedId)> },
    /// Another engine, which has served its own clients and all other engines.
    Shard { from: ShardId, token: Option<u32> },
    /// The broker itself, or a will.
    Broker,
}

/// What routing came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Routed {
    /// Somebody had subscribed.
    pub(crate) is_matched: bool,
    /// A session was full, and its policy is that the publisher hears of it.
    pub(crate) is_rejected: bool,
    /// The answer waits for this receiver, which lags.
    pub(crate) held_by: Option<SessionId>,
}

/// One client's subscriptions that match, added up.
#[derive(Debug)]
struct Match {
    session: u32,
    qos: QoS,
    retain: bool,
    is_checked: bool,
    identifiers: SmallVec<[u32; 2]>,
}

/// Bytes of messages that are delivered at once.
const PORTION_BYTES: usize = 64 * 1024;

impl Engine {
    /// Brings a message to everybody who subscribed: clients here, and once to each engine that wants it.
    ///
    /// A client with several subscriptions that match gets it once, at the highest of their QoS, with all
    /// their identifiers (`MQTT5-3.3.4-2` … `-4`).
    pub(super) fn route(
        &mut self,
        now: Timestamp,
        publication: &Publication<'_>,
        origin: Origin,
        body: Option<Arc<Message>>,
    ) -> Routed {
        self.matched.clear();
        self.interests.matching_ids(publication.topic, &mut self.matched);
        let mut frames = std::mem::take(&mut self.frames);
        frames.reset(body);
        let mut routed = Routed::default();
        let (mut remote, mut local) = (ShardSet::default(), SmallVec::<[FilterId; 4]>::new());
        for id in &self.matched {
            if let Some(interest) = self.interests.get(*id) {
                remote.extend(interest.remote);
                if !interest.subscribers().is_empty() {
                    local.push(*id);
                }
            }
        }
        match local.as_slice() {
            [] => {}
            [only] => self.deliver_to_one_filter(now, *only, publication, origin, &mut frames, &mut routed),
            many => self.deliver_merged(now, many, publication, origin, &mut frames, &mut routed),
        }
        if !matches!(origin, Origin::Shard { .. }) {
            self.forward(publication, origin, remote, &mut frames, &mut routed);
        }
        self.deliver_to_groups(now, publication, &mut frames, &mut routed);
        self.frames = frames;
        if let Some(session) = routed.held_by {
            self.arm_session(session, now.after(HOLD_MAX));
        }
        routed
    }

    fn deliver_to_one_filter(
        &mut self,
        now: Timestamp,
        filter: FilterId,
        publication: &Publication<'_>,
        origin: Origin,
        frames: &mut Frames,
        routed: &mut Routed,
    ) {
        let Some(interest) = self.interests.get(filter) else { return };
        for subscriber in interest.subscribers() {
            if is_own_message(subscriber, origin) {
                continue;
            }
            let Some(mut receiver) = self.clients.receiver(subscriber.session) else { continue };
            let identifier = [subscriber.identifier];
            let wanted = Wanted {
                qos: subscriber.delivery_qos(publication.qos),
                retain: subscriber.options.retain_as_published && publication.retain,
                is_checked: subscriber.is_checked,
                identifiers: if subscriber.identifier == 0 { &[] } else { &identifier },
                share: None,
            };
            let delivered = receiver.deliver(now, publication, &wanted, frames);
            note(now, &mut receiver, delivered, origin, routed);
        }
        self.count_held(origin, routed);
    }

    fn deliver_merged(
        &mut self,
        now: Timestamp,
        filters: &[FilterId],
        publication: &Publication<'_>,
        origin: Origin,
        frames: &mut Frames,
        routed: &mut Routed,
    ) {
        for found in self.merge_matches(filters, publication, origin) {
            let Some(mut receiver) = self.clients.receiver(found.session) else { continue };
            let wanted = Wanted {
                qos: found.qos,
                retain: found.retain,
                is_checked: found.is_checked,
                identifiers: &found.identifiers,
                share: None,
            };
            let delivered = receiver.deliver(now, publication, &wanted, frames);
            note(now, &mut receiver, delivered, origin, routed);
        }
        self.count_held(origin, routed);
    }

    fn merge_matches(
        &self,
        filters: &[FilterId],
        publication: &Publication<'_>,
        origin: Origin,
    ) -> Vec<Match> {
        let interests = filters.iter().filter_map(|id| self.interests.get(*id));
        let mut all: Vec<&Subscriber> = interests
            .flat_map(|interest| interest.subscribers())
            .filter(|subscriber| !is_own_message(subscriber, origin))
            .collect();
        // Stable: identifiers stay in the order of the filters.
        all.sort_by_key(|subscriber| subscriber.session);
        let mut matches: Vec<Match> = Vec::with_capacity(all.len());
        for subscriber in all {
            let qos = subscriber.delivery_qos(publication.qos);
            let retain = subscriber.options.retain_as_published && publication.retain;
            match matches.last_mut() {
                Some(found) if found.session == subscriber.session => {
                    found.qos = found.qos.max(qos);
                    found.retain |= retain;
                    found.is_checked &= subscriber.is_checked;
                }
                _ => matches.push(Match {
                    session: subscriber.session,
                    qos,
                    retain,
                    is_checked: subscriber.is_checked,
                    identifiers: SmallVec::new(),
                }),
            }
            if let Some(found) = matches.last_mut().filter(|_| subscriber.identifier != 0) {
                found.identifiers.push(subscriber.identifier);
            }
        }
        matches
    }

    /// Sends the message once to each engine that wants it.
    fn forward(
        &mut self,
        publication: &Publication<'_>,
        origin: Origin,
        remote: ShardSet,
        frames: &mut Frames,
        routed: &mut Routed,
    ) {
        for shard in remote.iter() {
            routed.is_matched = true;
            let token = match origin {
                Origin::Client { owed: Some((connection, owed)), .. } => {
                    self.add_outstanding(connection, owed);
                    Some(self.mailboxes.issue_token(connection, owed))
                }
                Origin::Client { owed: None, .. } | Origin::Shard { .. } | Origin::Broker => None,
            };
            self.mailboxes.forward(shard, publication, token, || frames.shared(publication));
        }
    }

    fn count_held(&mut self, origin: Origin, routed: &Routed) {
        if let Origin::Client { owed: Some((connection, owed)), .. } = origin
            && routed.held_by.is_some()
        {
            self.add_outstanding(connection, owed);
        }
    }

    /// Routes a message that is not the PUBLISH of a connected client.
    pub(super) fn publish_message(&mut self, now: Timestamp, message: &Arc<Message>) {
        let publication = message.publication();
        if publication.retain {
            // A full store is counted; the message itself still goes to who is there.
            let _ = self.retain(&publication, Some(message));
        }
        self.route(now, &publication, Origin::Broker, Some(message.clone()));
    }

    // --- mail

    /// Bytes that wait for other engines to be told, roughly.
    pub fn mail_byte_count(&self) -> usize {
        self.mailboxes.byte_count()
    }

    /// What there is to tell another engine since the last call.
    pub fn take_mail(&mut self, to: ShardId) -> Option<Mail> {
        self.send_barrier();
        self.mailboxes.take(to)
    }

    /// Mail of another engine arrived, in the order in which that engine's mail was taken.
    pub fn deliver_mail(&mut self, now: Timestamp, from: ShardId, mail: Mail) {
        let mut mail = mail.open();
        while !mail.is_done() {
            self.deliver_portion(now, from, &mut mail);
        }
    }

    /// Delivers the next portion of mail, so small that the outboxes can be written before they are full
    /// ([`Engine::should_write`]). Until all of it is delivered, no other mail of `from` may be.
    pub fn deliver_portion(&mut self, now: Timestamp, from: ShardId, mail: &mut OpenMail) {
        let (taken, rejected) = mail.take_answers();
        self.on_answers(taken, false);
        self.on_answers(rejected, true);
        let mut byte_count = 0;
        while byte_count < PORTION_BYTES
            && let Some((letter, bytes)) = mail.next_letter()
        {
            byte_count += size_of::<Letter>() + letter.byte_count();
            self.open_letter(now, from, letter, bytes);
        }
    }

    pub(super) fn open_letter(&mut self, now: Timestamp, from: ShardId, letter: Letter, bytes: &[u8]) {
        match letter {
            Letter::Forward(forward) => self.on_forward(now, from, &forward, bytes),
            Letter::ForwardShared { token, message } => {
                let origin = Origin::Shard { from, token };
                let routed = self.route(now, &message.publication(), origin, Some(message.clone()));
                self.answer(from, token, routed);
            }
            Letter::Want(filter) => self.on_want(from, &filter),
            Letter::Unwant(filter) => self.on_unwant(from, &filter),
            Letter::Barrier(number) => self.mailboxes.post(from, Letter::BarrierPassed(number)),
            Letter::BarrierPassed(number) => self.on_barrier_passed(now, from, number),
            Letter::Join { share, session } => self.on_join(now, from, share, session),
            Letter::Joined { share } => self.on_joined(now, &share),
            Letter::Leave { share, session } => self.on_leave(from, &share, session),
            Letter::Presence { share, session, presence } => {
                self.on_presence(from, &share, session, presence)
            }
            Letter::Deliver { share, session, message, choice, attempt } => {
                let mut frames = std::mem::take(&mut self.frames);
                frames.reset(Some(message.clone()));
                let publication = message.publication();
                self.deliver_share(now, &share, session, &publication, (choice, attempt), &mut frames);
                self.frames = frames;
            }
            Letter::Return { share, message, attempt } => self.on_return(now, &share, &message, attempt),
        }
    }

    fn on_forward(&mut self, now: Timestamp, from: ShardId, forward: &Forward, bytes: &[u8]) {
        let origin = Origin::Shard { from, token: forward.token };
        let routed = self.route(now, &forward.publication(bytes), origin, None);
        self.answer(from, forward.token, routed);
    }

    /// Tells the engine of the publisher what came of its message, unless a receiver that lags will.
    fn answer(&mut self, to: ShardId, token: Option<u32>, routed: Routed) {
        let Some(token) = token else { return };
        if let Some(session) = routed.held_by {
            if !routed.is_rejected {
                return;
            }
            // A refusal is not held up: nobody has to be slowed down for a message that was not taken.
            self.withdraw(session, Waiter::Remote(to, token));
        }
        self.mailboxes.answer(to, token, routed.is_rejected);
    }

    /// Somebody does not wait for a session that lags any more; `false` when it did not.
    pub(super) fn withdraw(&mut self, session: SessionId, waiter: Waiter) -> bool {
        let outbound = self.clients.session_mut(session).and_then(|state| state.outbound.as_mut());
        outbound.is_some_and(|outbound| outbound.withdraw(waiter))
    }
}

/// No Local: a client does not get its own messages back (`MQTT5-3.8.3-3`).
fn is_own_message(subscriber: &Subscriber, origin: Origin) -> bool {
    matches!(origin, Origin::Client { session, .. } if subscriber.options.no_local && session == subscriber.session)
}

/// Takes down what became of a message for one client; the first that lags holds the answer up.
fn note(
    now: Timestamp,
    receiver: &mut super::clients::Receiver<'_>,
    delivered: Delivered,
    origin: Origin,
    routed: &mut Routed,
) {
    routed.is_matched = true;
    match delivered {
        Delivered::Taken | Delivered::Dropped | Delivered::Denied => {}
        Delivered::Rejected => routed.is_rejected = true,
        Delivered::Lagging => {
            let waiter = match origin {
                Origin::Client { owed: Some((connection, owed)), .. } => Waiter::Local(connection, owed),
                Origin::Shard { from, token: Some(token) } => Waiter::Remote(from, token),
                Origin::Client { owed: None, .. } | Origin::Shard { token: None, .. } | Origin::Broker => {
                    return;
                }
            };
            if routed.held_by.is_none() {
                routed.held_by = Some(receiver.id);
                receiver.session.outbound_mut().hold(now, waiter);
            }
        }
    }
}
