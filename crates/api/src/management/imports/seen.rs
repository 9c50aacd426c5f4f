use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// What a dry run would have entered, by a hash of its id: a row that repeats it would be skipped.
#[derive(Debug, Default)]
pub(super) struct Seen {
    hashes: HashSet<u64>,
    state: RandomState,
}

/// Of more rows a repetition is not noticed.
const LEN_MAX: usize = 1_000_000;

impl Seen {
    /// Whether this was there before.
    pub(super) fn is_again(&mut self, id: Option<&str>) -> bool {
        let Some(id) = id else { return false };
        let hash = self.state.hash_one(id);
        if self.hashes.len() < LEN_MAX { !self.hashes.insert(hash) } else { self.hashes.contains(&hash) }
    }
}
