//! `vouchmq reload` and SIGHUP: all or nothing, and nobody is dropped but who has to be.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, too")]

use nix::sys::signal::Signal;

use super::{Configured, FILE};

const LISTEN: &str = "listeners.tcp.bind = \"127.0.0.1:0\"\n";

fn people(users: &str, more: &str) -> String {
    format!("{LISTEN}auth {{ password {{ {users} }}\n{more} }}\n")
}

#[test]
fn users_come_and_go_and_nobody_else_is_disconnected() {
    let broker = Configured::start(&people("alice = wonderland, bob = builder123, carol = christmas1", ""));
    let mut alice = broker.subscribe(&["-u", "alice", "-P", "wonderland", "-i", "alice", "-V", "5"]);
    let mut bob = broker.subscribe(&["-u", "bob", "-P", "builder123", "-i", "bob", "-V", "5"]);
    let carol = broker.subscribe(&["-u", "carol", "-P", "christmas1", "-i", "carol", "-V", "5", "-C", "1"]);
    // Alice is gone, Bob has another password, Carol stays, Dave is new.
    let ran =
        broker.reload_with(&people("bob = builder124, carol = christmas1, dave = davids-lamp", "")).code(0);
    assert!(ran.stdout.contains("2 sessions closed"), "{ran:?}");
    assert!(!format!("{ran:?}").contains("builder12"), "no password is told: {ran:?}");
    alice.wait_for("not authorized (0x87)");
    bob.wait_for("not authorized (0x87)");
    broker.publish(&["-u", "alice", "-P", "wonderland"]).code(1);
    broker.publish(&["-u", "bob", "-P", "builder123"]).code(1);
    broker.publish(&["-u", "dave", "-P", "davids-lamp"]).code(0);
    assert_eq!(carol.finish().code(0).stdout, "x\n", "Carol was connected all the time");
}

#[test]
fn a_file_with_a_mistake_changes_nothing() {
    let before = people("alice = wonderland", "");
    let broker = Configured::start(&before);
    let alice = broker.subscribe(&["-u", "alice", "-P", "wonderland", "-C", "1"]);
    for (text, told) in [
        (format!("{before}mqtt.max_keep_alive = never-ever"), "broker.conf:"),
        (people("bob = builder123", "acl { rules = [{ permit = perhaps }] }"), "permit"),
        (
            format!(
                "{before}listeners.ssl {{ bind = \"127.0.0.1:0\", certfile = \"{{folder}}/broker.conf\", keyfile = \"{{folder}}/broker.conf\" }}"
            ),
            "broker.conf",
        ),
        (people("bob = builder123", "password_file = \"{folder}/missing\""), "missing"),
        (format!("{before}log {{ to = [file], dir = \"/proc/nowhere\" }}"), "log.file"),
    ] {
        let ran = broker.reload_with(&text).code(1);
        assert!(ran.stderr.contains(told), "{told}: {ran:#?}");
        broker.publish(&["-u", "bob", "-P", "builder123"]).code(1);
    }
    broker.publish(&["-u", "alice", "-P", "wonderland"]).code(0);
    assert_eq!(alice.finish().code(0).stdout, "x\n");
}

#[test]
fn sighup_reads_the_configuration_again() {
    let mut broker = Configured::start(&people("alice = wonderland", ""));
    broker.write(FILE, &people("bob = builder123", ""));
    broker.process.signal(Signal::SIGHUP);
    broker.process.wait_for("the configuration was read again");
    broker.publish(&["-u", "bob", "-P", "builder123"]).code(0);
    broker.write(FILE, "auth { allow_anonymous = perhaps }");
    broker.process.signal(Signal::SIGHUP);
    broker.process.wait_for("nothing has changed");
    broker.publish(&["-u", "bob", "-P", "builder123"]).code(0);
}

#[test]
fn rules_change_for_who_is_connected() {
    let with = |rules: &str| {
        people(
            "alice = wonderland, bob = builder123",
            &format!("acl {{ rules = [{rules}] }}, no_match = deny"),
        )
    };
    let all = r##"{ permit = allow, topics = ["#"] }"##;
    let broker = Configured::start(&with(all));
    let bob = broker.subscribe(&["-u", "bob", "-P", "builder123", "-C", "1"]);
    let ran = broker
        .reload_with(&with(&format!("{{ permit = deny, username = bob, topics = [\"t\"] }}, {all}")))
        .code(0);
    assert!(ran.stdout.contains("0 sessions closed"), "{ran:?}");
    let alice = |message: &str| {
        broker.run("pub", &["-t", "t", "-q", "1", "-u", "alice", "-P", "wonderland", "-m", message]).code(0);
    };
    alice("not for Bob");
    broker.reload_with(&with(all)).code(0);
    alice("for Bob");
    assert_eq!(bob.finish().code(0).stdout, "for Bob\n");
}

