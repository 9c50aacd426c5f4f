//! `vouchmq check` and `vouchmq config`, as an operator runs them.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::process::{Ran, run, run_in};

fn folder(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("v.conf"), text).unwrap();
    folder
}

fn check(folder: &Path, more: &[&str]) -> Ran {
    run_in(folder, &[&["check", "v.conf"], more].concat())
}

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    let folder = folder(
        "mqtt.max_packet_size = huge\n\nauth {\n  alow_anonymous = true\n}\nlisteners.tcp.bind = \"1883\"\n",
    );
    let ran = check(folder.path(), &[]).code(2);
    assert!(
        ran.stdout.contains("v.conf:1:24: error: mqtt.max_packet_size: 'huge' is not possible\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains(
        "v.conf:4:3: error: `auth.alow_anonymous` is no key\n    did you mean auth.allow_anonymous?\n"
    ));
    assert_eq!(ran.stderr, "vouchmq: v.conf: 2 errors; a broker would not start with it\n");
}

#[test]
fn what_is_open_to_whom_stands_at_the_end() {
    let text = r#"
        listeners.tcp.bind = "0.0.0.0:1883"
        listeners.tcp.inside.bind = "10.0.0.1:1884"
        auth { allow_anonymous = true, no_match = deny, password { alice = swordfish } }
    "#;
    let folder = folder(text);
    let ran = check(folder.path(), &[]).code(0);
    assert!(ran.stdout.contains("ANYBODY MAY CONNECT"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("swordfish"), "{}", ran.stdout);
    assert!(ran.stdout.contains("auth.password.alice = (hidden)"));
    let (_, open) = ran.stdout.split_once("Open:\n").unwrap();
    let lines: Vec<Vec<&str>> = open
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect())
        .collect();
    let anybody = "ANYBODY, devices of the registry, 1 users of the file";
    assert_eq!(lines[0], ["mqtt://0.0.0.0:1883", "for every network", "NOT ENCRYPTED", anybody]);
    assert_eq!(lines[1], ["mqtt://10.0.0.1:1884", "for a private network", "NOT ENCRYPTED", anybody]);
    assert_eq!(lines[2][..2], ["http://127.0.0.1:8081", "for this machine"]);
}

#[test]
fn each_value_has_an_origin() {
    let folder = folder("mqtt { receive_maximum = 1, max_topic_alias = 2 }\nsystem.data = data\n");
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/overrides.conf"), "mqtt.max_topic_alias = 3").unwrap();
    let ran = check(folder.path(), &["--set", "mqtt.max_user_properties=4"]).code(0);
    let origin = |key: &str| {
        let line =
            ran.stdout.lines().find(|line| line.trim_start().starts_with(&format!("{key} = "))).unwrap();
        line.split_whitespace().skip(2).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(origin("mqtt.receive_maximum"), ["1", "v.conf:1:26"]);
    assert_eq!(origin("mqtt.max_topic_alias"), ["3", "data/overrides.conf:1:24"]);
    assert_eq!(origin("mqtt.max_user_properties"), ["4", "--set"]);
    assert_eq!(origin("mqtt.max_topic_levels"), ["32", "default"]);
}

#[test]
fn what_a_configuration_names_is_looked_at() {
    let ssl = "listeners.ssl { bind = \"8883\", certfile = \"c.pem\", keyfile = \"k.pem\"";
    let missing = folder(&format!("{ssl} }}"));
    let ran = check(missing.path(), &[]).code(2);
    assert!(ran.stdout.contains("error: listeners.ssl.certfile: cannot read c.pem"), "{}", ran.stdout);
    fs::write(missing.path().join("c.pem"), "garbage").unwrap();
    fs::write(missing.path().join("k.pem"), "garbage").unwrap();
    let ran = check(missing.path(), &[]).code(2);
    assert!(ran.stdout.contains("listeners.ssl: error: "), "{}", ran.stdout);
    let off = folder(&format!("{ssl}, enable = false }}"));
    let ran = check(off.path(), &[]).code(0);
    assert!(ran.stdout.contains("warning: listeners.ssl.certfile: cannot read c.pem"), "{}", ran.stdout);
    let users = folder("auth.password_file = \"users\"");
    fs::write(users.path().join("users"), "alice:secret\n").unwrap();
    let ran = check(users.path(), &[]).code(2);
    assert!(ran.stdout.contains("users:1: error") || ran.stdout.contains("users: error"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("secret"), "{}", ran.stdout);
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let empty = TempDir::new().unwrap();
    assert!(check(empty.path(), &[]).code(2).stdout.contains("v.conf"));
}

#[test]
fn the_example_passes_and_the_schema_is_json_for_programs() {
    let example = run(&["config", "example"]).code(0).stdout;
    let folder = folder(&example);
    let ran = check(folder.path(), &[]).code(0);
    assert!(ran.stdout.starts_with("In effect:\n"), "nothing is wrong with it: {}", ran.stdout);
    let table = run(&["config", "schema", "--format", "json"]).code(0).stdout;
    let table: serde_json::Value = serde_json::from_str(&table).unwrap();
    let effects = ["acts", "warns", "not yet"].map(|effect| {
        let rows = table.as_array().unwrap().iter();
        rows.filter(|row| row["effect"] == effect).count()
    });
    let text = run(&["config", "schema"]).code(0).stdout;
    let [acts, warns, waits] = effects;
    assert!(
        text.contains(&format!(
            "{acts} act, {warns} warn and do nothing, {waits} warn and wait for a feature"
        ))
    );
}
