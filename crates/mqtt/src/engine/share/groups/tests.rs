use std::collections::BTreeSet;

use super::*;
use crate::engine::ShardId;
use crate::session::SessionId;
use crate::topic::{FilterMap, HashSeed, TopicFilter};

const LARGE: u32 = 20_000;

fn member(index: u32) -> Member {
    Member { shard: ShardId(1), session: SessionId { index, generation: 1 } }
}

/// A group without members.
fn group(policy: SharePolicy) -> (Groups, GroupId) {
    let filter: TopicFilter = "t".parse().unwrap();
    let filter = FilterMap::new(HashSeed::new([1, 2])).get_or_insert_with(filter.as_filter(), || ());
    let mut groups = Groups::new(policy);
    let id = groups.add("$share/g/t".into(), filter);
    (groups, id)
}

fn choose(groups: &mut Groups, id: GroupId, publisher: u64, attempt: u16) -> Option<(Member, Choice)> {
    groups.choose(id, PublisherId(publisher << 8), attempt).map(|(_, member, choice)| (member, choice))
}

/// Members in the order in which they joined, looked through from the front each time.
#[derive(Default)]
struct Model {
    members: Vec<(Member, Presence)>,
    next: usize,
}

impl Model {
    fn position(&self, member: Member) -> Option<usize> {
        self.members.iter().position(|(known, _)| *known == member)
    }

    fn set(&mut self, member: Member, presence: Presence) {
        if let Some(position) = self.position(member) {
            self.members[position].1 = presence;
        }
    }

    fn leave(&mut self, member: Member) {
        if let Some(position) = self.position(member) {
            self.members.remove(position);
            self.next -= usize::from(position < self.next);
        }
    }

    fn candidates(&self) -> Vec<Member> {
        let of = |wanted| {
            let members = self.members.iter().filter(move |(_, presence)| *presence == wanted);
            members.map(|(member, _)| *member).collect::<Vec<_>>()
        };
        let online = of(Presence::Online);
        if online.is_empty() { of(Presence::Offline) } else { online }
    }

    fn choose(&mut self, policy: SharePolicy, attempt: u16) -> Option<Member> {
        let candidates = self.candidates();
        let is_sticky = policy == SharePolicy::Sticky;
        let start = self.next + usize::from(is_sticky && attempt > 0);
        let len = self.members.len();
        let position = (0..len)
            .map(|step| (start + step) % len)
            .find(|position| candidates.contains(&self.members[*position].0))?;
        self.next = position + usize::from(!is_sticky);
        Some(self.members[position].0)
    }
}

#[test]
fn the_choice_is_that_of_who_looks_through_all_members() {
    for policy in [SharePolicy::RoundRobin, SharePolicy::Sticky, SharePolicy::HashClientId] {
        let ((mut groups, id), mut model) = (group(policy), Model::default());
        // One who stays, so that the group does too.
        groups.join(id, member(1000));
        model.members.push((member(1000), Presence::Online));
        let mut seed = 7u32;
        for step in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (who, what) = (member(seed >> 16 & 15), seed >> 24 & 7);
            match what {
                0 | 1 => {
                    groups.join(id, who);
                    match model.position(who) {
                        Some(_) => model.set(who, Presence::Online),
                        None => model.members.push((who, Presence::Online)),
                    }
                }
                2 => {
                    assert_eq!(groups.leave(id, who), None);
                    model.leave(who);
                }
                3 | 4 => {
                    let presence = if what == 3 { Presence::Online } else { Presence::Offline };
                    let who = if seed >> 20 & 3 == 0 { member(1000) } else { who };
                    groups.set_presence(id, who, presence);
                    model.set(who, presence);
                }
                _ => {
                    for attempt in 0..u16::try_from(model.members.len().min(2)).unwrap() {
                        let (chosen, choice) = choose(&mut groups, id, 3, attempt).unwrap();
                        assert!(model.candidates().contains(&chosen), "{policy:?}, step {step}");
                        let is_online = model.members.contains(&(chosen, Presence::Online));
                        assert_eq!(choice == Choice::Online, is_online);
                        if policy != SharePolicy::HashClientId {
                            assert_eq!(
                                Some(chosen),
                                model.choose(policy, attempt),
                                "{policy:?}, step {step}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_large_group_serves_each_of_its_members_once_a_round() {
    let (mut groups, id) = group(SharePolicy::RoundRobin);
    (0..LARGE).for_each(|index| groups.join(id, member(index)));
    let round = |groups: &mut Groups, count: u32| {
        (0..count).map(|_| choose(groups, id, 0, 0).unwrap().0).collect::<BTreeSet<_>>()
    };
    assert_eq!(round(&mut groups, LARGE).len(), LARGE as usize);
    let is_even = |index: &u32| index.is_multiple_of(2);
    (0..LARGE).filter(is_even).for_each(|index| groups.set_presence(id, member(index), Presence::Offline));
    let odd: BTreeSet<_> = (0..LARGE).filter(|index| !is_even(index)).map(member).collect();
    assert_eq!(round(&mut groups, LARGE / 2), odd);
    (1..LARGE).for_each(|index| assert_eq!(groups.leave(id, member(index)), None));
    assert_eq!(choose(&mut groups, id, 0, 0), Some((member(0), Choice::Last)));
    assert!(groups.leave(id, member(0)).is_some(), "the last one");
    assert_eq!((groups.len(), groups.known.len(), groups.by_share.len()), (0, 0, 0));
}

#[test]
fn the_members_of_a_large_group_have_their_publishers() {
    let (mut groups, id) = group(SharePolicy::HashClientId);
    (0..LARGE).for_each(|index| groups.join(id, member(index)));
    let of_all = |groups: &mut Groups| {
        let chosen = (0..u64::from(LARGE)).map(|publisher| choose(groups, id, publisher, 0).unwrap().0);
        chosen.collect::<Vec<_>>()
    };
    let first = of_all(&mut groups);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), LARGE as usize);
    assert_eq!(of_all(&mut groups), first);
    for index in (0..LARGE).filter(|index| index % 10 != 0) {
        groups.set_presence(id, member(index), Presence::Offline);
    }
    let online = of_all(&mut groups).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(online, (0..LARGE).step_by(10).map(member).collect());
}
