//! The service that is asked changes while the broker runs.

use nix::sys::signal::Signal;

use super::{asking, comes_in, login_at, told};
use crate::configured::{Configured, FILE};
use crate::identity::wire::{Login, VERSIONS, Version, Wire};
use crate::stub::Stub;

const CACHED: &str = "cache_ttl = 1h\n";

fn logins(stub: &Stub) -> u64 {
    stub.counts()["requests"]["login"].as_u64().unwrap_or(0)
}

/// A client of each version, connected.
fn clients(broker: &Configured) -> [Wire; 2] {
    VERSIONS.map(|version| comes_in(broker, &Login::of(version, &format!("{version:?}"), "right")))
}

/// NanoMQ reads these keys at its start only.
#[test]
fn another_service_is_asked_from_now_on_and_nobody_is_dropped() {
    let [first, second] = [Stub::start(&[]), Stub::start(&["--password", "right"])];
    let mut broker = Configured::start(&asking(&(login_at(&first) + CACHED)));
    let mut there = clients(&broker);
    assert_eq!((logins(&first), logins(&second)), (2, 0));
    broker.reload_with(&asking(&(login_at(&second) + CACHED))).code(0);
    // What the first one said is nothing that the second one has said.
    clients(&broker);
    assert_eq!((logins(&first), logins(&second)), (2, 2));
    let guess = Login::of(Version::V5, "other", "wrong");
    assert_eq!(told(&broker, &guess), 0x86);
    assert_eq!(there.each_mut().map(|wire| wire.ending()), VERSIONS.map(|version| version.ending(0x8e)));
    broker.write(FILE, &asking(&login_at(&first)));
    broker.process.signal(Signal::SIGHUP);
    broker.process.wait_for("the configuration was read again");
    assert_eq!(told(&broker, &guess), 0);
    assert_eq!(logins(&first), 3);
}

#[test]
fn who_was_let_in_stays_while_the_same_is_asked_otherwise() {
    let stub = Stub::start(&["--password", "right"]);
    let broker = Configured::start(&asking(&login_at(&stub)));
    let mut there = clients(&broker);
    for keys in ["cache_ttl = 1h", "cache_ttl = 10s, timeout = 1s", ""] {
        broker.reload_with(&asking(&format!("{}{keys}", login_at(&stub)))).code(0);
        assert!(there.iter_mut().all(Wire::is_alive), "{keys}");
        let login = Login::of(Version::V5, "newcomer", "right");
        let before = logins(&stub);
        assert_eq!((told(&broker, &login), told(&broker, &login)), (0, 0));
        assert_eq!(logins(&stub) - before, if keys.is_empty() { 2 } else { 1 }, "{keys}");
    }
}

#[test]
fn a_file_with_a_mistake_in_it_changes_nothing() {
    let stub = Stub::start(&["--password", "right"]);
    let good = login_at(&stub);
    let broker = Configured::start(&asking(&(good.clone() + CACHED)));
    let mut there = clients(&broker);
    let url = "url = \"http://127.0.0.1:1/\"";
    for (wrong, told_of) in [
        ("auth_req { method = get }".to_owned(), "url"),
        (format!("auth_req {{ {url}, params = {{ a = \"%u\" }}, body = '{{}}' }}"), "body"),
        (format!("auth_req {{ {url}, body = '{{\"a\":\"${{usrname}}\"}}' }}"), "usrname"),
        (format!("{good}timeout = 0s"), "timeout"),
        (
            "auth_req { url = \"https://127.0.0.1:1/\", tls.cacertfile = \"/nowhere/ca.pem\" }".to_owned(),
            "ca.pem",
        ),
        (format!("{good}pool_sizes = 3"), "pool_sizes"),
    ] {
        let ran = broker.reload_with(&asking(&wrong)).code(1);
        assert!(ran.stderr.contains(told_of), "{wrong}: {ran:#?}");
        assert!(there.iter_mut().all(Wire::is_alive), "{wrong}");
    }
    let before = logins(&stub);
    clients(&broker);
    assert_eq!(logins(&stub), before, "even what was remembered is");
    assert_eq!(told(&broker, &Login::of(Version::V5, "other", "wrong")), 0x86);
}

#[test]
fn who_was_let_in_by_a_service_that_is_not_asked_any_more_is_ended() {
    let stub = Stub::start(&["--password", "right"]);
    let with_service = asking(&login_at(&stub));
    let listen = "listeners.tcp.bind = \"127.0.0.1:0\"\n";
    let without = [
        with_service.replace("order = [http]", "order = [registry, file]"),
        with_service.replace("http_auth {", "http_auth { enable = false\n"),
        format!("{listen}auth {{ order = [registry] }}\n"),
    ];
    for text in without {
        let broker = Configured::start(&with_service);
        let mut there = clients(&broker);
        let ran = broker.reload_with(&text);
        if ran.code == 0 {
            let endings = there.each_mut().map(|wire| wire.ending());
            assert_eq!(endings, VERSIONS.map(|version| version.ending(0x87)), "{text}");
            assert_ne!(told(&broker, &Login::of(Version::V5, "device", "right")), 0, "{text}");
        } else {
            assert!(there.iter_mut().all(Wire::is_alive), "{text}");
        }
    }
}
