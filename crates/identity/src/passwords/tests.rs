use super::*;
use crate::testing::Counting;

fn passwords(users: &[(&str, &str)]) -> Passwords {
    let mut entropy = Counting::from(0);
    let mut passwords = Passwords::new(&mut entropy).unwrap();
    users.iter().for_each(|(name, text)| passwords.add(name, text, &mut entropy).unwrap());
    passwords
}

#[test]
fn a_password_is_its_own_and_in_memory_a_hash() {
    // openssl passwd would not write this one: it is sha256 of "cheap", as EMQX keeps it.
    let passwords = passwords(&[("ann", "12345"), ("bob", "$ecret"), ("eve", "5")]);
    let is_right =
        |name, password: &str| passwords.proves(name, password.as_bytes(), Timestamp::ZERO).unwrap();
    assert!(is_right("ann", "12345") && is_right("bob", "$ecret") && is_right("eve", "5"));
    for (name, password) in [("ann", "1234"), ("ann", ""), ("bob", "12345"), ("nobody", "12345"), ("", "")] {
        assert!(!is_right(name, password), "{name} {password}");
    }
    assert!(passwords.hashes.values().all(|hash| hash.cost() != Cost::Cheap));
    assert!(!format!("{passwords:?}").contains("12345"));
}

#[test]
fn what_was_right_is_remembered_for_a_while_and_nothing_else_is() {
    let passwords = passwords(&[("ann", "12345")]);
    let remembers = |name: &str, password: &str, at| passwords.remembers(name, password.as_bytes(), at);
    let later = |secs| Timestamp::ZERO.after(Duration::from_secs(secs));
    assert!(!remembers("ann", "12345", Timestamp::ZERO));
    assert!(!passwords.proves("ann", b"wrong", Timestamp::ZERO).unwrap());
    assert!(passwords.proves("ann", b"12345", Timestamp::ZERO).unwrap());
    assert!(remembers("ann", "12345", later(299)));
    assert!(!remembers("ann", "12345", later(300)));
    for (name, password) in [("ann", "wrong"), ("an", "n12345"), ("ann1", "2345"), ("", "ann12345")] {
        assert!(!remembers(name, password, Timestamp::ZERO), "{name} {password}");
    }
}

#[test]
fn a_hash_is_taken_as_it_is_and_rubbish_that_looks_like_one_is_not_taken() {
    let hash = PasswordHash::create(b"pw", HashCost::default(), &mut Counting::from(7)).unwrap().to_string();
    assert!(passwords(&[("ann", &hash)]).proves("ann", b"pw", Timestamp::ZERO).unwrap());
    let mut entropy = Counting::from(0);
    let mut passwords = Passwords::new(&mut entropy).unwrap();
    for bad in ["$argon2id$rubbish", "$1$a$b", ""] {
        assert!(passwords.add("ann", bad, &mut entropy).is_err(), "{bad}");
    }
    assert!(passwords.is_empty());
}

#[test]
fn a_memory_is_inherited_by_those_whose_password_stayed_the_same() {
    let mut entropy = Counting::from(0);
    let key = MemoryKey::new(&mut entropy).unwrap();
    let mut of = |key: &MemoryKey, users: &[(&str, &str)]| {
        let mut passwords = Passwords::under(key);
        users.iter().for_each(|(name, text)| passwords.add(name, text, &mut entropy).unwrap());
        passwords
    };
    let old = of(&key, &[("ann", "12345"), ("bob", "54321"), ("eve", "5")]);
    for (name, password) in [("ann", "12345"), ("bob", "54321"), ("eve", "5")] {
        assert!(old.proves(name, password.as_bytes(), Timestamp::ZERO).unwrap());
    }
    let new = of(&key, &[("ann", "12345"), ("bob", "67890")]);
    new.inherit(&old);
    let remembers = |name: &str, password: &str| new.remembers(name, password.as_bytes(), Timestamp::ZERO);
    assert!(remembers("ann", "12345"));
    assert!(!remembers("bob", "54321") && !remembers("bob", "67890") && !remembers("eve", "5"));
    let later = Timestamp::ZERO.after(Duration::from_secs(300));
    assert!(!new.remembers("ann", b"12345", later), "for as long as it would have been");
    let other = of(&MemoryKey::new(&mut Counting::from(9)).unwrap(), &[("ann", "12345")]);
    other.inherit(&old);
    assert!(!other.remembers("ann", b"12345", Timestamp::ZERO));
}
