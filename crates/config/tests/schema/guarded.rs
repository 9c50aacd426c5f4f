//! Keys that say who may come in, and what is read or written where.

use vouchmq_config::schema::{Kind, rows};
use vouchmq_config::{Layers, Outcome, resolve};

use crate::text::{outcome, reading};

const ANN: &str = "{ name = ann, password = \"a long password\", role = viewer";
const BOB: &str = "{ name = bob, password = \"another password\", role = viewer";

fn above(file: &str, overrides: &str) -> Outcome {
    let mut layers = Layers::new();
    layers.file(reading("a.conf", file));
    layers.overrides(reading("overrides.conf", overrides));
    resolve(layers)
}

fn changed(before: &str, after: &str) -> Vec<String> {
    outcome(after).guarded_changes(&outcome(before))
}

#[test]
fn what_is_guarded_is_marked_in_the_table() {
    for row in rows() {
        let below = |sections: &[&str]| sections.iter().any(|section| row.path.starts_with(section));
        let names_a_place = matches!(
            row.kind,
            Kind::File
                | Kind::Secret
                | Kind::Address
                | Kind::HttpAddress
                | Kind::List(Kind::File | Kind::Address)
        );
        let is_access =
            below(&["http_server.", "auth_service.", "registry.", "registration.", "auth.", "listeners."]);
        let is_log = ["log.to", "log.file", "log.dir"].contains(&row.path);
        if names_a_place || is_access || is_log {
            assert!(row.is_guarded, "{}", row.path);
        }
        let has_limits =
            row.is_guarded || below(&["system.", "mqtt.", "retained.", "connections.", "log.", "sqlite."]);
        assert!(has_limits, "{}", row.path);
    }
    for free in
        ["mqtt.max_packet_size", "log.level", "connections.max", "retained.max_bytes", "system.sys_interval"]
    {
        assert!(rows().any(|row| row.path == free && !row.is_guarded), "{free}");
    }
}

#[test]
fn limits_are_nobodys_guard() {
    assert!(changed("", "mqtt.max_packet_size = 2MB\nlog.level = debug\nconnections.max = 7").is_empty());
}

#[test]
fn rights_that_move_from_one_entry_to_another_are_a_change() {
    let users = |ann: &str, bob: &str| format!("http_server.users = [{ANN}{ann} }}, {BOB}{bob} }}]");
    let scopes = ", scopes = [\"admin\"]";
    assert_eq!(changed(&users(scopes, ""), &users("", scopes)), ["http_server.users[].scopes"]);
    let networks = |list: &str| users(&format!(", networks = [{list}]"), "");
    assert_eq!(
        changed(&networks("\"127.0.0.1\", \"10.0.0.0/8\""), &networks("\"127.0.0.1, 10.0.0.0/8\"")),
        ["http_server.users[].networks"]
    );
    assert!(changed(&users(scopes, ""), &users(scopes, "")).is_empty());
}

#[test]
fn what_is_pinned_hidden_or_emptied_is_a_change() {
    let file = "auth.allow_anonymous = true";
    // It says nothing new today, and counts whatever the file says tomorrow.
    assert_eq!(above(file, file).guarded_changes(&above(file, "")), ["auth.allow_anonymous"]);
    // It counts when what hides it is taken back.
    let other = "auth.allow_anonymous = false";
    assert_eq!(above(file, other).guarded_changes(&above("", other)), ["auth.allow_anonymous"]);
    assert_eq!(changed("auth.acl.rules = []", ""), ["auth.acl.rules"]);
    assert_eq!(changed("", "auth.password {}"), ["auth.password"]);
    assert_eq!(changed("auth.password.alice = one", "auth.password.alice = two"), ["auth.password.alice"]);
    let nothing = above("auth.no_match = deny", "auth.no_match = null");
    assert_eq!(nothing.guarded_changes(&above("auth.no_match = deny", "")), ["auth.no_match"]);
}

#[test]
fn no_value_is_told() {
    let told = format!("{:?}", outcome("auth.password.alice = canary").guarded_changes(&outcome("")));
    assert!(!told.contains("canary"), "{told}");
    assert!(!format!("{:?}", outcome("auth.password.alice = canary")).contains("canary"));
}
