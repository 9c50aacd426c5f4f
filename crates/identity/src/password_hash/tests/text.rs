//! What is read, what is refused and why, and that what is written is read back.

use arbtest::{arbitrary, arbtest};

use super::*;
use HashScheme::{Argon2id, Bcrypt, Pbkdf2 as Pbkdf2Scheme, SaltedSha as SaltedShaScheme};

const SALT: &str = "c29tZXNhbHQ";
const HASH: &str = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
/// 64 bytes, the longest.
const LONGEST: &str =
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// bcrypt's salt, and the hash behind it.
const TAIL: &str = "abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

fn refused(scheme: HashScheme, cases: &[(String, HashPart)]) {
    for (text, part) in cases {
        let fault = HashFault::Malformed { scheme, part: *part };
        assert_eq!(text.parse::<PasswordHash>().map(|_| ()), Err(fault), "{text}");
    }
}

#[test]
fn what_is_of_no_scheme_is_refused() {
    for text in [
        "".to_owned(),
        "hunter2".into(),
        "$".into(),
        "$$".into(),
        "$argon2id".into(),
        format!("$argon2i$v=19$m=8,t=1,p=1${SALT}${HASH}"),
        format!("$argon2d$v=19$m=8,t=1,p=1${SALT}${HASH}"),
        format!(" $argon2id$v=19$m=8,t=1,p=1${SALT}${HASH}"),
        "$6$c2FsdA==$aGFzaA==".into(),
        "$7$101$c2FsdA==$aGFzaA==".into(),
        "$5$rounds=5000$salt$hash".into(),
        format!("$2c$04${TAIL}"),
        format!("$SHA256$salt=none$${HASH}"),
        format!("$pbkdf2-sha1$i=1${SALT}${HASH}"),
        format!("$pbkdf2$i=1${SALT}${HASH}"),
        format!("$md5$salt=none$${HASH}"),
    ] {
        assert_eq!(text.parse::<PasswordHash>().map(|_| ()), Err(HashFault::UnknownScheme), "{text}");
    }
}

#[test]
fn argon2id_is_refused_with_its_fault() {
    use HashPart::{Bounds, Hash, Parameters, Salt, Shape, Version};
    let of = |parameters: &str| format!("$argon2id$v=19${parameters}${SALT}${HASH}");
    refused(
        Argon2id,
        &[
            (format!("$argon2id$m=8,t=1,p=1${SALT}${HASH}"), Shape),
            (format!("$argon2id$v=19$m=8,t=1,p=1${SALT}"), Shape),
            (format!("$argon2id$v=19$m=8,t=1,p=1${SALT}${HASH}$"), Shape),
            (format!("$argon2id$v=16$m=8,t=1,p=1${SALT}${HASH}"), Version),
            (of("t=1,m=8,p=1"), Parameters),
            (of("m=8,t=1"), Parameters),
            (of("m=8,t=1,p=1,keyid=x"), Parameters),
            (of("m=+8,t=1,p=1"), Parameters),
            (of("m=08,t=1,p=1"), Parameters),
            (of("m=,t=1,p=1"), Parameters),
            (of("m=4294967296,t=1,p=1"), Parameters),
            (of("m=7,t=1,p=1"), Bounds),
            (of("m=15,t=1,p=2"), Bounds),
            (of("m=262145,t=1,p=1"), Bounds),
            (of("m=8,t=17,p=1"), Bounds),
            (of("m=262144,t=1,p=17"), Bounds),
            (format!("$argon2id$v=19$m=8,t=1,p=1$c29tZQ${HASH}"), Salt),
            (format!("$argon2id$v=19$m=8,t=1,p=1${SALT}=${HASH}"), Salt),
            (format!("$argon2id$v=19$m=8,t=1,p=1${LONGEST}A${HASH}"), Salt),
            (format!("$argon2id$v=19$m=8,t=1,p=1${SALT}$"), Hash),
            (format!("$argon2id$v=19$m=8,t=1,p=1${SALT}$c29tZXNhbHQ"), Hash),
            (format!("$argon2id$v=19$m=8,t=1,p=1${SALT}${HASH}\n"), Hash),
            (format!("$argon2id$v=19$m=8,t=1,p=1${SALT}${}", "A".repeat(10_000)), Hash),
        ],
    );
}

