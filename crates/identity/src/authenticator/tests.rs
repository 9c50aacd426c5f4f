use std::{path::Path, sync::Arc};

use super::*;
use crate::{
    Access, Acl, Denial, HashCost, OutwardDenial, PasswordFile, PasswordHash, Permission, Principal,
    Unavailable,
    acl::{AclRule, Action, Effect},
};

/// Always says the same.
struct Says(fn() -> Verdict, Cost);

impl Authenticator for Says {
    fn cost(&self, _: &AuthRequest) -> Cost {
        self.1
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        (self.0)()
    }
}

fn request(username: Option<&str>, password: Option<&str>) -> AuthRequest {
    AuthRequest {
        client_id: "c1".into(),
        username: username.map(Into::into),
        password: password.map(|password| SecretSlice::from(password.as_bytes().to_vec())),
        peer: None,
        certificate: None,
        arrival: Default::default(),
    }
}

fn hash(password: &[u8], cost: HashCost) -> PasswordHash {
    struct Fixed;
    impl crate::Entropy for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), crate::NoEntropy> {
            bytes.fill(7);
            Ok(())
        }
    }
    PasswordHash::create(password, cost, &mut Fixed).unwrap()
}

fn users(users: &[(&str, &str)]) -> PasswordFile {
    let mut file = PasswordFile::default();
    for (name, password) in users {
        file.set(name, hash(password.as_bytes(), HashCost::new(8, 1, 1).unwrap())).unwrap();
    }
    PasswordFile::parse(&file.to_string(), Path::new("users")).unwrap()
}

fn file_with(names: &[(&str, &str)]) -> FileAuthenticator {
    FileAuthenticator::new(users(names), Access::everything())
}

fn chain(authenticators: Vec<Box<dyn Authenticator>>) -> Chain {
    Chain::new(authenticators)
}

mod later;
mod order;

/// What a verdict comes to, short enough to compare.
fn short(verdict: Verdict) -> String {
    match verdict {
        Verdict::Allow(allowance) => allowance.principal.to_string(),
        Verdict::Deny(denial) => format!("{denial:?}"),
        Verdict::NotMine => "not mine".to_owned(),
        Verdict::Unavailable(reason) => format!("{reason:?}"),
    }
}

#[test]
fn the_file_accepts_the_right_password_only() {
    let file = file_with(&[("alice", "secret"), ("bob", "other")]);
    let cases = [
        (Some("alice"), Some("secret"), "user \"alice\""),
        (Some("alice"), Some("other"), "WrongPassword"),
        (Some("alice"), Some(""), "WrongPassword"),
        (Some("alice"), None, "NoPassword"),
        (Some("bob"), Some("other"), "user \"bob\""),
        (Some("Alice"), Some("secret"), "not mine"),
        (Some("carol"), Some("secret"), "not mine"),
        (Some("carol"), None, "not mine"),
        (Some(""), Some(""), "not mine"),
        (None, Some("secret"), "not mine"),
        (None, None, "not mine"),
    ];
    for (username, password, expected) in cases {
        assert_eq!(short(file.verify(&request(username, password))), expected, "{username:?} {password:?}");
    }
}

#[test]
fn an_empty_file_knows_nobody() {
    let file = file_with(&[]);
    for (username, password) in [(None, None), (Some("alice"), Some("secret")), (Some(""), Some(""))] {
        let request = request(username, password);
        assert_eq!(file.cost(&request), Cost::Cheap);
        assert_eq!(short(file.verify(&request)), "not mine");
        assert!(matches!(chain(vec![Box::new(file_with(&[]))]).verify(&request), Verdict::Deny(_)));
    }
}

#[test]
fn only_a_hash_is_expensive() {
    let file = file_with(&[("alice", "secret")]);
    assert_eq!(file.cost(&request(None, None)), Cost::Cheap);
    assert_eq!(file.cost(&request(Some("alice"), None)), Cost::Cheap);
    assert_eq!(file.cost(&request(Some("alice"), Some("x"))), Cost::Expensive);
    // An unknown user costs the same, and its memory must be bounded alike.
    assert_eq!(file.cost(&request(Some("carol"), Some("x"))), Cost::Expensive);
}

#[test]
fn the_end_of_the_chain_denies() {
    let empty = chain(Vec::new());
    assert_eq!(short(empty.verify(&request(None, None))), "NoCredential");
    assert_eq!(short(empty.verify(&request(Some("x"), Some("y")))), "UnknownUser");
    assert_eq!(empty.cost(&request(None, None)), Cost::Cheap);
    let file = chain(vec![Box::new(file_with(&[("alice", "secret")]))]);
    assert_eq!(short(file.verify(&request(Some("carol"), Some("secret")))), "UnknownUser");
    assert_eq!(short(file.verify(&request(None, Some("secret")))), "NoCredential");
}

#[test]
fn only_not_mine_asks_the_next() {
    let next = || Box::new(Anonymous::everybody(Access::everything()));
    let first = |says: fn() -> Verdict| chain(vec![Box::new(Says(says, Cost::Expensive)), next()]);
    let ask = request(None, None);
    assert_eq!(short(first(|| Verdict::NotMine).verify(&ask)), "anonymous");
    assert_eq!(short(first(|| Verdict::Deny(Denial::WrongPassword)).verify(&ask)), "WrongPassword");
    assert_eq!(short(first(|| Verdict::Unavailable(Unavailable::Busy)).verify(&ask)), "Busy");
    assert_eq!(first(|| Verdict::NotMine).cost(&ask), Cost::Expensive);
    assert_eq!(chain(vec![next()]).cost(&ask), Cost::Cheap);
}

