use std::collections::BTreeMap;
use std::sync::Arc;

use slab::Slab;

use super::rota::{Rota, Spot};
use super::{Choice, GroupId, Member, Presence};
use crate::PublisherId;
use crate::engine::SharePolicy;
use crate::engine::clients::{narrow, widen};
use crate::topic::FilterId;

/// Members that are tried for one message before it is given up.
const ATTEMPTS_MAX: usize = 8;

/// The groups that this engine owns. The owner picks the member for every message of a group.
///
/// Nothing here takes longer than the logarithm of the members.
#[derive(Debug)]
pub(crate) struct Groups {
    groups: Slab<Group>,
    by_share: BTreeMap<Arc<str>, u32>,
    /// The members of all groups, each where it is in its own.
    known: BTreeMap<(GroupId, Member), Known>,
    policy: SharePolicy,
}

/// The members of one group, on whatever engine they are.
#[derive(Debug)]
struct Group {
    /// `$share/{name}/{filter}`.
    share: Arc<str>,
    filter: FilterId,
    online: Rota,
    offline: Rota,
    /// The number of the next member that joins.
    next_number: u64,
    /// The number at which the next choice begins.
    turn: u64,
}

/// A member of a group.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Members are numbered as they joined; one that went and came back keeps its number.
    number: u64,
    presence: Presence,
    spot: Spot,
}

impl Groups {
    pub(crate) fn new(policy: SharePolicy) -> Self {
        Self { groups: Slab::new(), by_share: BTreeMap::new(), known: BTreeMap::new(), policy }
    }

    /// From now on members are chosen by this policy.
    pub(crate) fn set_policy(&mut self, policy: SharePolicy) {
        if std::mem::replace(&mut self.policy, policy) == policy {
            return;
        }
        for (_, group) in &mut self.groups {
            (group.online, group.offline) = (Rota::new(policy), Rota::new(policy));
        }
        for ((id, member), known) in &mut self.known {
            if let Some(group) = self.groups.get_mut(widen(id.0)) {
                known.spot = group.rota_mut(known.presence).insert(known.number, *member);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn find(&self, share: &str) -> Option<GroupId> {
        self.by_share.get(share).copied().map(GroupId)
    }

    pub(super) fn add(&mut self, share: Arc<str>, filter: FilterId) -> GroupId {
        let (online, offline) = (Rota::new(self.policy), Rota::new(self.policy));
        let group = Group { share: share.clone(), filter, online, offline, next_number: 0, turn: 0 };
        let index = narrow(self.groups.insert(group));
        self.by_share.insert(share, index);
        GroupId(index)
    }

    /// Adds a member, which is online; one that is known already changes nothing but that.
    pub(super) fn join(&mut self, id: GroupId, member: Member) {
        if self.known.contains_key(&(id, member)) {
            return self.set_presence(id, member, Presence::Online);
        }
        let Some(group) = self.groups.get_mut(widen(id.0)) else { return };
        let number = group.next_number;
        group.next_number += 1;
        let spot = group.online.insert(number, member);
        self.known.insert((id, member), Known { number, presence: Presence::Online, spot });
    }

    /// A member came or went.
    pub(super) fn set_presence(&mut self, id: GroupId, member: Member, presence: Presence) {
        let Some(known) = self.known.get(&(id, member)).copied().filter(|known| known.presence != presence)
        else {
            return;
        };
        self.strike(id, known);
        let Some(group) = self.groups.get_mut(widen(id.0)) else { return };
        let spot = group.rota_mut(presence).insert(known.number, member);
        self.known.insert((id, member), Known { presence, spot, ..known });
    }

    /// Removes a member; returns the group's filter when it was the last one.
    pub(super) fn leave(&mut self, id: GroupId, member: Member) -> Option<FilterId> {
        let known = self.known.remove(&(id, member))?;
        self.strike(id, known);
        let group = self.groups.get(widen(id.0))?;
        if !group.online.is_empty() || !group.offline.is_empty() {
            return None;
        }
        let group = self.groups.try_remove(widen(id.0))?;
        self.by_share.remove(&group.share);
        Some(group.filter)
    }

    /// Takes a member off its rota.
    fn strike(&mut self, id: GroupId, known: Known) {
        let Some(group) = self.groups.get_mut(widen(id.0)) else { return };
        if let Some(moved) = group.rota_mut(known.presence).remove(known.spot)
            && let Some(moved) = self.known.get_mut(&(id, moved))
        {
            moved.spot = known.spot;
        }
    }

    /// Picks the member for a message: one that is online, if there is one (MQTT 5.0 §4.8.2).
    ///
    /// `attempt` counts the members that could not take it; after some of them the message is given up.
    pub(super) fn choose(
        &mut self,
        id: GroupId,
        publisher: PublisherId,
        attempt: u16,
    ) -> Option<(Arc<str>, Member, Choice)> {
        let policy = self.policy;
        let group = self.groups.get_mut(widen(id.0))?;
        let attempt = usize::from(attempt);
        if attempt >= (group.online.len() + group.offline.len()).min(ATTEMPTS_MAX) {
            return None;
        }
        let (rota, choice) = if group.online.is_empty() {
            (&group.offline, Choice::Last)
        } else {
            (&group.online, Choice::Online)
        };
        let member = match policy {
            SharePolicy::RoundRobin => {
                let (number, member) = rota.in_turn(group.turn)?;
                group.turn = number + 1;
                member
            }
            SharePolicy::Sticky => {
                let (number, member) = rota.in_turn(group.turn + u64::from(attempt > 0))?;
                group.turn = number;
                member
            }
            SharePolicy::HashClientId => {
                let hash = usize::try_from(publisher.0 >> 8).unwrap_or(0);
                rota.by_hash(hash + attempt)?
            }
        };
        Some((group.share.clone(), member, choice))
    }
}

impl Group {
    fn rota_mut(&mut self, presence: Presence) -> &mut Rota {
        match presence {
            Presence::Online => &mut self.online,
            Presence::Offline => &mut self.offline,
        }
    }
}

#[cfg(test)]
mod tests;
