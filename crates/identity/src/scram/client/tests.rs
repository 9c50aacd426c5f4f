use super::*;
use crate::{
    NoEntropy,
    scram::tests::{Broken, Counting},
};

const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                            p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn begun() -> ExpectServerFirst {
    let (message, client) = ScramClient::begin_with("user", "pencil", "rOprNGfwEbeRWgbNEkqO").unwrap();
    assert_eq!(message, CLIENT_FIRST.as_bytes());
    client
}

fn answered() -> ExpectServerFinal {
    let (message, client) = begun().answer(SERVER_FIRST.as_bytes()).unwrap();
    assert_eq!(message, CLIENT_FINAL.as_bytes());
    client
}

/// RFC 7677 §3
#[test]
fn says_what_the_vector_says_and_believes_its_server() {
    assert_eq!(answered().verify(SERVER_FINAL.as_bytes()), Ok(()));
}

#[test]
fn a_challenge_that_is_not_as_it_must_be_is_not_answered() {
    let cases = [
        (SERVER_FIRST.replace("i=4096", "i=4095"), ScramFault::Iterations),
        (SERVER_FIRST.replace("i=4096", "i=1"), ScramFault::Iterations),
        (SERVER_FIRST.replace("i=4096", "i=1000001"), ScramFault::Iterations),
        (SERVER_FIRST.replace("i=4096", "i=4294967295"), ScramFault::Iterations),
        (SERVER_FIRST.replace("s=W22ZaJ0SNY7soEsUEjb6gQ==", "s=W22ZaJ0="), ScramFault::Salt),
        (SERVER_FIRST.replace("r=rOpr", "r=rOpR"), ScramFault::Nonce),
        (SERVER_FIRST.replace("r=r", "r=Xr"), ScramFault::Nonce),
        (SERVER_FIRST.replace("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", ""), ScramFault::Nonce),
        (format!("m=x,{SERVER_FIRST}"), ScramFault::MandatoryExtension),
        (String::new(), ScramFault::NotText),
        ("e=other-error".to_owned(), ScramFault::Malformed),
    ];
    for (message, fault) in cases {
        assert_eq!(begun().answer(message.as_bytes()).map(|_| ()), Err(fault), "{message}");
    }
}

#[test]
fn a_server_that_does_not_know_the_user_is_not_believed() {
    let cases = [
        (SERVER_FINAL.replace("6rri", "7rri"), ScramFault::ServerSignature),
        (format!("v={}=", "A".repeat(43)), ScramFault::ServerSignature),
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G".to_owned(), ScramFault::Proof),
        ("v=".to_owned(), ScramFault::Malformed),
        ("e=invalid-proof".to_owned(), ScramFault::ServerError),
        (String::new(), ScramFault::NotText),
        // What the client said itself proves nothing.
        (format!("v={}", &CLIENT_FINAL[CLIENT_FINAL.len() - 44..]), ScramFault::ServerSignature),
    ];
    for (message, fault) in cases {
        assert_eq!(answered().verify(message.as_bytes()), Err(fault), "{message}");
    }
}

#[test]
fn begins_with_usable_names_and_passwords_only() {
    let long = "x".repeat(257);
    let cases = [
        ("", "p", NoScram::UserName),
        (&long, "p", NoScram::UserName),
        ("a\nb", "p", NoScram::UserName),
        ("a\u{85}", "p", NoScram::UserName),
        ("a", "", NoScram::EmptyPassword),
        ("a", "p\0", NoScram::ControlCharacter),
    ];
    for (username, password, fault) in cases {
        let begun = ScramClient::begin(username, password, &mut Counting(0));
        assert_eq!(begun.map(|_| ()), Err(fault), "{username:?} {password:?}");
    }
    let begun = ScramClient::begin("a", "p", &mut Broken);
    assert_eq!(begun.map(|_| ()), Err(NoScram::NoEntropy(NoEntropy)));
    assert!(ScramClient::begin(&long[1..], "p", &mut Counting(0)).is_ok());
}

#[test]
fn every_exchange_has_its_nonce() {
    let mut entropy = Counting(0);
    let first = ScramClient::begin("a", "p", &mut entropy).unwrap().0;
    let second = ScramClient::begin("a", "p", &mut entropy).unwrap().0;
    assert_eq!(first, b"n,,n=a,r=AQIDBAUGBwgJCgsMDQ4PEBES");
    assert_ne!(first, second);
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?} {:?} {:?}", ScramClient, begun(), answered());
    assert_eq!(shown, "ScramClient ExpectServerFirst { .. } ExpectServerFinal { .. }");
}
