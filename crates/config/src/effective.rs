//! The values in effect, and where each comes from.

use crate::hocon::Place;
use crate::inspect::Found;
use crate::outcome::Outcome;
use crate::schema::{Effect, Row, rows};

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

/// What was found, and the defaults of what was not, in the order of the table. `has_default` says of a key whether
/// its default is in effect.
pub(crate) fn entries(found: Vec<Found>, has_default: &dyn Fn(&str) -> bool) -> Vec<Entry> {
    let index = |row: &Row| rows().position(|other| std::ptr::eq(other, row)).unwrap_or(usize::MAX);
    let mut entries: Vec<(usize, Entry)> = Vec::new();
    for row in rows().filter(|row| row.effect == Effect::Acts && row.variable().is_some()) {
        let (key, shown) = (row.path.replace("(.*)", ""), row.default_text());
        if !shown.is_empty() && has_default(&key) && !found.iter().any(|found| found.path == key) {
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
        let keys = |entries: &[Entry]| {
            let mut keys: Vec<String> = Vec::new();
            for entry in entries {
                if !keys.contains(&entry.key) {
                    keys.push(entry.key.clone());
                }
            }
            keys
        };
        let mut all = keys(&self.entries);
        all.extend(
            keys(&before.entries)
                .into_iter()
                .filter(|key| !self.entries.iter().any(|entry| entry.key == *key)),
        );
        let said = |entries: &[Entry], key: &str| -> Option<(String, Vec<Box<[u8]>>)> {
            let of_key: Vec<&Entry> = entries.iter().filter(|entry| entry.key == key).collect();
            let shown: Vec<&str> = of_key.iter().map(|entry| &*entry.shown).collect();
            let marks = of_key.iter().map(|entry| entry.mark.clone()).collect();
            (!of_key.is_empty()).then(|| (shown.join(", "), marks))
        };
        let change = |key: String| {
            let (before, after) = (said(&before.entries, &key), said(&self.entries, &key));
            let differs = match (&before, &after) {
                // A default that is written out changes nothing.
                (Some((one, _)), Some((other, _))) if one == other && one != "(hidden)" => false,
                _ => before != after,
            };
            differs.then(|| Change {
                key,
                before: before.map(|(shown, _)| shown),
                after: after.map(|(shown, _)| shown),
            })
        };
        all.into_iter().filter_map(change).collect()
    }
}
