use super::*;

mod model;

const SECRET: [u8; SECRET_BYTES] = [9; SECRET_BYTES];

fn options() -> CacheOptions {
    CacheOptions { ttl: seconds(300), negative_ttl: seconds(60), ..CacheOptions::default() }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn cache(options: &CacheOptions) -> Cache<u32> {
    Cache::new(options, &SECRET)
}

fn key(cache: &Cache<u32>, name: &str, password: &str) -> Key {
    cache.keys().key(name, Some(name), Some(password.as_bytes()), &[])
}

fn verdict<'a>(value: u32, allows: bool, device_id: &'a str) -> Verdict<'a, u32> {
    let device_id = Some(device_id);
    Verdict { value, allows, device_id, as_of: None, bounds: Bounds::default(), bytes: 100 }
}

/// Stores with no jitter.
fn store(cache: &Cache<u32>, key: &Key, verdict: Verdict<'_, u32>, now: Duration) -> Stored {
    cache.store(key, cache.ask(), verdict, now, 0)
}

#[track_caller]
fn keep(cache: &Cache<u32>, key: &Key, verdict: Verdict<'_, u32>, now: Duration) {
    assert_eq!(store(cache, key, verdict, now), Stored::Kept);
}

fn found(cache: &Cache<u32>, key: &Key, now: Duration) -> Option<(u32, bool)> {
    cache.get(key, now, Ttl::Full).map(|hit| (hit.value, hit.allows))
}

/// T2 of the threats: fields that run into each other are other fields, and what is not there is not empty.
#[test]
fn questions_that_differ_anywhere_have_other_keys() {
    let keys = Keys::new(&SECRET);
    let of = |client, user: Option<&str>, password: Option<&str>, others: &[Option<&str>]| {
        let others: Vec<_> = others.iter().map(|field| field.map(str::as_bytes)).collect();
        *keys.key(client, user, password.map(str::as_bytes), &others).digest()
    };
    let all = [
        of("a", Some("b"), Some("c"), &[]),
        of("a", Some("bc"), Some(""), &[]),
        of("ab", Some(""), Some("c"), &[]),
        of("a", Some("b"), None, &[]),
        of("a", Some("b"), Some(""), &[]),
        of("a", None, Some("b"), &[]),
        of("", Some("a"), Some("b"), &[]),
        of("a", None, None, &[]),
        of("a", Some(""), None, &[]),
        of("a", Some("b"), Some("c"), &[None]),
        of("a", Some("b"), Some("c"), &[Some("")]),
        of("a", Some("b"), Some("c"), &[Some(""), None]),
        of("a", Some("b"), Some("c"), &[None, Some("")]),
        of("a", Some("b"), Some("c"), &[Some("x"), Some("y")]),
        of("a", Some("b"), Some("c"), &[Some("xy"), Some("")]),
        of("a", Some("b"), Some("c"), &[Some("y"), Some("x")]),
    ];
    let different: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
    assert_eq!(of("a", Some("b"), Some("c"), &[]), all[0]);
    let other = Keys::new(&[8; SECRET_BYTES]);
    assert_ne!(*other.key("a", Some("b"), Some(b"c"), &[]).digest(), all[0], "another process");
}

#[test]
fn nothing_prints_what_is_remembered_or_the_key_of_it() {
    let cache: Cache<&str> = Cache::new(&options(), &SECRET);
    let key = cache.keys().key("client-canary", Some("user-canary"), Some(b"password-canary"), &[]);
    let text = format!("{cache:?} {key:?} {:?}", cache.keys());
    assert!(!text.contains("canary") && !text.contains('9'), "{text}");
}

