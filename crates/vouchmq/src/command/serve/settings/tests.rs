use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::*;

fn resolve(set: &[&str]) -> Result<Settings, String> {
    resolve_in(&[], set)
}

fn resolve_in(environment: &[(&str, &str)], set: &[&str]) -> Result<Settings, String> {
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let set: Vec<String> = set.iter().map(ToString::to_string).collect();
    Settings::resolve(environment, &set).map_err(|failure| match failure {
        Failure::Unusable(text) => text,
        Failure::Failed(_)
        | Failure::Lost(_)
        | Failure::TimedOut
        | Failure::OutputClosed
        | Failure::Reported => panic!("{failure:?}"),
    })
}

#[test]
fn keys_and_variables_are_unique_and_defaults_are_within_bounds() {
    let keys: BTreeSet<&str> = ROWS.iter().map(|row| row.key).collect();
    let variables: BTreeSet<String> = ROWS.iter().map(Row::variable).collect();
    assert_eq!((keys.len(), variables.len()), (ROWS.len(), ROWS.len()));
    let defaults = Settings::default();
    for row in ROWS {
        let value = (row.get)(&defaults);
        assert_eq!(row.parse(&row.show(value)), Ok(value), "{}", row.key);
    }
}

#[test]
fn what_is_set_is_what_is_read_for_every_row() {
    for row in ROWS {
        let mut settings = Settings::default();
        for text in row.allowed().trim_start_matches("allowed: ").split([' ', ',']) {
            let Ok(value) = row.parse(text) else { continue };
            (row.set)(&mut settings, value);
            assert_eq!((row.get)(&settings), value, "{} = {text}", row.key);
        }
    }
}

#[test]
fn units_are_understood() {
    let settings = resolve(&[
        "mqtt.max_packet_size=2MB",
        "mqtt.max_keep_alive=5m",
        "mqtt.max_session_expiry=1d",
        "mqtt.queue_full=drop_oldest",
        "system.max_memory=512MiB",
        "mqtt.connect_timeout=3",
    ])
    .unwrap();
    assert_eq!(settings.limits.packet_bytes_max, 2 << 20);
    assert_eq!(settings.limits.keep_alive_max_secs, 300);
    assert_eq!(settings.limits.session_expiry_max_secs, 86_400);
    assert_eq!(settings.limits.queue_full, vouchmq_mqtt::QueueFull::DropOldest);
    assert_eq!(settings.memory_bytes_max, Some(512 << 20));
    assert_eq!(settings.limits.connect_deadline, Duration::from_secs(3));
    assert_eq!(resolve(&["mqtt.max_keep_alive=off"]).unwrap().limits.keep_alive_max_secs, 0);
}

#[test]
fn flags_win_over_the_environment() {
    let environment =
        [("VOUCHMQ_MQTT_RECEIVE_MAXIMUM", "7"), ("VOUCHMQ_MQTT_MAX_TOPIC_ALIAS", "3"), ("HOME", "x")];
    let settings = resolve_in(&environment, &["mqtt.receive_maximum=8"]).unwrap();
    assert_eq!((settings.limits.receive_maximum, settings.limits.topic_alias_maximum), (8, 3));
}

#[test]
fn mistakes_name_the_key_and_what_is_allowed() {
    for (set, told) in [
        ("mqtt.max_packet_size", "--set mqtt.max_packet_size: write KEY=VALUE, as mqtt.max_packet_size=2MB"),
        (
            "mqtt.max_packet_size=0",
            "--set mqtt.max_packet_size: '0' is not possible; allowed: 64 to 268435460",
        ),
        (
            "mqtt.max_keep_alive=1w",
            "--set mqtt.max_keep_alive: '1w' is not possible; allowed: off, or up to 65535s",
        ),
        ("mqtt.receive_maximum=-1", "--set mqtt.receive_maximum: '-1' is not possible; allowed: 1 to 65535"),
        (
            "mqtt.queue_full=drop",
            "--set mqtt.queue_full: 'drop' is not possible; allowed: reject, drop_new, drop_oldest",
        ),
        ("max_keep_alive=1", "--set max_keep_alive: there is no such key; did you mean mqtt.max_keep_alive?"),
        ("mqtt.nothing=1", "--set mqtt.nothing: there is no such key; 'vouchmq serve --help' lists all keys"),
    ] {
        assert_eq!(resolve(&[set]).unwrap_err(), told);
    }
    let told = resolve_in(&[("VOUCHMQ_MQTT_RECEIVE_MAXIMUM", "many")], &[]).unwrap_err();
    assert_eq!(told, "VOUCHMQ_MQTT_RECEIVE_MAXIMUM: 'many' is not possible; allowed: 1 to 65535");
}

/// `docs/config.md` holds the table as it is here; `VOUCHMQ_WRITE_DOCS=1` writes it.
#[test]
fn the_documentation_has_the_table() {
    let (begin, end) = ("<!-- table of keys: made by a test of settings.rs -->\n", "<!-- end of table -->");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    let text = std::fs::read_to_string(&file).expect("docs/config.md");
    let (before, rest) = text.split_once(begin).expect("the begin of the table");
    let (_, after) = rest.split_once(end).expect("the end of the table");
    let expected = format!("{before}{begin}{}{end}{after}", markdown());
    if std::env::var_os("VOUCHMQ_WRITE_DOCS").is_some() {
        std::fs::write(&file, &expected).expect("docs/config.md");
        return;
    }
    assert!(
        text == expected,
        "docs/config.md is not what the table says; run this test with VOUCHMQ_WRITE_DOCS=1"
    );
}

fn markdown() -> String {
    let defaults = Settings::default();
    let mut text = String::from(
        "| Key | Default | Allowed | What, and what happens at the bound |\n|---|---|---|---|\n",
    );
    for row in ROWS {
        let value = row.show((row.get)(&defaults));
        let allowed = row.allowed();
        let allowed = allowed.trim_start_matches("allowed: ");
        let _ = writeln!(text, "| `{}` | `{value}` | {allowed} | {} |", row.key, row.what);
    }
    text
}