#[test]
fn listeners_come_and_go_and_who_came_by_them_stays() {
    let one = "auth.allow_anonymous = true\nlisteners.tcp.bind = \"127.0.0.1:0\"\n";
    let broker = Configured::start(one);
    let subscriber = broker.subscribe(&["-C", "2"]);
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let other = format!("auth.allow_anonymous = true\nlisteners.tcp.second.bind = \"127.0.0.1:{free}\"\n");
    let ran = broker.reload_with(&format!("{one}{other}")).code(0);
    assert!(ran.stdout.contains(&free.to_string()), "{ran:?}");
    let second = |text: &str| {
        crate::process::run(&[
            "pub",
            "-h",
            "127.0.0.1",
            "-p",
            &free.to_string(),
            "-t",
            "t",
            "-m",
            text,
            "-q",
            "1",
        ])
    };
    second("by the second").code(0);
    broker.reload_with(&other).code(0);
    let refused = broker.publish(&[]).code(1);
    assert!(refused.complaint().contains("refused"), "{refused:?}");
    second("again").code(0);
    assert_eq!(subscriber.finish().code(0).stdout, "by the second\nagain\n");
}

#[test]
fn limits_and_logs_change_at_once_and_what_needs_a_restart_is_named() {
    let text = "auth.allow_anonymous = true\nlisteners.tcp.bind = \"127.0.0.1:0\"\n";
    let broker = Configured::start(text);
    let more = "mqtt.receive_maximum = 9\nsystem.shards = 1\nlog { to = [console, file], dir = \"{folder}\", file = x.log }\n";
    let ran = broker.reload_with(&format!("{text}{more}")).code(0);
    assert!(ran.stdout.contains("mqtt.receive_maximum: 1024 -> 9\n"), "{ran:?}");
    assert!(
        ran.stdout.contains("system.shards") && ran.stdout.contains("(counts after a restart)"),
        "{ran:?}"
    );
    let ran = broker.run("sub", &["-t", "a", "-E", "-d"]).code(0);
    assert!(ran.stderr.contains("ReceiveMaximum(9)"), "{ran:?}");
    assert!(broker.path("x.log").exists());
    let again = broker.reload().code(0);
    assert!(again.stdout.ends_with("nothing has changed\n"), "{again:?}");
}

/// Files behind keys count as well: no key tells that they have changed.
#[test]
fn a_password_file_is_read_again() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let users = folder.path().join("users");
    let users = users.to_str().expect("UTF-8").to_owned();
    let passwd = |name: &str| {
        crate::process::run(&["passwd", "-c", &users, name, "-b", "wonderland"]).code(0);
    };
    passwd("alice");
    let text = format!("{LISTEN}auth.password_file = \"{users}\"\n");
    let broker = Configured::start_in(folder, &text, &[]);
    broker.publish(&["-u", "alice", "-P", "wonderland"]).code(0);
    std::fs::remove_file(broker.path("users")).expect("removed");
    broker.reload().code(1);
    broker.publish(&["-u", "alice", "-P", "wonderland"]).code(0);
    passwd("bob");
    broker.reload().code(0);
    broker.publish(&["-u", "alice", "-P", "wonderland"]).code(1);
    broker.publish(&["-u", "bob", "-P", "wonderland"]).code(0);
}

/// What the authentication service answers to a plain request.
fn asked(port: u16) -> String {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
        return "nobody".to_owned();
    };
    stream.set_read_timeout(Some(crate::process::DEADLINE)).expect("a timeout");
    let _ = stream.write_all(b"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_listener_of_http_moves_and_turns_to_tls_at_its_address() {
    let free = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let (one, two) = (free(), free());
    let folder = tempfile::TempDir::new().expect("a folder");
    crate::process::run_in(folder.path(), &["cert", "self-signed"]).code(0);
    let at =
        |port: u16, more: &str| format!("{LISTEN}auth_service {{ bind = \"127.0.0.1:{port}\"{more} }}\n");
    let broker = Configured::start_in(folder, &at(one, ""), &[]);
    assert!(asked(one).starts_with("HTTP/1.1 "), "{}", asked(one));
    broker.reload_with(&at(two, "")).code(0);
    assert_eq!(asked(one), "nobody");
    assert!(asked(two).starts_with("HTTP/1.1 "));
    let tls = ", tls { certfile = \"{folder}/server.crt\", keyfile = \"{folder}/server.key\" }";
    broker.reload_with(&at(two, tls)).code(0);
    assert!(!asked(two).starts_with("HTTP/1.1 "), "it speaks TLS now: {}", asked(two));
    broker.reload_with(&at(two, "")).code(0);
    assert!(asked(two).starts_with("HTTP/1.1 "));
}
