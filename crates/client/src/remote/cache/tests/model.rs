//! The cache beside a naive map, under arbitrary operations.

use std::collections::BTreeMap;

use arbtest::arbitrary::{Result, Unstructured};

use super::*;

/// Answers on their way.
struct InFlight {
    client: usize,
    password: usize,
    asked: Asked,
    as_of: Option<u64>,
    device: usize,
    /// How much had changed before it was asked, in the model.
    asked_after: usize,
}

/// What is remembered, naively: the cache may know less, and never anything else.
#[derive(Default)]
struct Model {
    entries: BTreeMap<(usize, usize), Known>,
    /// Everything that was invalidated.
    changes: Vec<(Whom, Option<u64>)>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    value: u32,
    allows: bool,
    device: usize,
    as_of: Option<u64>,
    stored_at: Duration,
    ends_in: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Device(usize),
    User(usize),
    Client(usize),
    All,
}

/// So many passwords of a client are remembered at a time.
const ROOMY: usize = 4;
const CLIENTS: [&str; 5] = ["c0", "c1", "c2", "c3", "c4"];
const USERS: [&str; 3] = ["u0", "u1", "u2"];
const DEVICES: [&str; 3] = ["d0", "d1", "d2"];

fn user_of(client: usize) -> usize {
    client % USERS.len()
}

impl Whom {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u.int_in_range(0..=6)? {
            0..3 => Self::Device(u.choose_index(DEVICES.len())?),
            3 | 4 => Self::User(u.choose_index(USERS.len())?),
            5 => Self::Client(u.choose_index(CLIENTS.len())?),
            _ => Self::All,
        })
    }

    fn target(self) -> Target<'static> {
        match self {
            Self::Device(device) => Target::Device(DEVICES[device]),
            Self::User(user) => Target::Username(USERS[user]),
            Self::Client(client) => Target::ClientId(CLIENTS[client]),
            Self::All => Target::All,
        }
    }

    fn is(self, client: usize, device: usize) -> bool {
        match self {
            Self::Device(whom) => whom == device,
            Self::User(whom) => whom == user_of(client),
            Self::Client(whom) => whom == client,
            Self::All => true,
        }
    }
}

impl Model {
    /// Whether an answer is older than something that changed.
    fn is_old(&self, answer: &InFlight) -> bool {
        self.changes.iter().enumerate().any(|(number, (whom, sequence))| {
            whom.is(answer.client, answer.device)
                && match (sequence, answer.as_of) {
                    (Some(sequence), Some(as_of)) => as_of < *sequence,
                    (_, None) | (None, Some(_)) => number >= answer.asked_after,
                }
        })
    }

    fn invalidate(&mut self, whom: Whom, sequence: Option<u64>) -> usize {
        self.changes.push((whom, sequence));
        let before = self.entries.len();
        self.entries.retain(|(client, _), known| {
            let is_newer = matches!((sequence, known.as_of), (Some(change), Some(as_of)) if as_of >= change);
            !whom.is(*client, known.device) || is_newer
        });
        before - self.entries.len()
    }
}

fn key_of(cache: &Cache<u32>, client: usize, password: usize) -> Key {
    cache.keys().key(CLIENTS[client], Some(USERS[user_of(client)]), Some(&[b'0' + password as u8]), &[])
}

fn arbitrary_options(u: &mut Unstructured<'_>) -> Result<CacheOptions> {
    Ok(CacheOptions {
        permission_ttl: Duration::ZERO,
        ttl: seconds(u.int_in_range(0..=20)?),
        negative_ttl: seconds(u.int_in_range(0..=20)?),
        entries_max: u.int_in_range(0..=12)?,
        bytes_max: u.int_in_range(0..=20_000)?,
        stale_if_error: u.arbitrary::<Option<u8>>()?.map(|longest| seconds(longest.into())),
    })
}

