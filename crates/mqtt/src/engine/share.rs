mod groups;
mod rota;

use std::sync::Arc;

use super::deliver::{Delivered, Wanted};
use super::frames::Frames;
use super::mail::Letter;
use super::route::Routed;
use super::{Engine, ShardId};
use crate::QoS;
use crate::message::{Message, Publication};
use crate::session::{Outbound, SessionId};
use crate::time::Timestamp;
use crate::topic::{ParsedFilter, TopicLimits};

pub(crate) use groups::Groups;

/// A group of shared subscriptions, in the engine that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupId(u32);

/// Whether a member of a group has a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Online,
    Offline,
}

/// Why a member was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It is online.
    Online,
    /// Nobody is: it may keep the message until it comes back.
    Last,
}

/// One member of a group, on whatever engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    shard: ShardId,
    session: SessionId,
}

// === impl Engine ===

impl Engine {
    /// The engine that owns a group.
    pub(super) fn owner_of_share(&self, share: &str) -> ShardId {
        self.owner_of(share)
    }

    /// Tells an engine something, itself included.
    pub(super) fn tell(&mut self, now: Timestamp, to: ShardId, letter: Letter) {
        if to == self.shard {
            self.open_letter(now, to, letter, &[]);
        } else {
            self.mailboxes.post(to, letter);
        }
    }

    /// A client joins a group that this engine owns.
    pub(super) fn on_join(&mut self, now: Timestamp, from: ShardId, share: Arc<str>, session: SessionId) {
        let group = match self.groups.find(&share) {
            Some(group) => group,
            None => {
                let parsed = ParsedFilter::parse(&share, &TopicLimits::STANDARD);
                let Ok(ParsedFilter { filter, .. }) = parsed else { return };
                let filter_id = self.want_here(filter);
                let group = self.groups.add(share.clone(), filter_id);
                if let Some(interest) = self.interests.get_mut(filter_id) {
                    interest.add_group(group);
                }
                group
            }
        };
        self.groups.join(group, Member { shard: from, session });
        self.confirm_join(now, from, share);
    }

    /// A client leaves a group that this engine owns.
    pub(super) fn on_leave(&mut self, from: ShardId, share: &str, session: SessionId) {
        let Some(group) = self.groups.find(share) else { return };
        let Some(filter) = self.groups.leave(group, Member { shard: from, session }) else { return };
        if let Some(interest) = self.interests.get_mut(filter) {
            interest.remove_group(group);
        }
        self.unwant_if_idle(filter);
    }

    pub(super) fn on_presence(&mut self, from: ShardId, share: &str, session: SessionId, presence: Presence) {
        let Some(group) = self.groups.find(share) else { return };
        self.groups.set_presence(group, Member { shard: from, session }, presence);
    }

    /// Tells the owners of a session's groups that it came or went.
    pub(super) fn announce_presence(&mut self, now: Timestamp, session: SessionId, presence: Presence) {
        for share in self.shares_of(session) {
            let owner = self.owner_of_share(&share);
            self.tell(now, owner, Letter::Presence { share, session, presence });
        }
    }

    pub(super) fn leave_all_groups(&mut self, now: Timestamp, session: SessionId) {
        for share in self.shares_of(session) {
            self.clients.stats.subscriptions -= 1;
            self.clients.stats.shared_subscriptions -= 1;
            let owner = self.owner_of_share(&share);
            self.tell(now, owner, Letter::Leave { share, session });
        }
    }

    fn shares_of(&self, session: SessionId) -> Vec<Arc<str>> {
        let shares = self.clients.session(session).map(|state| state.shares.keys().cloned().collect());
        shares.unwrap_or_default()
    }

    /// Gives a message to one member of each group here that matched.
    pub(super) fn deliver_to_groups(
        &mut self,
        now: Timestamp,
        publication: &Publication<'_>,
        frames: &mut Frames,
        routed: &mut Routed,
    ) {
        for position in 0..self.matched.len() {
            let Some(id) = self.matched.get(position).copied() else { return };
            let mut last = None;
            while let Some(group) = self.interests.get(id).and_then(|interest| interest.group_after(last)) {
                last = Some(group);
                routed.is_matched = true;
                self.deliver_to_group(now, group, publication, 0, frames);
            }
        }
    }

    fn deliver_to_group(
        &mut self,
        now: Timestamp,
        group: GroupId,
        publication: &Publication<'_>,
        attempt: u16,
        frames: &mut Frames,
    ) {
        let Some((share, member, choice)) = self.groups.choose(group, publication.publisher, attempt) else {
            return;
        };
        let session = member.session;
        if member.shard == self.shard {
            self.deliver_share(now, &share, session, publication, (choice, attempt), frames);
        } else {
            let message = frames.shared(publication);
            self.mailboxes.post(member.shard, Letter::Deliver { share, session, message, choice, attempt });
        }
    }

    /// The group chose a client of this engine. One that went away meanwhile hands the message back.
    pub(super) fn deliver_share(
        &mut self,
        now: Timestamp,
        share: &Arc<str>,
        session: SessionId,
        publication: &Publication<'_>,
        (choice, attempt): (Choice, u16),
        frames: &mut Frames,
    ) {
        let membership = self.clients.session(session).and_then(|state| {
            let is_reachable = state.connection.is_some() || choice == Choice::Last;
            state.shares.get(share).copied().filter(|_| is_reachable)
        });
        let (Some(membership), Some(mut receiver)) = (membership, self.clients.receiver(session.index))
        else {
            let owner = self.owner_of_share(share);
            let message = frames.shared(publication);
            return self.tell(now, owner, Letter::Return { share: share.clone(), message, attempt });
        };
        let identifier = [membership.identifier];
        let wanted = Wanted {
            qos: membership.options.qos.min(publication.qos),
            retain: membership.options.retain_as_published && publication.retain,
            is_checked: true,
            identifiers: if membership.identifier == 0 { &[] } else { &identifier },
            share: Some(share),
        };
        match receiver.deliver(now, publication, &wanted, frames) {
            // A group does not slow publishers down: its next message goes to another member.
            Delivered::Taken | Delivered::Lagging | Delivered::Dropped => {}
            // No room, or no right to it: perhaps another member has.
            Delivered::Rejected | Delivered::Denied => {
                let owner = self.owner_of_share(share);
                let (share, message) = (share.clone(), frames.shared(publication));
                self.tell(now, owner, Letter::Return { share, message, attempt: attempt + 1 });
            }
        }
    }

    /// A member could not take a message: another one may.
    pub(super) fn on_return(&mut self, now: Timestamp, share: &str, message: &Arc<Message>, attempt: u16) {
        let Some(group) = self.groups.find(share) else { return };
        let mut frames = std::mem::take(&mut self.frames);
        frames.reset(Some(message.clone()));
        self.deliver_to_group(now, group, &message.publication(), attempt, &mut frames);
        self.frames = frames;
    }

    /// A session ended: what its groups gave it and it did not finish goes to others. QoS 0 is lost, as it
    /// may be; a QoS 2 exchange that began goes to nobody (`MQTT5-4.8.2-5`).
    pub(super) fn hand_back(&mut self, now: Timestamp, outbound: Outbound) {
        for deliverable in outbound.into_unfinished() {
            let share = deliverable.extras.and_then(|extras| extras.share);
            if let Some(share) = share.filter(|_| deliverable.qos != QoS::AtMostOnce) {
                let owner = self.owner_of_share(&share);
                let message = deliverable.message;
                self.tell(now, owner, Letter::Return { share, message, attempt: 0 });
            }
        }
    }
}
