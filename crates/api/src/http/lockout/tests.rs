use tokio::time::advance;

use super::*;

const PASSWORD_FREE: u32 = PASSWORDS.free_of_user;

fn at(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// How long an attempt would have to wait to be listened to; it is none.
fn blocked(lockout: &Lockout, peer: IpAddr, user: &str) -> Option<Duration> {
    match lockout.begin(peer, Some(user)) {
        Ok(attempt) => {
            attempt.undecided();
            None
        }
        Err(left) => Some(left),
    }
}

async fn fail(lockout: &Lockout, peer: IpAddr, user: &str) {
    lockout.begin(peer, Some(user)).unwrap_or_else(|left| panic!("not listened to: {left:?}")).failed().await;
}

#[tokio::test(start_paused = true)]
async fn who_guesses_waits_is_not_listened_to_for_a_minute_and_keeps_nobody_else_out() {
    let lockout = Lockout::of_passwords();
    let here = at("192.0.2.1");
    for _ in 0..PASSWORD_FREE + PASSWORDS.slow {
        fail(&lockout, here, "bob").await;
    }
    assert!(blocked(&lockout, here, "bob").is_some_and(|left| left <= BLOCKED));
    assert_eq!(blocked(&lockout, at("192.0.2.2"), "bob"), None, "the right password from elsewhere");
    assert_eq!(blocked(&lockout, here, "alice"), None, "another user from there");
    advance(BLOCKED).await;
    assert_eq!(blocked(&lockout, here, "bob"), None);
}

#[tokio::test(start_paused = true)]
async fn many_at_once_are_not_more_than_one_after_the_other() {
    let lockout = Lockout::of_passwords();
    let begin = |peer: &str| -> Vec<_> {
        (0..256).filter_map(|_| lockout.begin(at(peer), Some("bob")).ok()).collect()
    };
    // Those that are free, and one that has to wait.
    let attempts = begin("192.0.2.1");
    assert_eq!(attempts.len(), 11);
    assert_eq!(begin("127.0.0.1").len(), 11, "on this machine, too");
    // Nobody gains by hanging up.
    drop(attempts);
    assert!(blocked(&lockout, at("192.0.2.1"), "bob").is_some());
}

#[tokio::test(start_paused = true)]
async fn what_was_right_is_given_back() {
    let lockout = Lockout::of_passwords();
    let here = at("192.0.2.1");
    for _ in 0..1000 {
        lockout.begin(here, Some("bob")).unwrap_or_else(|_| panic!("shut out")).proven();
    }
    assert!(lockout.table().is_empty());
    for _ in 0..PASSWORD_FREE {
        fail(&lockout, here, "bob").await;
    }
    advance(WAIT).await;
    lockout.begin(here, Some("bob")).unwrap_or_else(|_| panic!("shut out")).proven();
    let before = Instant::now();
    fail(&lockout, here, "bob").await;
    assert_eq!(Instant::now(), before, "forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_new_minute_does_not_open_to_who_is_not_listened_to() {
    let lockout = Lockout::of_passwords();
    let here = at("192.0.2.1");
    fail(&lockout, here, "bob").await;
    advance(Duration::from_secs(45)).await;
    for _ in 1..PASSWORD_FREE + PASSWORDS.slow {
        fail(&lockout, here, "bob").await;
    }
    // The minute that the first began is over, that of the last is not.
    advance(Duration::from_secs(10)).await;
    assert!(blocked(&lockout, here, "bob").is_some_and(|left| left > Duration::from_secs(40)));
}

#[tokio::test(start_paused = true)]
async fn one_address_cannot_try_many_names_either() {
    let lockout = Lockout::of_passwords();
    for number in 0..PASSWORDS.free + PASSWORDS.slow {
        fail(&lockout, at("2001:db8::1"), &format!("user {number}")).await;
    }
    assert!(blocked(&lockout, at("2001:db8::2"), "bob").is_some(), "one host has a /64");
    assert_eq!(blocked(&lockout, at("2001:db8:0:1::1"), "bob"), None);
}

#[tokio::test(start_paused = true)]
async fn loopback_guesses_once_a_second_and_is_never_shut_out() {
    let lockout = Lockout::of_passwords();
    let before = Instant::now();
    for _ in 0..100 {
        fail(&lockout, at("127.0.0.1"), "bob").await;
    }
    // In each minute some are free.
    assert!(before.elapsed() >= WAIT * 70);
    // Two at once: the second is not looked at.
    let first = lockout.begin(at("127.0.0.1"), Some("bob"));
    assert!(first.is_ok() && lockout.begin(at("127.0.0.1"), Some("bob")).is_err());
    assert_eq!(blocked(&lockout, at("127.0.0.1"), "alice"), None);
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_to_wait_is_not_looked_at() {
    let lockout = Lockout::of_passwords();
    let crowd: Vec<IpAddr> = (0..=WAITING_MAX).map(|number| at(&format!("192.0.2.{number}"))).collect();
    let mut held = Vec::new();
    for peer in &crowd {
        for _ in 0..PASSWORD_FREE {
            fail(&lockout, *peer, "bob").await;
        }
        held.push(lockout.begin(*peer, Some("bob")));
    }
    assert!(held.pop().is_some_and(|last| last.is_err()));
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(blocked(&lockout, at("203.0.113.9"), "bob"), None, "who has done nothing needs none");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_wrong_are_not_verified_without_end() {
    let lockout = Lockout::of_tokens();
    let begin = |peer: &str| lockout.begin(at(peer), None);
    for _ in 0..TOKENS.free {
        begin("192.0.2.1").unwrap_or_else(|_| panic!("shut out")).failed().await;
        begin("127.0.0.1").unwrap_or_else(|_| panic!("shut out")).failed().await;
    }
    assert!(begin("192.0.2.1").is_err());
    assert!(begin("192.0.2.2").is_ok() && begin("127.0.0.1").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_sources_fills_no_memory_and_keeps_nobody_else_out() {
    let lockout = Lockout::of_passwords();
    for number in 0..=u32::try_from(SOURCES_MAX).unwrap() {
        fail(&lockout, std::net::Ipv4Addr::from_bits(number << 4).into(), "bob").await;
    }
    assert!(lockout.table().len() <= SOURCES_MAX);
    assert_eq!(blocked(&lockout, at("203.0.113.9"), "bob"), None);
}
