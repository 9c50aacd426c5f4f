use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who traces, and how often: one caller leaves room for others.
#[derive(Clone, Debug, Default)]
pub(in crate::management) struct Places(Arc<Mutex<HashMap<Box<str>, usize>>>);

/// One trace of a caller; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    caller: Box<str>,
}

/// Traces of one caller.
const OF_CALLER_MAX: usize = 3;

impl Places {
    /// One more for this caller; `None` if there are as many as may be.
    pub(super) fn take(&self, caller: &str) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller.into()).or_default();
        if *count >= OF_CALLER_MAX {
            return None;
        }
        *count += 1;
        Some(Place { places: self.clone(), caller: caller.into() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get_mut(&self.caller) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&self.caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_has_three_and_leaves_the_rest_to_others() {
        let places = Places::default();
        let mut mine: Vec<_> = (0..4).map(|_| places.take("ann")).collect();
        assert!(mine.pop().is_some_and(|fourth| fourth.is_none()) && mine.iter().all(Option::is_some));
        assert!(places.take("bob").is_some());
        mine.pop();
        assert!(places.take("ann").is_some());
        mine.clear();
        assert!(places.0.lock().unwrap().is_empty());
    }
}
