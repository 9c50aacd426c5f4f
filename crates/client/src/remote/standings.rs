//! Who was let in by an authentication service, and on what grounds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::{Denial, Generation, Vouched};

/// Those who were let in and are connected still, by the number of their verdict.
///
/// Who lets a client in enters it first and looks at the state of its grounds after that; who changes the grounds
/// changes them first and looks here after that: one of the two sees the other.
#[derive(Debug)]
pub(super) struct Standings<G>(Mutex<Table<G>>);

#[derive(Debug)]
struct Table<G> {
    entries: HashMap<u64, Entry<G>>,
    of_device: HashMap<DeviceId, Vec<u64>>,
    next: u64,
    /// At so many the gone are looked for.
    sweep_at: usize,
}

/// One who was let in.
#[derive(Debug)]
struct Entry<G> {
    /// Gone with the connection.
    who: Weak<Vouched>,
    client_id: Box<str>,
    peer: Option<IpAddr>,
    grounds: G,
    as_of: u64,
    /// Somebody looks after it: it may stay only as long as somebody does.
    is_looked_after: bool,
    rules: Generation,
    /// The grounds have changed since its connection was told its rights.
    is_renewed: bool,
    ended: Option<Denial>,
}

/// How somebody stands who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found<G> {
    /// As it was told.
    Unchanged,
    /// On these grounds, of which it was not told yet.
    Changed(G),
    /// Not any more.
    Ended(Denial),
}

/// A device that was let in, as its service is asked about it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) number: u64,
    pub(super) device: DeviceId,
    pub(super) credential: Option<CredentialId>,
    pub(super) client_id: Box<str>,
    pub(super) username: Option<Box<str>>,
    pub(super) peer: Option<IpAddr>,
}

/// Somebody who is let in.
pub(super) struct Newcomer<G> {
    pub(super) name: Option<Box<str>>,
    pub(super) device: Option<DeviceId>,
    pub(super) credential: Option<CredentialId>,
    pub(super) client_id: Box<str>,
    pub(super) peer: Option<IpAddr>,
    pub(super) grounds: G,
    /// The change of the service's registry that the verdict is at least as new as.
    pub(super) as_of: u64,
    /// Whether its service is asked about it again.
    pub(super) is_looked_after: bool,
    /// Which rules of files it was told.
    pub(super) rules: Generation,
}

const SWEEP_MIN: usize = 1_024;

impl<G: Clone> Standings<G> {
    /// Lets somebody in.
    pub(super) fn enter(&self, newcomer: Newcomer<G>) -> Arc<Vouched> {
        let Newcomer { name, device, credential, client_id, peer, grounds, as_of, is_looked_after, rules } =
            newcomer;
        let mut table = self.0.lock();
        table.sweep_if_grown();
        let number = table.next;
        table.next += 1;
        if let Some(device) = &device {
            table.of_device.entry(device.clone()).or_default().push(number);
        }
        let vouched = Arc::new(Vouched { name, device, credential, number });
        let who = Arc::downgrade(&vouched);
        let (is_renewed, ended) = (false, None);
        let entry = Entry { who, client_id, peer, grounds, as_of, is_looked_after, rules, is_renewed, ended };
        table.entries.insert(number, entry);
        vouched
    }

    /// How somebody stands; `looks_after` says whether the service of now is asked again about clients, `rules` are those of
    /// now, and `reads_otherwise` says whether they read otherwise than those of then.
    ///
    /// Whom somebody looked after has to come again when nobody does any more.
    pub(super) fn find(
        &self,
        number: u64,
        looks_after: bool,
        rules: Generation,
        reads_otherwise: impl Fn(Generation) -> bool,
    ) -> Found<G> {
        let mut table = self.0.lock();
        // Whoever asks holds what an entry is kept for.
        let Some(entry) = table.entries.get_mut(&number) else {
            return Found::Ended(Denial::ServiceNotAllowed);
        };
        if let Some(denial) = entry.ended {
            return Found::Ended(denial);
        }
        if entry.is_looked_after && !looks_after {
            entry.ended = Some(Denial::ServiceNotAllowed);
            return Found::Ended(Denial::ServiceNotAllowed);
        }
        let is_old = reads_otherwise(entry.rules);
        if !entry.is_renewed && !is_old {
            return Found::Unchanged;
        }
        (entry.is_renewed, entry.rules) = (false, rules);
        Found::Changed(entry.grounds.clone())
    }

    /// The devices among them whose verdict is older than `sequence`: those of `device`, or all.
    pub(super) fn held(&self, device: Option<&DeviceId>, sequence: u64) -> Vec<Held> {
        let table = self.0.lock();
        let held = |number: &u64| {
            let entry = table.entries.get(number)?;
            let who = entry.who.upgrade().filter(|_| entry.as_of < sequence && entry.ended.is_none())?;
            Some(Held {
                number: *number,
                device: who.device.clone()?,
                credential: who.credential,
                client_id: entry.client_id.clone(),
                username: who.name.clone(),
                peer: entry.peer,
            })
        };
        match device {
            Some(device) => table.of_device.get(device).into_iter().flatten().filter_map(held).collect(),
            None => table.entries.keys().filter_map(held).collect(),
        }
    }

    /// Somebody may stay, on other grounds than before.
    pub(super) fn renew(&self, number: u64, as_of: u64, grounds: impl FnOnce(&G) -> G) {
        if let Some(entry) = self.0.lock().entries.get_mut(&number) {
            (entry.grounds, entry.as_of, entry.is_renewed) = (grounds(&entry.grounds), as_of, true);
        }
    }

