use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use hyper::body::Bytes;
use tokio::time::Instant;
use vouchmq_identity::store::Digest;

/// Whose key, and which.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) principal: Box<str>,
    pub(super) key: Box<str>,
}

/// How a request was answered.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Whole { status: StatusCode, headers: Vec<(HeaderName, HeaderValue)>, body: Bytes },
    Secret { location: Box<str> },
    TooLarge,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing: now the request is in flight.
    New,
    InFlight,
    Other,
    Kept(Answer),
    /// Nothing can be forgotten.
    Full,
}

/// Requests by their keys, as many as there is room for.
#[derive(Debug)]
pub(super) struct Table {
    entries: HashMap<Key, Entry>,
    /// Keys whose answer is kept, the oldest first.
    order: VecDeque<(Instant, Key)>,
    byte_count: usize,
    /// What each principal has of it.
    shares: HashMap<Box<str>, Share>,
    entries_max: usize,
    bytes_max: usize,
    kept_for: Duration,
}

/// What is kept for one principal, in flight or answered.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    entry_count: usize,
    byte_count: usize,
}

/// One principal has at most this part of the table.
const PART: usize = 4;

#[derive(Debug)]
struct Entry {
    request: Digest,
    answer: Option<Answer>,
}

// === impl Table ===

impl Table {
    pub(super) fn new(entries_max: usize, bytes_max: usize, kept_for: Duration) -> Self {
        let (entries, order, shares) = (HashMap::new(), VecDeque::new(), HashMap::new());
        Self { entries, order, byte_count: 0, shares, entries_max, bytes_max, kept_for }
    }

    /// Looks a key up, and takes it if it is free.
    pub(super) fn begin(&mut self, key: &Key, request: Digest, now: Instant) -> Found {
        while let Some((since, _)) = self.order.front()
            && now.saturating_duration_since(*since) >= self.kept_for
        {
            self.forget_oldest();
        }
        if let Some(entry) = self.entries.get(key) {
            return match &entry.answer {
                _ if entry.request != request => Found::Other,
                None => Found::InFlight,
                Some(answer) => Found::Kept(answer.clone()),
            };
        }
        let own = self.share(&key.principal).entry_count;
        if own >= self.entries_max / PART && !self.forget_oldest_of(&key.principal) {
            return Found::Full;
        }
        if self.entries.len() >= self.entries_max && !self.forget_oldest() {
            return Found::Full;
        }
        self.shares.entry(key.principal.clone()).or_default().entry_count += 1;
        self.entries.insert(key.clone(), Entry { request, answer: None });
        Found::New
    }

    /// Keeps the answer to a request that is in flight.
    pub(super) fn finish(&mut self, key: Key, answer: Answer) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let len = answer.len();
        self.byte_count = self.byte_count.saturating_add(len);
        if let Some(share) = self.shares.get_mut(&key.principal) {
            share.byte_count = share.byte_count.saturating_add(len);
        }
        entry.answer = Some(answer);
        self.order.push_back((Instant::now(), key.clone()));
        let part = self.bytes_max / PART;
        while self.share(&key.principal).byte_count > part && self.forget_oldest_of(&key.principal) {}
        while self.byte_count > self.bytes_max && self.forget_oldest() {}
    }

    /// Forgets a request that is in flight.
    pub(super) fn forget(&mut self, key: &Key) {
        let Some(entry) = self.entries.remove(key) else { return };
        let len = entry.answer.map_or(0, |answer| answer.len());
        self.byte_count = self.byte_count.saturating_sub(len);
        let Some(share) = self.shares.get_mut(&key.principal) else { return };
        share.byte_count = share.byte_count.saturating_sub(len);
        share.entry_count = share.entry_count.saturating_sub(1);
        if share.entry_count == 0 {
            self.shares.remove(&key.principal);
        }
    }

    fn share(&self, principal: &str) -> Share {
        self.shares.get(principal).copied().unwrap_or_default()
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((_, key)) = self.order.pop_front() else { return false };
        self.forget(&key);
        true
    }

    fn forget_oldest_of(&mut self, principal: &str) -> bool {
        let at = self.order.iter().position(|(_, key)| *key.principal == *principal);
        let Some((_, key)) = at.and_then(|at| self.order.remove(at)) else { return false };
        self.forget(&key);
        true
    }
}