fn run(u: &mut Unstructured<'_>, options: CacheOptions, passwords: usize) -> Result<()> {
    let cache = cache(&options);
    let (mut model, mut flying) = (Model::default(), Vec::<InFlight>::new());
    let (mut now, mut head) = (Duration::ZERO, 0_u64);
    for value in 0..u.int_in_range(0..=60_u32)? {
        match u.int_in_range(0..=9)? {
            0..3 => flying.push(InFlight {
                client: u.choose_index(CLIENTS.len())?,
                password: u.choose_index(passwords)?,
                asked: cache.ask(),
                as_of: u.ratio(2_u8, 3_u8)?.then_some(head),
                device: u.choose_index(DEVICES.len())?,
                asked_after: model.changes.len(),
            }),
            3..6 if !flying.is_empty() => {
                // Answers overtake each other.
                let mut answer = flying.swap_remove(u.choose_index(flying.len())?);
                if u.arbitrary()? {
                    // It was answered late, and knows of all changes so far.
                    answer.as_of = answer.as_of.map(|_| head);
                }
                let InFlight { client, password, asked, as_of, device, .. } = answer;
                let allows = u.ratio(2_u8, 3_u8)?;
                let ends_in = u.arbitrary::<Option<u8>>()?.map(|end| seconds(u64::from(end % 30)));
                let bounds = Bounds { max_age: None, ends_in };
                let device_id = Some(DEVICES[device]);
                let verdict =
                    Verdict { value, allows, device_id, as_of, bounds, bytes: u.int_in_range(0..=500)? };
                let stored =
                    cache.store(&key_of(&cache, client, password), asked, verdict, now, u.arbitrary()?);
                assert_eq!(stored == Stored::AskAgain, model.is_old(&answer), "{:?}", model.changes);
                if stored != Stored::AskAgain {
                    model.entries.remove(&(client, password));
                }
                if stored == Stored::Kept {
                    let known = Known { value, allows, device, as_of, stored_at: now, ends_in };
                    model.entries.insert((client, password), known);
                }
            }
            6 => {
                let whom = Whom::arbitrary(u)?;
                head += 1;
                let sequence = u.arbitrary::<bool>()?.then_some(head);
                let most = model.invalidate(whom, sequence);
                let dropped = cache.invalidate(whom.target(), sequence);
                assert!(dropped <= most, "{dropped} of {most}");
            }
            7 if u.ratio(1_u8, 4_u8)? => {
                // Another log, in which numbers are smaller.
                head = u.int_in_range(0..=3)?;
                cache.reset(head);
                model = Model::default();
                // What was asked before belongs to the log before.
                for answer in flying.drain(..) {
                    let key = key_of(&cache, answer.client, answer.password);
                    let verdict =
                        Verdict { as_of: Some(u64::MAX), ..verdict(0, true, DEVICES[answer.device]) };
                    assert_eq!(cache.store(&key, answer.asked, verdict, now, 0), Stored::AskAgain);
                }
            }
            _ => now += Duration::from_millis(u.int_in_range(0..=8_000)?),
        }
        check(&cache, &model, &options, now, passwords);
    }
    Ok(())
}

fn check(cache: &Cache<u32>, model: &Model, options: &CacheOptions, now: Duration, passwords: usize) {
    let counters = cache.counters();
    let (allowed, denied) = (counters.allowed, counters.denied);
    assert!(allowed.entries + denied.entries <= options.entries_max);
    assert!(denied.entries <= (options.entries_max / 10).max(1));
    assert!(allowed.bytes + denied.bytes <= options.bytes_max);
    assert!(denied.bytes <= options.bytes_max / 10);
    assert_eq!(allowed.entries == 0, allowed.bytes == 0);
    for client in 0..CLIENTS.len() {
        let mut of_identity = 0;
        for password in 0..passwords {
            let key = key_of(cache, client, password);
            let known = model.entries.get(&(client, password));
            let full = cache.get(&key, now, Ttl::Full);
            assert_eq!(cache.contains(&key, now, Ttl::Full), full.is_some());
            let stale = cache.stale(&key, now, Duration::ZERO);
            of_identity += usize::from(full.as_ref().is_some_and(|hit| hit.allows));
            for (hit, grace) in
                [(&full, Duration::ZERO), (&stale, options.stale_if_error.unwrap_or_default())]
            {
                let Some(hit) = hit else { continue };
                let known = known.unwrap_or_else(|| panic!("{hit:?} was invalidated"));
                assert_eq!((hit.value, hit.allows, hit.as_of), (known.value, known.allows, known.as_of));
                let longest = if hit.allows { options.ttl + grace } else { options.negative_ttl };
                assert!(now - known.stored_at < longest, "{known:?} at {now:?}");
                assert!(known.ends_in.is_none_or(|end| now - known.stored_at < end), "{known:?} at {now:?}");
            }
            assert!(stale.is_none_or(|hit| hit.allows));
            let unused = cache.get(&key, now, Ttl::NotUsed);
            assert!(unused.is_none_or(|hit| !hit.allows));
            let capped = cache.get(&key, now, Ttl::Capped(seconds(5)));
            assert!(capped.is_none_or(|hit| !hit.allows || hit.age < seconds(5)));
            // With room for all of them, what is still good for sure is there.
            if let Some(known) = known.filter(|known| passwords == ROOMY && known.allows) {
                let surely = known.ends_in.map_or(options.ttl, |end| end.min(options.ttl)).mul_f64(0.8);
                assert!(now - known.stored_at >= surely || full.is_some(), "{known:?} is lost at {now:?}");
            }
        }
        assert!(of_identity <= 4);
    }
}

#[test]
fn the_cache_knows_nothing_that_a_naive_map_does_not() {
    arbtest::arbtest(|u| {
        let options = arbitrary_options(u)?;
        run(u, options, 6)
    });
}

/// Four passwords of each client fit, and there is nothing that has to give its place.
#[test]
fn with_room_for_all_the_cache_knows_what_a_naive_map_knows() {
    arbtest::arbtest(|u| {
        let options = CacheOptions { entries_max: 1_000, bytes_max: 1 << 20, ..arbitrary_options(u)? };
        run(u, options, ROOMY)
    });
}