    /// Somebody may not stay.
    pub(super) fn end(&self, number: u64, denial: Denial) {
        if let Some(entry) = self.0.lock().entries.get_mut(&number) {
            entry.ended = Some(denial);
        }
    }

    /// Ends all of whom `is_meant` says so, by their name and Client Identifier; how many, and whether all of them
    /// are devices, which are named.
    pub(super) fn end_where(&self, denial: Denial, is_meant: impl Fn(&Vouched, &str) -> bool) -> usize {
        let mut table = self.0.lock();
        table.sweep();
        let mut count = 0;
        for entry in table.entries.values_mut() {
            let Some(who) = entry.who.upgrade().filter(|_| entry.ended.is_none()) else { continue };
            if is_meant(&who, &entry.client_id) {
                entry.ended = Some(denial);
                count += 1;
            }
        }
        count
    }

    /// Forgets those who are gone.
    pub(super) fn sweep(&self) {
        self.0.lock().sweep();
    }

    /// How many there are, some of whom may be gone.
    pub(super) fn len(&self) -> usize {
        self.0.lock().entries.len()
    }
}

impl<G> Default for Standings<G> {
    fn default() -> Self {
        Self(Mutex::new(Table {
            entries: HashMap::new(),
            of_device: HashMap::new(),
            next: 0,
            sweep_at: SWEEP_MIN,
        }))
    }
}

impl<G> Table<G> {
    fn sweep_if_grown(&mut self) {
        if self.entries.len() >= self.sweep_at {
            self.sweep();
        }
    }

    fn sweep(&mut self) {
        let before = self.entries.len();
        self.entries.retain(|_, entry| entry.who.strong_count() > 0);
        if self.entries.len() < before {
            self.of_device.retain(|_, numbers| {
                numbers.retain(|number| self.entries.contains_key(number));
                !numbers.is_empty()
            });
            self.entries.shrink_to(self.entries.len() * 2);
        }
        self.sweep_at = SWEEP_MIN.max(self.entries.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newcomer(device: Option<&str>, grounds: u8, as_of: u64) -> Newcomer<u8> {
        Newcomer {
            name: Some("u".into()),
            device: device.map(|id| id.parse().unwrap()),
            credential: None,
            client_id: "c".into(),
            peer: None,
            grounds,
            as_of,
            is_looked_after: true,
            rules: Generation::FIRST,
        }
    }

    #[test]
    fn who_is_gone_leaves_nothing_behind() {
        let standings = Standings::default();
        let kept = standings.enter(newcomer(Some("kept"), 1, 1));
        for number in 0..100_000_u32 {
            drop(standings.enter(newcomer(Some(&format!("d{number}")), 1, 1)));
        }
        assert!(standings.len() <= SWEEP_MIN, "{}", standings.len());
        standings.sweep();
        let table = standings.0.lock();
        assert_eq!((table.entries.len(), table.of_device.len()), (1, 1));
        assert!(table.entries.contains_key(&kept.number));
    }

    #[test]
    fn a_change_is_told_once_and_an_end_for_ever() {
        let standings = Standings::default();
        let one = standings.enter(newcomer(Some("d"), 1, 5));
        let find = || standings.find(one.number, true, Generation::FIRST, |_| false);
        assert_eq!(find(), Found::Unchanged);
        assert!(standings.held(one.device.as_ref(), 5).is_empty(), "it is as new as that");
        let held = standings.held(one.device.as_ref(), 6);
        assert_eq!(held.iter().map(|held| held.number).collect::<Vec<_>>(), [one.number]);
        standings.renew(one.number, 6, |_| 2);
        assert_eq!((find(), find()), (Found::Changed(2), Found::Unchanged));
        assert!(standings.held(None, 6).is_empty());
        standings.end(one.number, Denial::ServiceNotAllowed);
        let ended = Found::Ended(Denial::ServiceNotAllowed);
        assert_eq!((find(), find()), (ended.clone(), ended));
        assert!(standings.held(None, 7).is_empty(), "nobody is asked about who has ended");
    }

    #[test]
    fn whom_nobody_looks_after_any_more_has_to_come_again() {
        let standings = Standings::default();
        let one = standings.enter(newcomer(Some("d"), 1, 0));
        let ended = Found::Ended(Denial::ServiceNotAllowed);
        assert_eq!(standings.find(one.number, false, Generation::FIRST, |_| false), ended);
    }

    #[test]
    fn rules_of_files_that_read_otherwise_are_told() {
        let standings = Standings::default();
        let one = standings.enter(newcomer(None, 1, 0));
        let found = standings.find(one.number, true, Generation::FIRST, |then| then == Generation::FIRST);
        assert_eq!(found, Found::Changed(1));
    }

    #[test]
    fn those_who_are_meant_are_ended() {
        let standings = Standings::default();
        let (one, other) =
            (standings.enter(newcomer(Some("a"), 1, 0)), standings.enter(newcomer(None, 1, 0)));
        let count = standings.end_where(Denial::ServiceNotAllowed, |who, _| who.device.is_some());
        assert_eq!(count, 1);
        let find = |vouched: &Vouched| standings.find(vouched.number, true, Generation::FIRST, |_| false);
        assert_eq!((find(&one), find(&other)), (Found::Ended(Denial::ServiceNotAllowed), Found::Unchanged));
    }
}
