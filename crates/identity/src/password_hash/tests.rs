use super::*;

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

/// The vector of the reference implementation (phc-winner-argon2, `src/test.c`).
#[test]
fn agrees_with_the_reference_implementation() {
    let text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let hash: PasswordHash = text.parse().unwrap();
    assert_eq!(hash.matches(b"password"), Ok(true));
    assert_eq!(hash.matches(b"Password"), Ok(false));
    assert_eq!(hash.to_string(), text);
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
    assert_eq!(PasswordHash::of_nobody(QUICK).matches(b""), Ok(false));
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
fn what_is_not_a_hash_is_refused_with_its_fault() {
    let salt = "c29tZXNhbHQ";
    let hash = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let cases = [
        (String::new(), HashFault::NotArgon2id),
        ("hunter2".into(), HashFault::NotArgon2id),
        (format!("$argon2i$v=19$m=8,t=1,p=1${salt}${hash}"), HashFault::NotArgon2id),
        (format!("$argon2d$v=19$m=8,t=1,p=1${salt}${hash}"), HashFault::NotArgon2id),
        ("$7$101$c2FsdA==$aGFzaA==".into(), HashFault::NotArgon2id),
        (format!(" $argon2id$v=19$m=8,t=1,p=1${salt}${hash}"), HashFault::NotArgon2id),
        (format!("$argon2id$m=8,t=1,p=1${salt}${hash}"), HashFault::Shape),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}"), HashFault::Shape),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}${hash}$"), HashFault::Shape),
        (format!("$argon2id$v=16$m=8,t=1,p=1${salt}${hash}"), HashFault::Version),
        (format!("$argon2id$v=19$t=1,m=8,p=1${salt}${hash}"), HashFault::Parameters),
        (format!("$argon2id$v=19$m=8,t=1${salt}${hash}"), HashFault::Parameters),
        (format!("$argon2id$v=19$m=8,t=1,p=1,keyid=x${salt}${hash}"), HashFault::Parameters),
        (format!("$argon2id$v=19$m=+8,t=1,p=1${salt}${hash}"), HashFault::Parameters),
        (format!("$argon2id$v=19$m=08,t=1,p=1${salt}${hash}"), HashFault::Parameters),
        (format!("$argon2id$v=19$m=,t=1,p=1${salt}${hash}"), HashFault::Parameters),
        (format!("$argon2id$v=19$m=4294967296,t=1,p=1${salt}${hash}"), HashFault::Parameters),
        (format!("$argon2id$v=19$m=7,t=1,p=1${salt}${hash}"), HashFault::Bounds),
        (format!("$argon2id$v=19$m=15,t=1,p=2${salt}${hash}"), HashFault::Bounds),
        (format!("$argon2id$v=19$m=262145,t=1,p=1${salt}${hash}"), HashFault::Bounds),
        (format!("$argon2id$v=19$m=8,t=17,p=1${salt}${hash}"), HashFault::Bounds),
        (format!("$argon2id$v=19$m=262144,t=1,p=17${salt}${hash}"), HashFault::Bounds),
        (format!("$argon2id$v=19$m=8,t=1,p=1$c29tZQ${hash}"), HashFault::Salt),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}=${hash}"), HashFault::Salt),
        (format!("$argon2id$v=19$m=8,t=1,p=1${}${hash}", "A".repeat(87)), HashFault::Salt),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}$"), HashFault::Hash),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}$c29tZXNhbHQ"), HashFault::Hash),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}${hash}\n"), HashFault::Hash),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}${}", "A".repeat(10_000)), HashFault::Hash),
    ];
    for (text, fault) in cases {
        assert_eq!(text.parse::<PasswordHash>().map(|_| ()), Err(fault), "{text}");
    }
    for text in ["m=8,t=1,p=1", "m=262144,t=16,p=16"] {
        let text = format!("$argon2id$v=19${text}${salt}${hash}");
        assert_eq!(text.parse::<PasswordHash>().unwrap().to_string(), text);
    }
}

#[test]
fn the_longest_salt_and_hash_survive() {
    let text = format!("$argon2id$v=19$m=8,t=1,p=1${0}${0}", "A".repeat(86));
    assert_eq!(text.parse::<PasswordHash>().unwrap().to_string(), text);
    assert_eq!(text.parse::<PasswordHash>().unwrap().matches(b"x"), Ok(false));
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
    let hash = PasswordHash::create(b"secret", QUICK, &mut Counting(0)).unwrap();
    let text = hash.to_string();
    let shown = format!("{hash:?} {hash:#?}");
    for part in text.rsplit('$').take(2) {
        assert!(!shown.contains(part), "{shown}");
    }
    assert!(shown.contains("memory_kib: 8"));
}
