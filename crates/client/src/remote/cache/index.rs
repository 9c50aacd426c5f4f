//! Entries by what they are about: lists that run through the places of the entries, so that each name costs one place
//! in a table, and an entry leaves all its lists at once.

use std::collections::HashMap;

/// What an entry can be found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Device(u64),
    User(u64),
    Client(u64),
    Identity(u64),
}

/// The place of an entry.
pub(super) type Place = u32;
/// The names of an entry.
pub(super) type Names = [Option<Name>; 4];

/// Lists of entries by name, the newest first.
#[derive(Debug, Default)]
pub(super) struct Index {
    newest: HashMap<Name, Place>,
    links: Vec<[Option<Link>; 4]>,
}

/// An entry among those of one of its names.
#[derive(Clone, Copy, Debug)]
struct Link {
    name: Name,
    newer: Option<Place>,
    older: Option<Place>,
}

/// What an entry takes here at worst, in bytes: all its names are its own, and the table has just grown.
pub(super) const INDEX_BYTES: usize =
    size_of::<[Option<Link>; 4]>() + 4 * (2 * (size_of::<(Name, Place)>() + 1) * 8 / 7);

impl Index {
    /// The entry at `place` becomes the newest of all its names.
    pub(super) fn insert(&mut self, place: Place, names: Names) {
        if self.links.len() <= at(place) {
            self.links.resize(at(place) + 1, [None; 4]);
        }
        self.links[at(place)] = names.map(|name| {
            let name = name?;
            let older = self.newest.insert(name, place);
            Some(Link { name, newer: None, older })
        });
        for link in self.links[at(place)].into_iter().flatten() {
            if let Some(older) = link.older.and_then(|older| self.link(older, link.name)) {
                older.newer = Some(place);
            }
        }
    }

    /// The entry at `place` leaves all lists.
    pub(super) fn remove(&mut self, place: Place) {
        let Some(links) = self.links.get_mut(at(place)).map(std::mem::take) else { return };
        for Link { name, newer, older } in links.into_iter().flatten() {
            if let Some(link) = older.and_then(|older| self.link(older, name)) {
                link.newer = newer;
            }
            match (newer, older) {
                (Some(newer), _) => {
                    if let Some(link) = self.link(newer, name) {
                        link.older = older;
                    }
                }
                (None, Some(older)) => {
                    self.newest.insert(name, older);
                }
                (None, None) => {
                    self.newest.remove(&name);
                }
            }
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The entries that have this name, the newest first.
    pub(super) fn places(&self, name: Name) -> impl Iterator<Item = Place> {
        std::iter::successors(self.newest.get(&name).copied(), move |place| {
            self.links.get(at(*place))?.iter().flatten().find(|link| link.name == name)?.older
        })
    }

    fn link(&mut self, place: Place, name: Name) -> Option<&mut Link> {
        self.links.get_mut(at(place))?.iter_mut().flatten().find(|link| link.name == name)
    }
}

pub(super) const fn at(place: Place) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_in_the_list_of_each_of_its_names_until_it_leaves_them() {
        let mut index = Index::default();
        let (device, user) = (Name::Device(1), Name::User(1));
        let places = |index: &Index, name| index.places(name).collect::<Vec<_>>();
        for place in 0..4 {
            index.insert(place, [Some(device), (place != 2).then_some(user), None, None]);
        }
        assert_eq!(places(&index, device), [3, 2, 1, 0]);
        assert_eq!(places(&index, user), [3, 1, 0]);
        index.remove(1);
        assert_eq!((places(&index, device), places(&index, user)), (vec![3, 2, 0], vec![3, 0]));
        index.remove(3);
        index.remove(3);
        assert_eq!((places(&index, device), places(&index, user)), (vec![2, 0], vec![0]));
        index.remove(0);
        index.remove(2);
        assert!(index.newest.is_empty() && places(&index, user).is_empty());
    }
}