#[test]
fn a_verdict_is_found_by_the_same_question_as_long_as_it_holds() {
    let cache = cache(&options());
    let (right, wrong) = (key(&cache, "d1", "right"), key(&cache, "d1", "wrong"));
    keep(&cache, &right, verdict(1, true, "d1"), seconds(10));
    assert_eq!(found(&cache, &right, seconds(10)), Some((1, true)));
    assert_eq!(found(&cache, &wrong, seconds(10)), None);
    assert!(cache.contains(&right, seconds(309), Ttl::Full));
    assert_eq!(found(&cache, &right, seconds(310)), None);
    let counters = cache.counters();
    assert_eq!((counters.allowed.hits, counters.misses, counters.allowed.stores), (1, 2, 1));
}

#[test]
fn what_may_not_be_remembered_is_not() {
    let cache = cache(&options());
    let key = key(&cache, "d1", "x");
    let bounds = Bounds { max_age: Some(Duration::ZERO), ends_in: None };
    let unstored = Verdict { bounds, ..verdict(1, true, "d1") };
    assert_eq!(store(&cache, &key, unstored, seconds(1)), Stored::NotKept);
    let off = self::cache(&CacheOptions::default());
    assert_eq!(store(&off, &key, verdict(1, true, "d1"), seconds(1)), Stored::NotKept);
    let none = self::cache(&CacheOptions { entries_max: 0, ..options() });
    assert_eq!(store(&none, &key, verdict(1, true, "d1"), seconds(1)), Stored::NotKept);
    let large = Verdict { bytes: usize::MAX / 4, ..verdict(1, true, "d1") };
    assert_eq!(store(&cache, &key, large, seconds(1)), Stored::NotKept);
    for cache in [&cache, &off, &none] {
        assert_eq!(found(cache, &key, seconds(1)), None);
    }
}

#[test]
fn a_refusal_is_remembered_for_ever_longer_while_it_repeats() {
    let cache = cache(&CacheOptions { negative_ttl: seconds(120), ..options() });
    let key = key(&cache, "d1", "wrong");
    let mut now = seconds(100);
    // Half of 2, 4, 8, 16, 32, 60 s, as there is no jitter upwards.
    for expected in [1, 2, 4, 8, 16, 30, 30] {
        keep(&cache, &key, verdict(1, false, "d1"), now);
        let held = (0..100).take_while(|after| found(&cache, &key, now + seconds(*after)).is_some()).count();
        assert_eq!(held, expected);
        now += seconds(30);
    }
    keep(&cache, &key, verdict(1, false, "d1"), now + seconds(200));
    assert_eq!(found(&cache, &key, now + seconds(202)), None, "after a while it is a first refusal again");
}

#[test]
fn the_last_answer_counts_whether_it_allows_or_denies() {
    let cache = cache(&options());
    let key = key(&cache, "d1", "x");
    keep(&cache, &key, verdict(1, true, "d1"), seconds(1));
    keep(&cache, &key, verdict(2, false, "d1"), seconds(1));
    assert_eq!(found(&cache, &key, seconds(1)), Some((2, false)));
    assert_eq!(found(&cache, &key, seconds(50)), None, "what it was before does not come back");
    keep(&cache, &key, verdict(3, true, "d1"), seconds(50));
    assert_eq!(found(&cache, &key, seconds(50)), Some((3, true)));
}

#[test]
fn refused_answers_never_displace_allowed_ones() {
    let cache = cache(&CacheOptions { entries_max: 100, ..options() });
    let good: Vec<_> = (0..90).map(|number| key(&cache, &format!("d{number}"), "right")).collect();
    for key in &good {
        keep(&cache, key, verdict(1, true, "d"), seconds(1));
    }
    for guess in 0..10_000 {
        let key = key(&cache, &format!("d{}", guess % 90), &format!("guess {guess}"));
        keep(&cache, &key, verdict(0, false, "d"), seconds(1));
    }
    for key in &good {
        assert_eq!(found(&cache, key, seconds(2)), Some((1, true)));
    }
    let counters = cache.counters();
    assert_eq!((counters.allowed.entries, counters.denied.entries), (90, 10));
    assert_eq!((counters.allowed.evictions, counters.denied.evictions), (0, 9_990));
}

