use std::path::Path;

use super::*;
use crate::HashScheme;

/// As mosquitto_passwd 2.0.11 writes it, by `-b` and by `-H sha512 -b`.
const ALICE: &str = "alice:$7$101$rJ/omOD8HyoRTX0g$SZKw8f+1rQFwiKCTlKuRBEZOjUa09RbUh/lDmF5tXKJP3bvdBtaCTKk/cDwPOR4qt4HHvD4dTL8EruZ/WTxMLw==";
const CAROL: &str = "carol:$6$Gokv6fcIGmsjW7T9$uJ/4cB2APFEpDsMUaBMw6rAUbO0eq1fIXUp7Nhdf6aNwln9baB+2mNj7yIpc8fBLdXjqFUzbZ2blezouryNVSQ==";

fn source(name: &str) -> Arc<str> {
    name.into()
}

fn matches(users: &Users, name: &str, password: &str) -> bool {
    users.hash(name).unwrap().matches(password.as_bytes()).unwrap()
}

#[test]
fn a_password_of_a_configuration_is_plain_text_or_a_hash() {
    let mut users = Users::default();
    let here = source("auth.password");
    for (name, password) in [
        ("plain", "correct horse"),
        ("dollar", "$ecret"),
        ("dollars", "$$"),
        ("amount", "$5 or $6"),
        ("bcrypt", "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"),
        ("sha", "$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE"),
    ] {
        users.add(name, password, &here).unwrap();
    }
    assert!(matches(&users, "dollar", "$ecret") && matches(&users, "dollars", "$$"));
    assert!(matches(&users, "amount", "$5 or $6"));
    for name in ["plain", "bcrypt", "sha"] {
        assert!(matches(&users, name, "correct horse"), "{name}");
        assert!(!matches(&users, name, "correct hors") && !matches(&users, name, ""), "{name}");
    }
    assert_eq!(users.hash("plain").unwrap().scheme(), HashScheme::SaltedSha);
    assert!(!matches(&users, "sha", "$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE"));
    assert_eq!(users.names().collect::<Vec<_>>(), ["amount", "bcrypt", "dollar", "dollars", "plain", "sha"]);
}

#[test]
fn what_looks_like_a_hash_and_is_none_is_no_password() {
    for text in [
        "$argon2id$hunter2",
        "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$6$salt",
        "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
        "$7$101$short$hash",
        "$1$salt$hash",
        "$y$j9T$x",
        "$apr1$x$y",
        "$pbkdf2-sha512$hunter2",
        "$SHA$x",
    ] {
        let fault = Users::default().add("bob", text, &source("auth.password")).unwrap_err();
        let UserFault::Password { .. } = &fault else { panic!("{fault:?}") };
        let shown = format!("{fault} {fault:?}");
        assert!(shown.starts_with("user \"bob\": ") && !shown.contains(text), "{shown}");
    }
}

#[test]
fn no_client_can_present_an_empty_password() {
    let fault = Users::default().add("bob", "", &source("auth.password")).unwrap_err();
    assert_eq!(fault.to_string(), format!("user \"bob\": {}", ImportFault::PasswordLength));
}

#[test]
fn a_name_stands_in_one_source_only() {
    let mut users = Users::default();
    users.add("bob", "x", &source("auth.password")).unwrap();
    let file = PasswordFile::parse(
        "alice:$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE\n\
         bob:$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE\n",
        Path::new("users"),
    )
    .unwrap();
    let fault = users.add_file(&file, &source("users")).unwrap_err();
    assert_eq!(fault.to_string(), "user \"bob\" stands in auth.password already");
    let fault = users.add("alice", "x", &source("auth.password")).unwrap_err();
    assert_eq!(fault.to_string(), "user \"alice\" stands in users already");
    for name in ["", &"x".repeat(257)] {
        assert_eq!(users.add(name, "x", &source("auth.password")), Err(UserFault::Name));
    }
}

#[test]
fn nothing_shows_a_password() {
    let mut users = Users::default();
    users.add("bob", "hunter2", &source("auth.password")).unwrap();
    assert_eq!(format!("{users:?}"), "Users { len: 1, .. }");
}

#[test]
fn who_has_another_password_has_it_since_now() {
    let of = |users: &[(&str, &str)]| {
        let mut known = Users::default();
        users.iter().for_each(|(name, password)| known.add(name, password, &source("x")).unwrap());
        known
    };
    let first = of(&[("kept", "a"), ("changed", "a"), ("gone", "a")]);
    let now = Generation::FIRST.next();
    let mut second = of(&[("kept", "a"), ("changed", "b"), ("new", "a")]);
    second.follow(&first, now);
    let since = ["kept", "changed", "new", "gone"].map(|name| second.since(name));
    assert_eq!(since, [Some(Generation::FIRST), Some(now), Some(now), None]);
    let later = now.next();
    let mut third = of(&[("kept", "a"), ("changed", "b"), ("gone", "a")]);
    third.follow(&second, later);
    let since = ["kept", "changed", "gone"].map(|name| third.since(name));
    assert_eq!(since, [Some(Generation::FIRST), Some(now), Some(later)]);
}

#[test]
fn a_password_file_of_mosquitto_is_read() {
    let mut users = Users::default();
    users.add_mosquitto(&format!("# users\n\n{ALICE}\r\n {CAROL} \n"), Path::new("passwd")).unwrap();
    for name in ["alice", "carol"] {
        assert!(matches(&users, name, "correct horse") && !matches(&users, name, "wrong"), "{name}");
    }
    assert_eq!(users.len(), 2);
}

#[test]
fn a_bad_line_of_a_file_of_mosquitto_is_named() {
    for (line, expected) in [
        ("alice", "not of the form username:hash"),
        ("bob:hunter2", "user \"bob\": not of the form"),
        ("bob:", "user \"bob\": not of the form"),
        (":$6$a$b", "user \"\": salted SHA-2 hash"),
        (ALICE, "user \"alice\" stands in conf/passwd already"),
    ] {
        let fault = Users::default()
            .add_mosquitto(&format!("{ALICE}\n# next\n{line}\n"), Path::new("conf/passwd"))
            .unwrap_err()
            .to_string();
        let said = fault.strip_prefix("conf/passwd:3: ").unwrap_or_else(|| panic!("{fault}"));
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("hunter2"));
    }
}