#[test]
fn bcrypt_is_refused_with_its_fault() {
    use HashPart::{Bounds, Hash, Parameters, Salt, Shape};
    let salt = "abcdefghijklmnopqrstuu";
    let hash = "jydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    refused(
        Bcrypt,
        &[
            ("$2b$".into(), Shape),
            ("$2b$04".into(), Shape),
            (format!("$2b$04${TAIL}$"), Shape),
            (format!("$2b$04${TAIL}."), Shape),
            (format!("$2b$04${}", &TAIL[1..]), Shape),
            (format!("$2b$04${}é{}", &TAIL[..21], &TAIL[23..]), Shape),
            (format!("$2b$4${TAIL}"), Parameters),
            (format!("$2b$+4${TAIL}"), Parameters),
            (format!("$2b$004${TAIL}"), Parameters),
            (format!("$2b$${TAIL}"), Parameters),
            (format!("$2b$03${TAIL}"), Bounds),
            (format!("$2y$15${TAIL}"), Bounds),
            (format!("$2a$31${TAIL}"), Bounds),
            // Bits that are no part of salt or hash, and an alphabet that is not bcrypt's.
            (format!("$2b$04${}v{hash}", &salt[..21]), Salt),
            (format!("$2b$04${}+{hash}", &salt[..21]), Salt),
            (format!("$2b$04${salt}{}f", &hash[..30]), Hash),
            (format!("$2b$04${salt}{} ", &hash[..30]), Hash),
        ],
    );
    for name in ["2", "2x"] {
        let text = format!("${name}$04${TAIL}");
        assert_eq!(text.parse::<PasswordHash>().map(|_| ()), Err(HashFault::BrokenBcrypt), "{text}");
    }
}

#[test]
fn pbkdf2_is_refused_with_its_fault() {
    use HashPart::{Bounds, Hash, Parameters, Salt, Shape};
    let of = |iterations: &str| format!("$pbkdf2-sha256${iterations}${SALT}${HASH}");
    refused(
        Pbkdf2Scheme,
        &[
            (format!("$pbkdf2-sha256$i=1${SALT}"), Shape),
            (format!("$pbkdf2-sha512$i=1${SALT}${HASH}$"), Shape),
            (of("1"), Parameters),
            (of("i="), Parameters),
            (of("i=-1"), Parameters),
            (of("i=01"), Parameters),
            (of("i=0"), Parameters),
            (of("i=1,l=32"), Parameters),
            (of("i=4294967296"), Parameters),
            (of("i=1000001"), Bounds),
            (of("i=4294967295"), Bounds),
            (format!("$pbkdf2-sha256$i=1$${HASH}"), Salt),
            (format!("$pbkdf2-sha256$i=1${LONGEST}A${HASH}"), Salt),
            (format!("$pbkdf2-sha256$i=1$c29tZXNhbHR${HASH}"), Salt),
            (format!("$pbkdf2-sha256$i=1${SALT}${}", "A".repeat(20)), Hash),
            (format!("$pbkdf2-sha256$i=1${SALT}${LONGEST}A"), Hash),
            (format!("$pbkdf2-sha256$i=1${SALT}${HASH}="), Hash),
        ],
    );
}

#[test]
fn salted_sha_is_refused_with_its_fault() {
    use HashPart::{Hash, Parameters, Salt, Shape};
    refused(
        SaltedShaScheme,
        &[
            (format!("$sha256$salt=none${HASH}"), Shape),
            (format!("$sha256$salt=before${SALT}${HASH}$"), Shape),
            (format!("$sha256$before${SALT}${HASH}"), Parameters),
            (format!("$sha256$salt=prefix${SALT}${HASH}"), Parameters),
            (format!("$sha256$salt=${SALT}${HASH}"), Parameters),
            (format!("$sha256$salt=before$${HASH}"), Salt),
            (format!("$sha256$salt=after$${HASH}"), Salt),
            (format!("$sha256$salt=none${SALT}${HASH}"), Salt),
            (format!("$sha256$salt=before${LONGEST}A${HASH}"), Salt),
            (format!("$sha256$salt=before${SALT}${LONGEST}"), Hash),
            (format!("$sha512$salt=before${SALT}${HASH}"), Hash),
            ("$sha256$salt=none$$".into(), Hash),
        ],
    );
}

