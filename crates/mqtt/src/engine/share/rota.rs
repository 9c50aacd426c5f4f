use std::collections::BTreeMap;

use super::Member;
use crate::engine::SharePolicy;

/// Members of a group that are all online, or all offline, in the order in which one is chosen for a message.
#[derive(Debug)]
pub(super) enum Rota {
    /// One after the other, by the number of its member.
    InTurn(BTreeMap<u64, Member>),
    /// Any of them, by its position; who leaves is replaced by the last.
    ByHash(Vec<Member>),
}

/// Where a member is in its rota: its number, or its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot(u64);

impl Rota {
    pub(super) fn new(policy: SharePolicy) -> Self {
        match policy {
            SharePolicy::RoundRobin | SharePolicy::Sticky => Self::InTurn(BTreeMap::new()),
            SharePolicy::HashClientId => Self::ByHash(Vec::new()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::InTurn(members) => members.len(),
            Self::ByHash(members) => members.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn insert(&mut self, number: u64, member: Member) -> Spot {
        match self {
            Self::InTurn(members) => {
                members.insert(number, member);
                Spot(number)
            }
            Self::ByHash(members) => {
                members.push(member);
                Spot(members.len() as u64 - 1)
            }
        }
    }

    /// Removes who is there. Returns the member that is there now, if another one took its place.
    pub(super) fn remove(&mut self, spot: Spot) -> Option<Member> {
        match self {
            Self::InTurn(members) => {
                members.remove(&spot.0);
                None
            }
            Self::ByHash(members) => {
                let position = usize::try_from(spot.0).ok().filter(|position| *position < members.len())?;
                members.swap_remove(position);
                members.get(position).copied()
            }
        }
    }

    /// The first member at or behind `from`, and its number; behind the last comes the first.
    pub(super) fn in_turn(&self, from: u64) -> Option<(u64, Member)> {
        match self {
            Self::InTurn(members) => {
                let found = members.range(from..).next().or_else(|| members.first_key_value());
                found.map(|(number, member)| (*number, *member))
            }
            Self::ByHash(_) => None,
        }
    }

    pub(super) fn by_hash(&self, hash: usize) -> Option<Member> {
        match self {
            Self::InTurn(_) => None,
            Self::ByHash(members) => members.get(hash % members.len().max(1)).copied(),
        }
    }
}
