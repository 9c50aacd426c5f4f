use std::collections::BTreeSet;
use std::ops::Bound;

use smallvec::SmallVec;

use super::ShardId;
use super::share::GroupId;
use crate::QoS;
use crate::packet::SubscriptionOptions;

/// Who wants the messages of one topic filter: clients of this engine, other engines, groups owned here.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    /// Sorted by session.
    local: SmallVec<[Subscriber; 1]>,
    pub(crate) remote: ShardSet,
    /// Groups of shared subscriptions that this engine owns; present while there are any. One filter may have
    /// very many.
    #[expect(
        clippy::box_collection,
        reason = "few filters have groups, and every filter pays for the field"
    )]
    groups: Option<Box<BTreeSet<GroupId>>>,
}

/// One subscription of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscriber {
    /// Position of the session.
    pub(crate) session: u32,
    /// Subscription Identifier; 0 = none.
    pub(crate) identifier: u32,
    pub(crate) options: SubscriptionOptions,
    /// Each message is held against the client's rights before it is delivered.
    pub(crate) is_checked: bool,
}

/// A set of engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShardSet(u64);

impl Interest {
    /// Adds a subscription or replaces the session's older one; `true` when it is new.
    pub(crate) fn subscribe(&mut self, subscriber: Subscriber) -> bool {
        match self.local.binary_search_by_key(&subscriber.session, |known| known.session) {
            Ok(index) => {
                if let Some(known) = self.local.get_mut(index) {
                    *known = subscriber;
                }
                false
            }
            Err(index) => {
                self.local.insert(index, subscriber);
                true
            }
        }
    }

    /// Removes the subscription of a session; `false` when there is none.
    pub(crate) fn unsubscribe(&mut self, session: u32) -> bool {
        let found = self.local.binary_search_by_key(&session, |known| known.session);
        if let Ok(index) = found {
            self.local.remove(index);
        }
        found.is_ok()
    }

    pub(crate) fn has_subscriber(&self, session: u32) -> bool {
        self.local.binary_search_by_key(&session, |known| known.session).is_ok()
    }

    pub(crate) fn subscriber(&self, session: u32) -> Option<&Subscriber> {
        let index = self.local.binary_search_by_key(&session, |known| known.session).ok()?;
        self.local.get(index)
    }

    pub(crate) fn subscriber_mut(&mut self, session: u32) -> Option<&mut Subscriber> {
        let index = self.local.binary_search_by_key(&session, |known| known.session).ok()?;
        self.local.get_mut(index)
    }

    pub(crate) fn subscribers(&self) -> &[Subscriber] {
        &self.local
    }

    pub(crate) fn add_group(&mut self, group: GroupId) {
        self.groups.get_or_insert_default().insert(group);
    }

    pub(crate) fn remove_group(&mut self, group: GroupId) {
        if let Some(groups) = &mut self.groups {
            groups.remove(&group);
            if groups.is_empty() {
                self.groups = None;
            }
        }
    }

    /// The group that comes after `last`; the first where there is none before it.
    pub(crate) fn group_after(&self, last: Option<GroupId>) -> Option<GroupId> {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        self.groups.as_ref()?.range((from, Bound::Unbounded)).next().copied()
    }

    /// This engine itself wants the messages.
    pub(crate) fn is_wanted_here(&self) -> bool {
        !self.local.is_empty() || self.groups.is_some()
    }

    /// Nobody wants the messages any more.
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_wanted_here() && self.remote.is_empty()
    }
}

impl Subscriber {
    /// The QoS at which a message is delivered: the lesser of published and granted (`MQTT5-3.8.4-8`).
    pub(crate) fn delivery_qos(&self, published: QoS) -> QoS {
        self.options.qos.min(published)
    }
}

impl ShardSet {
    pub(crate) fn insert(&mut self, shard: ShardId) {
        self.0 |= Self::bit(shard);
    }

    pub(crate) fn remove(&mut self, shard: ShardId) {
        self.0 &= !Self::bit(shard);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = ShardId> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let lowest = u16::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
            left &= left - 1;
            Some(ShardId(lowest))
        })
    }

    fn bit(shard: ShardId) -> u64 {
        1u64.checked_shl(u32::from(shard.0)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lists_what_was_put_in_and_nothing_else() {
        let mut set = ShardSet::default();
        for shard in [63, 0, 5] {
            set.insert(ShardId(shard));
        }
        set.remove(ShardId(5));
        assert_eq!(set.iter().collect::<Vec<_>>(), [ShardId(0), ShardId(63)]);
        set.insert(ShardId(64));
        assert_eq!(set.iter().count(), 2, "there is no engine 64");
    }
}
