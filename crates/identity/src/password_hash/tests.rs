use super::*;
use crate::NoEntropy;

mod text;
mod vectors;

/// The cheapest cost there is, so that tests are quick.
const QUICK: HashCost = HashCost { memory_kib: 8, pass_count: 1, lane_count: 1 };

/// Counts upwards instead of being random.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

struct Broken;

impl Entropy for Broken {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), NoEntropy> {
        Err(NoEntropy)
    }
}

#[test]
fn matches_the_password_it_was_made_from_and_no_other() {
    let hash = PasswordHash::create(b"secret \xff", QUICK, &mut Counting(0)).unwrap();
    let read: PasswordHash = hash.to_string().parse().unwrap();
    for hash in [&hash, &read] {
        assert_eq!(hash.matches(b"secret \xff"), Ok(true));
        for other in [&b""[..], b"secret", b"secret \xfe", b"secret \xff\0"] {
            assert_eq!(hash.matches(other), Ok(false));
        }
    }
}

#[test]
fn a_salt_is_used_once() {
    let mut entropy = Counting(0);
    let first = PasswordHash::create(b"same", QUICK, &mut entropy).unwrap();
    let second = PasswordHash::create(b"same", QUICK, &mut entropy).unwrap();
    assert_ne!(first.to_string(), second.to_string());
}

#[test]
fn no_hash_of_nothing_and_none_without_randomness() {
    assert_eq!(PasswordHash::create(b"", QUICK, &mut Counting(0)).unwrap_err(), NoHash::EmptyPassword);
    assert_eq!(PasswordHash::create(b"x", QUICK, &mut Broken).unwrap_err(), NoHash::NoEntropy(NoEntropy));
}

#[test]
fn the_default_cost_is_within_the_bounds() {
    let HashCost { memory_kib, pass_count, lane_count } = HashCost::default();
    assert_eq!(HashCost::new(memory_kib, pass_count, lane_count), Some(HashCost::default()));
    assert_eq!(HashCost::new(8, 0, 1), None);
    assert_eq!(HashCost::new(8, 1, 0), None);
    assert_eq!(HashCost::new(u32::MAX, 1, u32::MAX), None);
}

#[test]
fn debug_shows_neither_salt_nor_hash() {
    for (text, _) in vectors::VECTORS {
        let shown = format!("{:?} {:#?}", parsed(text), parsed(text));
        for part in text.rsplit('$').take(2).filter(|part| !part.is_empty()) {
            assert!(!shown.contains(part), "{shown}");
        }
    }
    let hash = PasswordHash::create(b"secret", QUICK, &mut Counting(0)).unwrap();
    assert!(format!("{hash:?}").contains("memory_kib: 8"));
}

#[test]
fn only_salted_sha_is_cheap() {
    for (text, _) in vectors::VECTORS {
        let hash = parsed(text);
        let cheap = text.starts_with("$sha");
        assert_eq!(hash.cost() == Cost::Cheap, cheap, "{text}");
        assert_eq!(hash.scheme() == HashScheme::SaltedSha, cheap, "{text}");
    }
}

#[test]
fn all_but_what_create_makes_now_asks_for_an_upgrade() {
    let current = HashCost::new(16, 2, 1).unwrap();
    let hash = PasswordHash::create(b"secret", current, &mut Counting(0)).unwrap();
    assert!(!hash.needs_upgrade(current));
    for other in [(8, 2, 1), (32, 2, 1), (16, 1, 1), (16, 3, 1), (16, 2, 2)] {
        let other = HashCost::new(other.0, other.1, other.2).unwrap();
        assert!(hash.needs_upgrade(other), "weaker and stronger alike: {other:?}");
    }
    let shorter_salt = format!("$argon2id$v=19$m=16,t=2,p=1${}${}", "A".repeat(11), "A".repeat(43));
    let longer_hash = format!("$argon2id$v=19$m=16,t=2,p=1${}${}", "A".repeat(22), "A".repeat(86));
    for text in [&shorter_salt, &longer_hash] {
        assert!(parsed(text).needs_upgrade(current), "{text}");
    }
    for (text, _) in vectors::VECTORS {
        assert!(parsed(text).needs_upgrade(current), "{text}");
    }
}

#[test]
fn a_decoy_takes_as_long_and_is_of_nobody() {
    for (text, password) in vectors::VECTORS {
        let (hash, decoy) = (parsed(text), parsed(text).decoy());
        assert_eq!((decoy.recipe, decoy.work()), (hash.recipe, hash.work()), "{text}");
        assert_eq!((decoy.salt.len(), decoy.hash.len()), (hash.salt.len(), hash.hash.len()), "{text}");
        assert_eq!(decoy.matches(password), Ok(false), "{text}");
        assert_eq!(decoy.matches(b""), Ok(false), "{text}");
    }
}

/// The order counts, not the numbers: an unknown user is to cost as much as the most expensive known one.
#[test]
fn work_grows_with_the_parameters() {
    let sha = "$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE".to_owned();
    let bcrypt = |cost| format!("$2b${cost}${}", ".".repeat(53));
    let argon2id = |parameters| format!("$argon2id$v=19${parameters}${0}${0}", "A".repeat(22));
    let pbkdf2 = |start, hash_len| format!("${start}$AAAA${}", "A".repeat(hash_len));
    let ascending = [
        sha,
        pbkdf2("pbkdf2-sha256$i=101", 43),
        pbkdf2("pbkdf2-sha256$i=101", 86),
        bcrypt("04"),
        argon2id("m=19456,t=1,p=1"),
        argon2id("m=19456,t=2,p=1"),
        bcrypt("10"),
        pbkdf2("pbkdf2-sha512$i=600000", 86),
        bcrypt("14"),
        argon2id("m=262144,t=16,p=1"),
    ];
    assert!(ascending.iter().map(|text| parsed(text).work()).is_sorted_by(|a, b| a < b));
}

#[test]
fn plain_text_becomes_argon2id_and_is_not_shown() {
    let plain = PlainPassword::new(b"hunter2").unwrap();
    let shown = format!("{plain:?} {plain:#?}");
    assert!(!shown.contains("hunter2") && !shown.contains("104"), "{shown}");
    assert_eq!(plain.hash(QUICK, &mut Broken).unwrap_err(), NoHash::NoEntropy(NoEntropy));
    let hash = plain.hash(QUICK, &mut Counting(0)).unwrap();
    assert_eq!((hash.scheme(), hash.matches(b"hunter2")), (HashScheme::Argon2id, Ok(true)));
    for (len, presentable) in [(0, false), (1, true), (65_535, true), (65_536, false)] {
        assert_eq!(PlainPassword::new(&vec![b'x'; len]).is_some(), presentable, "{len}");
    }
}

fn parsed(text: &str) -> PasswordHash {
    text.parse().unwrap_or_else(|fault| panic!("{text}: {fault}"))
}
