use super::*;
use crate::UnixMillis;
use crate::model::CredentialId;
use crate::testing::{Counting, Empty};

/// Pepper bytes 0 to 31, as in the format's vectors.
const COUNTED: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn counted() -> Keyring {
    Keyring::parse(COUNTED).unwrap()
}

#[test]
fn a_verifier_is_computed_as_the_format_says() {
    let verifier = counted().verifier_of("cred_01HF", b"s3cr3t");
    let hex: String = verifier.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "a791676a6ebad1cecaed8b1b9a1ffd5bf67ae0d6356cc447f0fbb54202bb125a");
    assert_eq!(verifier.version, PepperVersion::FIRST);
}

#[test]
fn only_the_secret_of_the_credential_matches() {
    let ring = counted();
    let verifier = ring.verifier_of("a", b"secret");
    assert_eq!(ring.matches(&verifier, "a", b"secret"), Some(true));
    for (credential, secret) in
        [("a", &b"secrez"[..]), ("b", b"secret"), ("a", b""), ("a", b"secret\0"), ("a\0x", b"secret")]
    {
        assert_eq!(ring.matches(&verifier, credential, secret), Some(false), "{credential} {secret:?}");
    }
}

/// What is hashed is a label, an id, a NUL and the secret. An id is of one length and holds no NUL: no two pairs are
/// hashed as the same bytes.
#[test]
fn no_other_credential_and_secret_have_the_bytes_of_these() {
    let ring = counted();
    let mut entropy = Counting::default();
    let mut id =
        || CredentialId::generate(UnixMillis::new(1_700_000_000_000), &mut entropy).unwrap().to_string();
    let (one, other) = (id(), id());
    assert_eq!((one.len(), other.len()), (36, 36));
    assert!(!one.contains('\0') && !other.contains('\0'));
    let secrets = [b"".as_slice(), b"\0", b"s", b"s\0", b"\0s", one.as_bytes(), other.as_bytes()];
    let pairs = || [&one, &other].into_iter().flat_map(|id| secrets.map(|secret| (id, secret)));
    for (id, secret) in pairs() {
        let verifier = ring.verifier_of(id, secret);
        let same = pairs().filter(|(id, secret)| ring.matches(&verifier, id, secret) == Some(true));
        assert_eq!(same.collect::<Vec<_>>(), [(id, secret)]);
    }
    // Nor is any of them a check value, or what strangers are told.
    assert_ne!(ring.fake(one.as_bytes()), ring.verifier_of(&one, b"").mac);
}

#[test]
fn what_was_made_with_an_older_pepper_matches_as_long_as_it_is_kept() {
    let mut ring = counted();
    let old = ring.verifier_of("a", b"secret");
    let second = ring.rotate(&mut Counting::default()).unwrap().unwrap();
    assert_eq!((second.number(), ring.current()), (2, second));
    let new = ring.verifier_of("a", b"secret");
    assert_ne!(old.mac, new.mac);
    for verifier in [old, new] {
        assert_eq!(ring.matches(&verifier, "a", b"secret"), Some(true));
    }
    assert!(!ring.retire(second), "new verifiers need it");
    assert!(ring.retire(PepperVersion::FIRST) && !ring.retire(PepperVersion::FIRST));
    assert_eq!(ring.matches(&old, "a", b"secret"), None, "cannot be decided");
    assert_eq!(ring.matches(&new, "a", b"secret"), Some(true));
}

#[test]
fn a_keyring_is_written_and_read_again() {
    let mut ring = Keyring::generate(&mut Counting::default()).unwrap();
    ring.rotate(&mut Counting::default()).unwrap();
    let text = ring.expose();
    let again = Keyring::parse(&text).unwrap();
    assert_eq!(again.check_values().collect::<Vec<_>>(), ring.check_values().collect::<Vec<_>>());
    assert_eq!(again.current(), ring.current());
    let commented = format!("# keep this apart from the database\r\n\n  {}", text.replace('\n', " , "));
    assert_eq!(Keyring::parse(&commented).unwrap().expose(), text, "one line will do");
}

#[test]
fn a_text_that_is_no_keyring_says_which_key_is_at_fault() {
    let short = "1:AAEC";
    for (text, fault) in [
        (String::new(), KeyringFault::Empty),
        ("# nothing\n".to_owned(), KeyringFault::Empty),
        (short.to_owned(), KeyringFault::Shape { number: 1 }),
        (format!("{COUNTED}\n2"), KeyringFault::Shape { number: 2 }),
        (COUNTED.replace("1:", "0:"), KeyringFault::Shape { number: 1 }),
        (COUNTED.replace("1:", "+1:"), KeyringFault::Shape { number: 1 }),
        (COUNTED.replace("1:", "65536:"), KeyringFault::Shape { number: 1 }),
        (format!("{COUNTED}A"), KeyringFault::Shape { number: 1 }),
        (format!("{COUNTED},{COUNTED}"), KeyringFault::Twice { number: 2, version: PepperVersion::FIRST }),
    ] {
        let found = Keyring::parse(&text).unwrap_err();
        assert_eq!(found, fault, "{text}");
        assert!(!found.to_string().contains("AAEC"), "an error repeats no key");
    }
}

/// A key of another installation, or one typed wrong, is found before anybody is refused because of it.
#[test]
fn check_values_tell_keys_apart_and_give_nothing_away() {
    let (_, check) = counted().check_values().next().unwrap();
    let other = Keyring::generate(&mut Counting::from(7)).unwrap();
    assert_ne!(other.check_values().next().unwrap().1, check);
    assert_eq!(check.to_string().len(), 16);
    assert_eq!(check.to_string().parse(), Ok(check));
    for text in ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "+123456789abcdef"] {
        assert!(text.parse::<CheckValue>().is_err(), "{text}");
    }
    assert!(!counted().expose().contains(&check.to_string()));
}

#[test]
fn strangers_get_the_same_bytes_each_time_also_after_rotation() {
    let mut ring = counted();
    let fake = ring.fake(b"nobody");
    assert_ne!(fake, ring.fake(b"somebody"));
    ring.rotate(&mut Counting::default()).unwrap();
    assert_eq!(fake, ring.fake(b"nobody"));
}

#[test]
fn nothing_secret_is_printed() {
    let ring = counted();
    let shown = format!("{ring:?} {:?}", ring.verifier_of("a", b"secret"));
    assert_eq!(shown, "[PepperVersion(1)] SecretVerifier { version: PepperVersion(1), .. }");
}

#[test]
fn without_randomness_there_is_no_key() {
    assert_eq!(Keyring::generate(&mut Empty).unwrap_err(), NoEntropy);
    let mut ring = counted();
    assert_eq!(ring.rotate(&mut Empty), Err(NoEntropy));
    assert_eq!(ring.current(), PepperVersion::FIRST);
}