#[test]
fn an_identity_has_four_verdicts_and_the_oldest_goes_first() {
    let cache = cache(&options());
    let keys: Vec<_> = (0..6).map(|number| key(&cache, "d1", &format!("password {number}"))).collect();
    for (number, key) in (0..).zip(&keys) {
        keep(&cache, key, verdict(number, true, "d1"), seconds(1));
    }
    let values: Vec<_> =
        keys.iter().map(|key| found(&cache, key, seconds(1)).map(|(value, _)| value)).collect();
    assert_eq!(values, [None, None, Some(2), Some(3), Some(4), Some(5)]);
    let other = cache.keys().key("another client", Some("d1"), Some(b"password 0"), &[]);
    keep(&cache, &other, verdict(9, true, "d1"), seconds(1));
    assert_eq!(cache.counters().allowed.entries, 5, "a user name that a fleet shares is no identity");
}

#[test]
fn who_is_asked_for_stays_and_who_is_not_goes() {
    let cache = cache(&CacheOptions { entries_max: 20, ..options() });
    let often = key(&cache, "often", "x");
    keep(&cache, &often, verdict(7, true, "often"), seconds(1));
    for number in 0..1_000 {
        let once = key(&cache, &format!("once {number}"), "x");
        keep(&cache, &once, verdict(0, true, "once"), seconds(1));
        assert_eq!(found(&cache, &often, seconds(1)), Some((7, true)), "{number}");
    }
}

/// RSS stays bounded: what a hundred thousand strangers try leaves no more than the bounds say.
#[test]
fn a_hundred_thousand_attempts_leave_no_more_than_the_bounds() {
    let bytes_max = 4 * 1024 * 1024;
    let cache = cache(&CacheOptions { entries_max: 50_000, bytes_max, ..options() });
    for number in 0..100_000_u32 {
        let name = format!("stranger {number}");
        let key = key(&cache, &name, "x");
        let _ = store(&cache, &key, verdict(number, number % 3 == 0, &name), seconds(1));
    }
    let CacheCounters { allowed, denied, .. } = cache.counters();
    assert!(allowed.bytes + denied.bytes <= bytes_max && allowed.entries + denied.entries <= 50_000);
    assert!(denied.bytes <= bytes_max / 10 && denied.entries <= 5_000);
    assert!(allowed.entries > 3_000, "the room that there is is used: {allowed:?}");
}

#[test]
fn whose_time_is_over_is_swept_away_when_others_come() {
    let cache = cache(&CacheOptions { entries_max: 1_000, ..options() });
    for number in 0..100 {
        let key = key(&cache, &format!("old {number}"), "x");
        keep(&cache, &key, verdict(0, true, "old"), seconds(1));
    }
    for number in 0..100 {
        let key = key(&cache, &format!("new {number}"), "x");
        keep(&cache, &key, verdict(0, true, "new"), seconds(1_000));
    }
    let allowed = cache.counters().allowed;
    assert_eq!((allowed.entries, allowed.expired, allowed.evictions), (100, 100, 0));
}

/// Section 4.5 of the design: the cap depends on whether a revocation would be heard of.
#[test]
fn an_allowance_is_worth_less_while_nobody_could_revoke_it_and_a_refusal_is_not() {
    let cache = cache(&options());
    let (good, bad) = (key(&cache, "d1", "right"), key(&cache, "d1", "wrong"));
    keep(&cache, &good, verdict(1, true, "d1"), seconds(10));
    keep(&cache, &bad, verdict(0, false, "d1"), seconds(10));
    let half = Duration::from_millis(10_500);
    for ttl in [Ttl::Full, Ttl::Capped(seconds(5)), Ttl::NotUsed] {
        assert_eq!(cache.contains(&good, half, ttl), ttl != Ttl::NotUsed);
        assert!(cache.contains(&bad, half, ttl));
    }
    assert!(cache.contains(&good, seconds(14), Ttl::Capped(seconds(5))));
    assert!(!cache.contains(&good, seconds(15), Ttl::Capped(seconds(5))));
    assert!(cache.contains(&good, seconds(15), Ttl::Full), "it is still there when the stream is back");
}

