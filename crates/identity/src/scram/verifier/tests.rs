use super::*;
use crate::{
    NoEntropy,
    scram::tests::{Broken, Counting},
};

/// `pencil` with the salt of RFC 7677 §3, as PostgreSQL stores it.
const PENCIL: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                      wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
const STORED_KEY: &str = "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6";
const SERVER_KEY: &str = "c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5";
const SALT: &str = "5b6d99689d12358eeca04b141236fa81";

/// Yields the salt of RFC 7677 §3.
struct Example;

impl Entropy for Example {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.copy_from_slice(&bytes_from_hex(SALT).unwrap());
        Ok(())
    }
}

#[test]
fn a_password_an_import_and_a_text_make_the_same_verifier() {
    let created = ScramVerifier::create("pencil", Iterations::default(), &mut Example).unwrap();
    let imported = ScramVerifier::from_emqx(STORED_KEY, SERVER_KEY, SALT, 4096).unwrap();
    let upper = [STORED_KEY, SERVER_KEY, SALT].map(str::to_uppercase);
    let upper = ScramVerifier::from_emqx(&upper[0], &upper[1], &upper[2], 4096).unwrap();
    let read: ScramVerifier = PENCIL.parse().unwrap();
    for verifier in [created, imported, upper, read] {
        assert_eq!(*verifier.to_text(), PENCIL);
        assert_eq!(verifier.iterations(), Iterations::default());
    }
}

#[test]
fn the_longest_verifier_survives() {
    let key = format!("{}=", "A".repeat(43));
    let text = format!("SCRAM-SHA-256$1000000:{}==${key}:{key}", "A".repeat(86));
    assert_eq!(*text.parse::<ScramVerifier>().unwrap().to_text(), text);
}

#[test]
fn what_is_not_a_verifier_is_refused_with_its_fault() {
    let cases = [
        (String::new(), VerifierFault::NotScramSha256),
        ("hunter2".to_owned(), VerifierFault::NotScramSha256),
        (format!(" {PENCIL}"), VerifierFault::NotScramSha256),
        (PENCIL.replace("256$", "512$"), VerifierFault::NotScramSha256),
        (PENCIL.replace("256$", "256-PLUS$"), VerifierFault::NotScramSha256),
        ("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==".to_owned(), VerifierFault::Shape),
        (PENCIL.replace("4096:", "4096"), VerifierFault::Shape),
        (PENCIL.replace("=:w", "=w"), VerifierFault::Shape),
        (PENCIL.replace("4096", "4095"), VerifierFault::Iterations),
        (PENCIL.replace("4096", "1000001"), VerifierFault::Iterations),
        (PENCIL.replace("4096", "04096"), VerifierFault::Iterations),
        (PENCIL.replace("4096", ""), VerifierFault::Iterations),
        (PENCIL.replace("W22ZaJ0SNY7soEsUEjb6gQ==", ""), VerifierFault::Salt),
        (PENCIL.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "W22ZaJ0SNQ=="), VerifierFault::Salt),
        (PENCIL.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "W22ZaJ0SNY7soEsUEjb6gQ"), VerifierFault::Salt),
        (PENCIL.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "W22ZaJ0SNY7soEsUEjb6gR=="), VerifierFault::Salt),
        (PENCIL.replace("W22ZaJ0SNY7soEsUEjb6gQ==", &"A".repeat(88)), VerifierFault::Salt),
        (PENCIL.replace("WG5d", ""), VerifierFault::StoredKey),
        (PENCIL.replace("WG5d", "WG5dWG5d"), VerifierFault::StoredKey),
        (PENCIL.replace("WG5d", "W-_d"), VerifierFault::StoredKey),
        (PENCIL.replace("wfPL", ""), VerifierFault::ServerKey),
        (format!("{PENCIL}\n"), VerifierFault::ServerKey),
        (format!("{PENCIL}{}", "A".repeat(10_000)), VerifierFault::ServerKey),
    ];
    for (text, fault) in cases {
        assert_eq!(text.parse::<ScramVerifier>().map(|_| ()), Err(fault), "{text}");
    }
}

#[test]
fn a_bad_import_is_refused_with_its_fault() {
    let short = &STORED_KEY[2..];
    let long = format!("{STORED_KEY}00");
    let not_hex = STORED_KEY.replace("58", "+8");
    let cases = [
        (short, SERVER_KEY, SALT, 4096, VerifierFault::StoredKey),
        (&long, SERVER_KEY, SALT, 4096, VerifierFault::StoredKey),
        (&not_hex, SERVER_KEY, SALT, 4096, VerifierFault::StoredKey),
        (STORED_KEY, "", SALT, 4096, VerifierFault::ServerKey),
        (STORED_KEY, &SERVER_KEY[1..], SALT, 4096, VerifierFault::ServerKey),
        (STORED_KEY, SERVER_KEY, "0011223344556", 4096, VerifierFault::Salt),
        (STORED_KEY, SERVER_KEY, "00112233445566", 4096, VerifierFault::Salt),
        (STORED_KEY, SERVER_KEY, &"00".repeat(65), 4096, VerifierFault::Salt),
        (STORED_KEY, SERVER_KEY, "äöüäöüäö", 4096, VerifierFault::Salt),
        (STORED_KEY, SERVER_KEY, SALT, 4095, VerifierFault::Iterations),
    ];
    for (stored_key, server_key, salt, iterations, fault) in cases {
        let imported = ScramVerifier::from_emqx(stored_key, server_key, salt, iterations);
        assert_eq!(imported.map(|_| ()), Err(fault), "{stored_key} {server_key} {salt} {iterations}");
    }
}

#[test]
fn no_verifier_of_what_clients_cannot_use_and_none_without_randomness() {
    let create =
        |password| ScramVerifier::create(password, Iterations::default(), &mut Counting(0)).map(|_| ());
    assert_eq!(create(""), Err(NoScram::EmptyPassword));
    assert_eq!(create("a\tb"), Err(NoScram::ControlCharacter));
    assert_eq!(create(" "), Ok(()));
    let broken = ScramVerifier::create("x", Iterations::default(), &mut Broken).map(|_| ());
    assert_eq!(broken, Err(NoScram::NoEntropy(NoEntropy)));
}

#[test]
fn a_salt_is_used_once() {
    let mut entropy = Counting(0);
    let first = ScramVerifier::create("same", Iterations::default(), &mut entropy).unwrap();
    let second = ScramVerifier::create("same", Iterations::default(), &mut entropy).unwrap();
    assert_ne!(first.to_text(), second.to_text());
}

#[test]
fn debug_shows_the_iterations_only() {
    let verifier: ScramVerifier = PENCIL.parse().unwrap();
    assert_eq!(format!("{verifier:?}"), "ScramVerifier { iterations: Iterations(4096), .. }");
}
