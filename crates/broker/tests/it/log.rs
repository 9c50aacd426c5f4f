//! What clients can make the broker write into its log.

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::Connect;

use crate::harness::*;

/// Row 33: CVE-2020-13821. What clients send is escaped, and takes one line.
#[test]
fn what_clients_send_is_escaped() {
    keep_log();
    let server = Server::start();
    let name = "log\n\r\u{1b}[31m\u{202e}<script>\u{85}";
    let client = server.connect(V5, name);
    client.leave();
    let mut refused = server.open(V5);
    refused.send(Connect { client_id: &format!("{name}{}", "x".repeat(300)), ..connect(V5, "") });
    while refused.poll().is_some() {}
    until("all of it is logged", || {
        log_lines("client disconnected").iter().any(|line| line.contains("script"))
    });
    for line in log_lines("script") {
        let bad: Vec<_> = line.chars().filter(|c| c.is_control() || *c == '\u{202e}').collect();
        assert!(bad.is_empty(), "{line:?}");
        assert!(line.len() < 1000, "{line:?}");
    }
}

/// A password is a secret wherever it turns up.
#[test]
fn no_password_is_written() {
    keep_log();
    let server = Server::start();
    let password = Some(b"s3cret-in-no-log".as_slice());
    let client = server.connect_with(Connect { username: Some("u"), password, ..connect(V311, "quiet") });
    client.leave();
    until("it is logged", || log_lines("quiet").len() == 2);
    assert!(log_lines("s3cret").is_empty());
}

/// Who was lost is told by address, too.
#[test]
fn a_lost_connection_is_logged_with_its_address() {
    keep_log();
    let server = Server::start();
    drop(server.connect(V5, "vanishes"));
    until("it is logged", || log_lines("vanishes").len() == 2);
    for line in log_lines("vanishes") {
        assert!(line.contains("peer=127.0.0.1:"), "{line}");
    }
}

/// Whoever reads the log finds why a session ended, and whether somebody asked for it.
#[test]
fn who_is_no_longer_allowed_is_logged_with_the_reason() {
    keep_log();
    let mut registry = Registry::new();
    let (revoked, asked) = (registry.add("log-revoked"), registry.add("log-asked"));
    let server = Server::with(|config, _| config.authenticator = registry.resident.clone());
    let _clients = [("log-revoked", &revoked), ("log-asked", &asked)]
        .map(|(id, secret)| server.connect_with(login(V5, id, secret)));
    registry.revoke("log-revoked");
    assert_eq!(wait_for(server.control.reconsider(vouchmq_identity::Whom::Everybody)), 1);
    server.control.disconnect("log-asked", ReasonCode::ADMINISTRATIVE_ACTION);
    for (id, reason) in [
        ("log-revoked", "no longer allowed: the credential is revoked"),
        ("log-asked", "an operator asked for it"),
    ] {
        until("its end is logged", || {
            let lines = log_lines("client disconnected");
            lines.iter().any(|line| line.contains(id) && line.contains(reason))
        });
    }
}

/// A flood of the same event is counted, and summarised in one line.
#[test]
fn a_flood_of_refusals_is_summarised() {
    keep_log();
    let server = Server::start();
    let refuse = |name: &str| {
        let mut client = server.open(V5);
        client.send(Connect { client_id: &name.repeat(300), ..connect(V5, "") });
        while client.poll().is_some() {}
    };
    (0..500).for_each(|_| refuse("x"));
    let suppressed = server.stats().log_lines_suppressed;
    let written = log_lines("client refused").len();
    assert!(suppressed >= 400 && written <= 100, "{written} lines, {suppressed} left out");
    until("the next second begins with a summary", || {
        refuse("y");
        !log_lines("more of the same").is_empty()
    });
}