#[test]
fn past_its_time_an_allowance_is_good_only_where_asked_for_only_so_long_and_never_when_it_was_revoked() {
    let silent = Duration::ZERO;
    let strict = cache(&options());
    let key = key(&strict, "d1", "x");
    keep(&strict, &key, verdict(1, true, "d1"), seconds(0));
    assert_eq!(strict.stale(&key, seconds(1), silent), None, "it is off");
    let cache = cache(&CacheOptions { stale_if_error: Some(seconds(900)), ..options() });
    keep(&cache, &key, verdict(1, true, "d1"), seconds(0));
    let stale =
        |now: u64, silence: u64| cache.stale(&key, seconds(now), seconds(silence)).map(|hit| hit.value);
    assert_eq!(found(&cache, &key, seconds(301)), None);
    assert_eq!((stale(301, 0), stale(1_199, 900), stale(1_200, 0)), (Some(1), Some(1), None));
    assert_eq!(stale(301, 901), None, "nobody would have heard of a revocation for too long");
    keep(&cache, &key, Verdict { value: 0, allows: false, ..verdict(0, false, "d1") }, seconds(400));
    assert_eq!(stale(401, 0), None, "a refusal is the last word");
    let bounds = Bounds { max_age: None, ends_in: Some(seconds(100)) };
    keep(&cache, &key, Verdict { bounds, ..verdict(1, true, "d1") }, seconds(500));
    assert_eq!((stale(599, 0), stale(600, 0)), (Some(1), None), "the verdict itself was over");
    keep(&cache, &key, verdict(1, true, "d1"), seconds(700));
    assert_eq!(cache.invalidate(Target::Device("d1"), None), 1);
    assert_eq!(stale(701, 0), None);
}

#[test]
fn what_is_invalidated_is_found_by_each_of_its_names() {
    let cache = cache(&CacheOptions { entries_max: 100_000, ..options() });
    let fill = || {
        for number in 0..12_u32 {
            let (client, user) = (format!("client {number}"), format!("user {}", number % 4));
            let key = cache.keys().key(&client, Some(&user), Some(b"x"), &[]);
            let device = format!("device {}", number % 3);
            keep(&cache, &key, verdict(number, number % 2 == 0, &device), seconds(1));
        }
    };
    let dropped = |target| {
        fill();
        let first = cache.invalidate(target, None);
        (first, cache.invalidate(target, None))
    };
    assert_eq!(dropped(Target::Device("device 1")), (4, 0));
    assert_eq!(dropped(Target::Username("user 1")), (3, 0));
    assert_eq!(dropped(Target::ClientId("client 1")), (1, 0));
    assert_eq!(dropped(Target::Device("user 1")), (0, 0), "a name is of one kind");
    assert_eq!(dropped(Target::All), (12, 0));
    assert_eq!(cache.counters().invalidated, 20);
    let counters = cache.counters();
    assert_eq!((counters.allowed.bytes, counters.denied.bytes), (0, 0));
}

