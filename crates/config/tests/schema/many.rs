//! Large files are no work that grows faster than they do.

use std::fmt::Write as _;

use vouchmq_config::hocon::FILE_SIZE_MAX;

use crate::text::{accepted, outcome};

/// Each of these took minutes when any step looked at all of the others.
const MANY: usize = 20_000;

fn numbered(line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0..MANY {
        let _ = writeln!(text, "{}", line(number));
    }
    assert!(text.len() < FILE_SIZE_MAX);
    text
}

#[test]
fn many_users_are_read_and_compared() {
    let users = |from: usize| {
        accepted(&format!("auth.password {{\n{}}}", numbered(|at| format!("user{} = pw{at}", at + from))))
    };
    let (before, after) = (users(0), users(1));
    assert_eq!(before.config.as_ref().unwrap().authentication.users.as_ref().unwrap().len(), MANY);
    assert!(before.changes(&before).is_empty());
    // Each has another password, one is gone and one is new.
    assert_eq!(after.changes(&before).len(), MANY + 1);
}

#[test]
fn many_keys_that_are_none_are_told_with_a_bound() {
    for text in [
        numbered(|at| format!("nothing{at} = 1")),
        format!("mqtt {{\n{}}}", numbered(|at| format!("max_packet_sise{at} = 1"))),
        format!(
            "auth.acl.rules = [ {{ permit = deny, and = [ {{\n{} }} ] }} ]",
            numbered(|at| format!("usernam{at} = a"))
        ),
    ] {
        let outcome = outcome(&text);
        assert!(outcome.config.is_none());
        assert!(outcome.errors().count() <= 200, "{}", outcome.errors().count());
        assert!(outcome.report().contains("is no key"));
    }
}

#[test]
fn many_listeners_and_files_are_told_apart() {
    let listeners = format!(
        "listeners.tcp {{\n{}}}",
        numbered(|at| format!("l{at} {{ bind = \"127.0.0.{}:{}\" }}", at % 4 + 1, at / 4 + 1024))
    );
    assert_eq!(accepted(&listeners).config.unwrap().listeners.len(), MANY);
    let files = format!(
        "listeners.ssl {{ bind = \"8883\", certfile = c, keyfile = k, cacertfile = a, verify_peer = true, crlfiles = [\n{}] }}",
        numbered(|at| format!("f{at},"))
    );
    let config = accepted(&files).config.unwrap();
    let clients = config.listeners[0].tls.clone().unwrap().clients.unwrap();
    assert_eq!(clients.revocation_lists.len(), MANY);
}