#[test]
fn the_bounds_themselves_are_within() {
    for text in [
        format!("$argon2id$v=19$m=8,t=1,p=1${SALT}${HASH}"),
        format!("$argon2id$v=19$m=262144,t=16,p=16${LONGEST}${LONGEST}"),
        format!("$2b$04${TAIL}"),
        format!("$2b$14${TAIL}"),
        format!("$pbkdf2-sha256$i=1$cw${}", "A".repeat(22)),
        format!("$pbkdf2-sha512$i=1000000${LONGEST}${LONGEST}"),
        format!("$sha512$salt=after${LONGEST}${LONGEST}"),
    ] {
        assert_eq!(parsed(&text).to_string(), text);
        assert!(text.len() <= 207, "{text}");
    }
    let longest = parsed(&format!("$argon2id$v=19$m=8,t=1,p=1${LONGEST}${LONGEST}"));
    assert_eq!(longest.matches(b"x"), Ok(false));
}

/// Python's `hashpw` with `$2a$05$…` and `$2y$05$…`.
#[test]
fn the_names_of_bcrypt_are_one() {
    let tail = "05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
    for name in ["2a", "2b", "2y"] {
        let hash = parsed(&format!("${name}${tail}"));
        assert_eq!(hash.matches(b"correct horse"), Ok(true), "{name}");
        assert_eq!(hash.to_string(), format!("$2b${tail}"), "{name}");
    }
}

fn any_hash(u: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<PasswordHash> {
    let sha = *u.choose(&Sha::ALL)?;
    let recipe = match u.int_in_range(0..=3)? {
        0 => {
            let lane_count = u.int_in_range(1..=16)?;
            let memory_kib = u.int_in_range(8 * lane_count..=262_144)?;
            Recipe::Argon2id(HashCost::new(memory_kib, u.int_in_range(1..=16)?, lane_count).unwrap())
        }
        1 => Recipe::Bcrypt(bcrypt::BcryptCost::new(u.int_in_range(4..=14)?).unwrap()),
        2 => Recipe::Pbkdf2(Pbkdf2::new(sha, u.int_in_range(1..=1_000_000)?).unwrap()),
        _ => Recipe::SaltedSha(SaltedSha { sha, position: *u.choose(&SaltPosition::ALL)? }),
    };
    let mut bytes = |lens| -> arbitrary::Result<Bytes> {
        let len = u.int_in_range(lens)?;
        (0..len).map(|_| u.arbitrary()).collect()
    };
    let (salt, hash) = (bytes(recipe.salt_lens())?, bytes(recipe.hash_lens())?);
    Ok(PasswordHash { recipe, salt, hash })
}

#[test]
fn what_is_written_is_read_back() {
    arbtest(|u| {
        let hash = any_hash(u)?;
        let text = hash.to_string();
        let read = parsed(&text);
        assert_eq!((read.recipe, &read.salt, &read.hash), (hash.recipe, &hash.salt, &hash.hash), "{text}");
        assert!(text.is_ascii() && text.len() <= 207, "{text}");
        Ok(())
    });
}

/// One change to a good text: what is still read is written as it was read, so there are no two texts of one
/// hash (but for the names of bcrypt).
#[test]
fn nothing_but_the_one_text_is_read() {
    arbtest(|u| {
        let mut text = any_hash(u)?.to_string().into_bytes();
        let index = u.choose_index(text.len())?;
        match u.int_in_range(0..=2)? {
            0 => text[index] = u.int_in_range(0..=127)?,
            1 => text.insert(index, u.int_in_range(0..=127)?),
            _ => text.truncate(index),
        }
        let text = String::from_utf8(text).unwrap();
        if let Ok(hash) = text.parse::<PasswordHash>() {
            let canonical = text.replace("$2a$", "$2b$").replace("$2y$", "$2b$");
            assert_eq!(hash.to_string(), canonical);
        }
        Ok(())
    });
}

#[test]
fn a_fault_says_what_is_wrong_and_never_repeats_the_text() {
    let parts = [
        HashPart::Shape,
        HashPart::Version,
        HashPart::Parameters,
        HashPart::Bounds,
        HashPart::Salt,
        HashPart::Hash,
    ];
    for scheme in [Argon2id, Bcrypt, Pbkdf2Scheme, SaltedShaScheme] {
        for part in parts {
            let shown = HashFault::Malformed { scheme, part }.to_string();
            assert!(shown.starts_with(&scheme.to_string()) && !shown.contains('\n'), "{shown}");
        }
    }
    let fault = "$2b$15$hunter2".parse::<PasswordHash>().unwrap_err();
    assert_eq!(fault.to_string(), "bcrypt hash: the cost is not 04 to 14; give the user a new password");
}