/// Section 4.3 of the design, items 1 and 2.
#[test]
fn an_answer_that_is_older_than_a_change_is_not_taken_whenever_it_comes() {
    let cache = cache(&options());
    let key = key(&cache, "d1", "x");
    let numbered = |as_of| Verdict { as_of: Some(as_of), ..verdict(1, true, "d1") };
    let before = cache.ask();
    cache.invalidate(Target::Device("d1"), Some(50));
    let store = |asked, verdict| cache.store(&key, asked, verdict, seconds(1), 0);
    assert_eq!(store(before, numbered(49)), Stored::AskAgain, "asked before, answered after");
    assert_eq!(store(before, verdict(1, true, "d1")), Stored::AskAgain, "and nobody knows how new it is");
    assert_eq!(found(&cache, &key, seconds(1)), None);
    assert_eq!(store(cache.ask(), numbered(49)), Stored::AskAgain, "of a server that lags behind");
    assert!(!cache.is_current(&key, cache.ask(), Some("d1"), Some(49)));
    assert!(cache.is_current(&key, cache.ask(), Some("d2"), Some(49)), "somebody else did not change");
    assert_eq!(store(before, numbered(50)), Stored::Kept, "it has the change in it");
    assert_eq!(cache.invalidate(Target::Device("d1"), Some(50)), 0, "the same change again");
    assert_eq!(found(&cache, &key, seconds(1)), Some((1, true)));
    assert_eq!(store(cache.ask(), verdict(2, true, "d1")), Stored::Kept);
    assert_eq!(cache.invalidate(Target::Device("d1"), Some(50)), 1, "nobody knows how new that was");
    assert_eq!(cache.counters().discarded, 3);
}

#[test]
fn what_an_operator_drops_has_to_be_asked_anew_whatever_number_comes_back() {
    let cache = cache(&options());
    let key = key(&cache, "d1", "x");
    for target in [Target::Device("d1"), Target::Username("d1"), Target::ClientId("d1"), Target::All] {
        let before = cache.ask();
        cache.invalidate(target, None);
        let newest = Verdict { as_of: Some(u64::MAX), ..verdict(1, true, "d1") };
        assert_eq!(cache.store(&key, before, newest.clone(), seconds(1), 0), Stored::AskAgain, "{target:?}");
        assert_eq!(store(&cache, &key, newest, seconds(1)), Stored::Kept);
    }
}

#[test]
fn after_another_log_began_nothing_of_the_one_before_is_left_or_taken() {
    let cache = cache(&options());
    let key = key(&cache, "d1", "x");
    let numbered = |as_of| Verdict { as_of: Some(as_of), ..verdict(1, true, "d1") };
    cache.invalidate(Target::All, Some(1_000));
    keep(&cache, &key, numbered(1_000), seconds(1));
    let before = cache.ask();
    assert_eq!(cache.reset(7), 1);
    assert_eq!(cache.store(&key, before, numbered(1_001), seconds(1), 0), Stored::AskAgain);
    assert_eq!(store(&cache, &key, numbered(6), seconds(1)), Stored::AskAgain);
    keep(&cache, &key, numbered(7), seconds(1));
}

/// Whoever asks, stores and invalidates on other threads: what was invalidated is never found afterwards.
#[test]
fn threads_that_store_while_others_invalidate_leave_nothing_old() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let cache = cache(&CacheOptions { entries_max: 16_384, ..options() });
    let revoked = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..3_u64 {
            let (cache, revoked) = (&cache, &revoked);
            scope.spawn(move || {
                let key = key(cache, &format!("c{thread}"), "x");
                for _ in 0..2_000 {
                    let asked = cache.ask();
                    let as_of = revoked.load(Ordering::SeqCst);
                    let answer = Verdict { as_of: Some(as_of), ..verdict(1, true, "d") };
                    let _ = cache.store(&key, asked, answer, seconds(1), 0);
                    let done = revoked.load(Ordering::SeqCst);
                    if let Some(hit) = cache.get(&key, seconds(1), Ttl::Full) {
                        assert!(hit.as_of >= Some(done.saturating_sub(1)), "{hit:?} after {done}");
                    }
                }
            });
        }
        for sequence in 1..2_000 {
            // First the change, as the service does, then everybody hears of it.
            revoked.store(sequence, Ordering::SeqCst);
            cache.invalidate(Target::Device("d"), Some(sequence));
        }
    });
}