// === impl Answer ===

impl Answer {
    fn len(&self) -> usize {
        match self {
            Self::Whole { headers, body, .. } => {
                body.len()
                    + headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
            }
            Self::Secret { location } => location.len(),
            Self::TooLarge => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Key {
        Key { principal: "admin".into(), key: number.to_string().into() }
    }

    fn whole(len: usize) -> Answer {
        Answer::Whole { status: StatusCode::CREATED, headers: Vec::new(), body: vec![b'x'; len].into() }
    }

    fn table() -> (Table, Digest, Instant) {
        (Table::new(12, 400, Duration::from_secs(60)), Digest::of(&["request"]), Instant::now())
    }

    #[tokio::test]
    async fn the_oldest_answers_make_room_and_requests_in_flight_do_not() {
        let (mut table, request, now) = table();
        for number in 0..3 {
            assert!(matches!(table.begin(&key(number), request, now), Found::New));
        }
        assert!(matches!(table.begin(&key(3), request, now), Found::Full));
        table.finish(key(1), whole(1));
        assert!(matches!(table.begin(&key(3), request, now), Found::New));
        assert!(matches!(table.begin(&key(0), request, now), Found::InFlight));
        assert!(matches!(table.begin(&key(0), Digest::of(&["other"]), now), Found::Other));
        table.forget(&key(0));
        assert!(matches!(table.begin(&key(1), request, now), Found::New), "it was forgotten");
    }

    #[tokio::test]
    async fn bytes_are_bounded_too() {
        let (mut table, request, now) = table();
        for number in 0..2 {
            let _ = table.begin(&key(number), request, now);
            table.finish(key(number), whole(60));
        }
        assert_eq!(table.byte_count, 60);
        assert!(matches!(table.begin(&key(1), request, now), Found::Kept(_)));
        assert!(matches!(table.begin(&key(0), request, now), Found::New));
    }

    #[tokio::test]
    async fn one_principal_pushes_out_no_answers_of_another() {
        let (mut table, request, now) = table();
        let mine = Key { principal: "ann".into(), key: "1".into() };
        let _ = table.begin(&mine, request, now);
        table.finish(mine.clone(), whole(60));
        for number in 0..100 {
            assert!(matches!(table.begin(&key(number), request, now), Found::New));
            table.finish(key(number), whole(60));
        }
        assert!(matches!(table.begin(&mine, request, now), Found::Kept(_)));
        assert_eq!(table.shares.values().map(|share| share.byte_count).sum::<usize>(), table.byte_count);
        for number in 200..203 {
            assert!(matches!(table.begin(&key(number), request, now), Found::New));
        }
        assert!(matches!(table.begin(&key(203), request, now), Found::Full));
        let other = Key { key: "2".into(), ..mine };
        assert!(matches!(table.begin(&other, request, now), Found::New), "others have their own part");
        (200..203).for_each(|number| table.forget(&key(number)));
        assert_eq!(table.shares.len(), 1);
    }

    #[tokio::test]
    async fn an_answer_is_kept_for_its_time() {
        let (mut table, request, now) = table();
        let _ = table.begin(&key(0), request, now);
        table.finish(key(0), whole(1));
        assert!(matches!(table.begin(&key(0), request, now + Duration::from_secs(59)), Found::Kept(_)));
        assert!(matches!(table.begin(&key(0), request, now + Duration::from_secs(61)), Found::New));
        assert_eq!((table.order.len(), table.byte_count), (0, 0));
    }
}
