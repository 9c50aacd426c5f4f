//! Maps: members in the order in which they are written.

use std::collections::BTreeMap;
use std::fmt;

use super::include::shown;
use super::{Kind, Member, Notes, Place, Value};
use super::{Note, Severity};

/// Members in the order in which they are written; no two have exactly the same key.
///
/// Two may differ by case only: names of users are told apart by it, keys of a configuration are not, and only the
/// schema knows which is which.
#[derive(Clone, Default, PartialEq)]
pub struct Map {
    members: Vec<Member>,
}

/// That a key stands twice and the first one no longer counts.
pub(super) fn repeated(key: &str, first: Place, last: Place) -> Note {
    let text = format!("`{}` is set twice: the last one counts", shown(key));
    Note::new(Severity::Warning, last, text).hint("remove one of them").related(first)
}

// === impl Map ===

impl Map {
    /// The first member with this key, whatever its case. After [`Self::fold_case`] it is the only one.
    pub fn get(&self, key: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.key.eq_ignore_ascii_case(key))
    }

    /// The member with exactly this key.
    pub fn exactly(&self, key: &str) -> Option<&Member> {
        self.members.iter().find(|member| &*member.key == key)
    }

    /// All members.
    pub fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.members.iter()
    }

    /// All members, to change their values: to fold the maps below.
    pub fn values_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.members.iter_mut().map(|member| (&*member.key, &mut member.value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Makes one member of those whose keys differ by case only: maps merge, of anything else the last one counts,
    /// with a warning. Of this map only, not of those below it.
    pub fn fold_case(&mut self, notes: &mut Notes) {
        self.unify(|key| key.to_ascii_lowercase().into(), &mut Some(notes));
    }

    /// The value of exactly this key, to change it.
    pub(crate) fn exactly_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.members.iter_mut().find(|member| &*member.key == key).map(|member| &mut member.value)
    }

    /// Says what exactly this key is, whatever it was.
    pub(crate) fn set(&mut self, key: Box<str>, value: Value) {
        match self.exactly_mut(&key) {
            Some(known) => *known = value,
            None => self.members.push(Member { key, place: value.place, value }),
        }
    }

    /// Takes out exactly this key; whether it was there.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let before = self.members.len();
        self.members.retain(|member| &*member.key != key);
        self.members.len() < before
    }

    /// Adds the members of each of `later`: what both have merges, or the later one counts.
    pub(super) fn merge(&mut self, later: Vec<Self>) {
        self.members.extend(later.into_iter().flat_map(|map| map.members));
        self.unify(|key| key.into(), &mut None);
    }

    /// One member for each key. All that is said about a key is gathered first, so that maps merge once.
    fn unify(&mut self, same: impl Fn(&str) -> Box<str>, notes: &mut Option<&mut Notes>) {
        let mut index: BTreeMap<Box<str>, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<Member>> = Vec::new();
        for member in std::mem::take(&mut self.members) {
            let at = *index.entry(same(&member.key)).or_insert(groups.len());
            match groups.get_mut(at) {
                Some(group) => group.push(member),
                None => groups.push(vec![member]),
            }
        }
        self.members = groups.into_iter().filter_map(|group| one_of(group, notes)).collect();
    }
}

/// What members with one key come to: the last one, or the maps together that nothing else came after.
fn one_of(group: Vec<Member>, notes: &mut Option<&mut Notes>) -> Option<Member> {
    let mut members = group.into_iter();
    let mut one = members.next()?;
    let mut is_merged = false;
    for later in members {
        match (&mut one.value.kind, later.value.kind) {
            (Kind::Map(map), Kind::Map(other)) => {
                map.members.extend(other.members);
                is_merged = true;
            }
            (_, kind) => {
                if let Some(notes) = notes {
                    notes.push(repeated(&later.key, one.place, later.place));
                }
                let value = Value { kind, place: later.value.place };
                one = Member { key: one.key, place: later.place, value };
                is_merged = false;
            }
        }
    }
    if let (Kind::Map(map), true) = (&mut one.value.kind, is_merged) {
        map.unify(|key| key.into(), notes);
    }
    Some(one)
}

impl FromIterator<Member> for Map {
    /// The keys must differ.
    fn from_iter<T: IntoIterator<Item = Member>>(members: T) -> Self {
        Self { members: members.into_iter().collect() }
    }
}

impl IntoIterator for Map {
    type Item = Member;
    type IntoIter = std::vec::IntoIter<Member>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Member;
    type IntoIter = std::slice::Iter<'a, Member>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.iter()
    }
}

// --- shapes only: any text may be a secret

impl fmt::Debug for Map {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.members.iter().map(|member| (&member.key, &member.value))).finish()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(out)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => value.fmt(out),
            Self::Word(text) => write!(out, "word of {} bytes", text.len()),
            Self::Text(text) => write!(out, "text of {} bytes", text.len()),
            Self::List(items) => out.debug_list().entries(items).finish(),
            Self::Map(map) => map.fmt(out),
        }
    }
}
