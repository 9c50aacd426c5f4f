//! The values in effect, and where each comes from.

use std::collections::{BTreeMap, BTreeSet};

use crate::hocon::Place;
use crate::inspect::Found;
use crate::outcome::Outcome;
use crate::schema::{Effect, Row, rows};
use crate::url::MASK;
use crate::value::HIDDEN;

/// A value in effect, or one that has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective<'a> {
    /// The key.
    pub key: &'a str,
    /// The value; `(hidden)` for a secret.
    pub value: &'a str,
    /// Where it comes from: `nanomq.conf:12:3`, `VOUCHMQ_…`, `--set`, `default`.
    pub origin: String,
    /// Whether it does something.
    pub acts: bool,
}

/// A key whose value differs between two configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// What it was, if it was there.
    pub before: Option<String>,
    /// What it is, if it is there.
    pub after: Option<String>,
}

/// A value, and where it stands, or that it is the default.
#[derive(Clone)]
pub(crate) struct Entry {
    key: String,
    shown: String,
    place: Option<Place>,
    acts: bool,
    mark: Box<[u8]>,
}

/// What was found, and the defaults of what was not, in the order of the table. `default_of` says of a row and
/// its key which default is in effect, if one is.
pub(crate) fn entries(found: Vec<Found>, default_of: &dyn Fn(&Row, &str) -> Option<String>) -> Vec<Entry> {
    let numbers: BTreeMap<*const Row, usize> =
        rows().enumerate().map(|(number, row)| (std::ptr::from_ref(row), number)).collect();
    let index = |row: &Row| numbers.get(&std::ptr::from_ref(row)).copied().unwrap_or(usize::MAX);
    let said: BTreeSet<String> = found.iter().map(|found| found.path.clone()).collect();
    let mut entries: Vec<(usize, Entry)> = Vec::new();
    for row in rows().filter(|row| row.effect == Effect::Acts && row.variable().is_some()) {
        let key = row.path.replace("(.*)", "");
        if said.contains(&key) {
            continue;
        }
        if let Some(shown) = default_of(row, &key).filter(|shown| !shown.is_empty()) {
            entries.push((index(row), Entry { key, shown, place: None, acts: true, mark: Box::default() }));
        }
    }
    for Found { path: key, place, row, shown, mark } in found {
        let acts = row.effect == Effect::Acts;
        entries.push((index(row), Entry { key, shown, place: Some(place), acts, mark }));
    }
    // Those of one row keep the order of the file.
    entries.sort_by_key(|(index, _)| *index);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

impl Entry {
    /// The number of what it comes from; `None` for a default.
    pub(crate) fn file(&self) -> Option<u16> {
        self.place.map(|place| place.file)
    }

    pub(crate) fn shown(&self, place: impl Fn(Place) -> String) -> Effective<'_> {
        let origin = self.place.map_or_else(|| "default".to_owned(), place);
        Effective { key: &self.key, value: &self.shown, origin, acts: self.acts }
    }
}

/// The mark may be a secret.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {}", self.key, self.shown)
    }
}

impl Outcome {
    /// What differs from another configuration, key by key; members of lists are told together.
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let (now, earlier) = (by_key(&self.entries), by_key(&before.entries));
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let all = self.entries.iter().chain(&before.entries).map(|entry| &*entry.key);
        let all = all.filter(|key| seen.insert(key));
        let change = |key: &str| {
            let before = earlier.get(key).map(|entries| said(entries));
            let after = now.get(key).map(|entries| said(entries));
            let differs = match (&before, &after) {
                // A default that is written out changes nothing.
                (Some((one, _)), Some((other, _))) if one == other && is_whole(one) => false,
                _ => before != after,
            };
            differs.then(|| Change {
                key: key.to_owned(),
                before: before.map(|(shown, _)| shown),
                after: after.map(|(shown, _)| shown),
            })
        };
        all.filter_map(change).collect()
    }
}

/// Whether nothing is left out of what is shown.
fn is_whole(shown: &str) -> bool {
    shown != HIDDEN && !shown.contains(MASK)
}

/// The entries of each key, in one walk.
fn by_key(entries: &[Entry]) -> BTreeMap<&str, Vec<&Entry>> {
    let mut by_key: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_key.entry(&entry.key).or_default().push(entry);
    }
    by_key
}

/// What a key says, as it is shown and as it is.
fn said<'a>(of_key: &[&'a Entry]) -> (String, Vec<&'a [u8]>) {
    let shown: Vec<&str> = of_key.iter().map(|entry| &*entry.shown).collect();
    (shown.join(", "), of_key.iter().map(|entry| &*entry.mark).collect())
}