#[test]
fn a_mistyped_name_is_not_anonymous_where_users_are_known() {
    let both = chain(vec![
        Box::new(file_with(&[("alice", "secret")])),
        Box::new(Anonymous::without_user_name(Access::everything())),
    ]);
    assert_eq!(short(both.verify(&request(None, None))), "anonymous");
    assert_eq!(short(both.verify(&request(Some("alice"), Some("secret")))), "user \"alice\"");
    assert_eq!(short(both.verify(&request(Some("alice"), Some("x")))), "WrongPassword");
    assert_eq!(short(both.verify(&request(Some("alcie"), Some("secret")))), "UnknownUser");
    let everybody = Anonymous::everybody(Access::everything());
    assert_eq!(short(everybody.verify(&request(Some("x"), Some("y")))), "anonymous");
}

#[test]
fn a_name_counts_in_rules_only_when_proven() {
    let pattern = "u/${username}/#".parse().unwrap();
    let acl = Acl::new(vec![AclRule { effect: Effect::Allow, action: Action::Both, pattern }]);
    let access = Access::Rules(Arc::new(acl));
    let may_receive = |authenticator: &dyn Authenticator| match authenticator
        .verify(&request(Some("alice"), Some("secret")))
    {
        Verdict::Allow(allowance) => allowance.authorize.receive("u/alice/x") == Permission::Allowed,
        other @ (Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_)) => panic!("{other:?}"),
    };
    assert!(!may_receive(&Anonymous::everybody(access.clone())));
    assert!(may_receive(&FileAuthenticator::new(users(&[("alice", "secret")]), access)));
}

#[test]
fn what_a_client_learns_does_not_tell_a_wrong_name_from_a_wrong_password() {
    for denial in [Denial::UnknownUser, Denial::NoPassword, Denial::WrongPassword] {
        assert_eq!(denial.outward(), OutwardDenial::BadCredential);
    }
    assert_eq!(Denial::NoCredential.outward(), OutwardDenial::NotAllowed);
}

const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const PBKDF2: &str = "$pbkdf2-sha256$i=1$cw$GYdxC/6dyE0sf031jX8TRuhjnqfjUbmbxGSOq+yS1IE";
const SHA: &str = "$sha256$salt=none$$QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE";

fn file_of(hashes: &[&str]) -> PasswordFile {
    let line = |(index, hash)| format!("user{index}:{hash}\n");
    let text: String = hashes.iter().enumerate().map(line).collect();
    PasswordFile::parse(&text, Path::new("users")).unwrap()
}

/// The dummy hash takes the scheme and parameters of the most expensive user.
#[test]
fn an_unknown_user_costs_as_much_as_the_most_expensive_one() {
    let cheap = hash(b"x", HashCost::new(8, 1, 1).unwrap()).to_string();
    let expensive = hash(b"x", HashCost::new(64, 3, 1).unwrap()).to_string();
    let cases: [(&[&str], &str); 5] = [
        (&[&cheap, &expensive], "$argon2id$v=19$m=64,t=3,p=1$"),
        (&[&expensive, &cheap, SHA], "$argon2id$v=19$m=64,t=3,p=1$"),
        (&[&cheap, BCRYPT, SHA], "$2b$04$"),
        // What is expensive counts for more than what takes longer.
        (&[PBKDF2, SHA], "$pbkdf2-sha256$i=1$"),
        (&[SHA], "$sha256$salt=none$"),
    ];
    for (hashes, start) in cases {
        let nobody = file::nobody_of(&file_of(hashes).into()).unwrap().to_string();
        assert!(nobody.starts_with(start), "{nobody}");
    }
    assert!(file::nobody_of(&PasswordFile::default().into()).is_none());
}

#[test]
fn the_most_expensive_hash_says_where_all_are_verified() {
    for (hashes, cost) in [(&[SHA][..], Cost::Cheap), (&[SHA, BCRYPT], Cost::Expensive)] {
        let file = FileAuthenticator::new(file_of(hashes), Access::everything());
        for name in ["user0", "user1", "nobody"] {
            assert_eq!(file.cost(&request(Some(name), Some("x"))), cost, "{name} of {hashes:?}");
        }
    }
}

#[test]
fn users_with_hashes_of_other_systems_get_in() {
    let file = FileAuthenticator::new(file_of(&[SHA, BCRYPT]), Access::everything());
    for name in ["user0", "user1"] {
        assert_eq!(short(file.verify(&request(Some(name), Some("correct horse")))), format!("user {name:?}"));
        assert_eq!(short(file.verify(&request(Some(name), Some("wrong")))), "WrongPassword");
    }
}

#[test]
fn nothing_shows_the_password() {
    let request = request(Some("alice"), Some("hunter2"));
    let file = file_with(&[("alice", "hunter2")]);
    let verdict = file.verify(&request);
    let shown = format!("{request:?} {request:#?} {file:?} {verdict:?} {:?}", chain(Vec::new()));
    assert!(!shown.contains("hunter2"), "{shown}");
    // Nor as a list of bytes.
    assert!(!shown.contains("104, 117") && !shown.contains("argon2id"), "{shown}");
    assert!(shown.contains("alice"));
    let anonymous = Principal::User("a\nb".into()).to_string();
    assert_eq!(anonymous, "user \"a\\nb\"");
}
