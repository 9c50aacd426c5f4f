//! Where values come from, and which of them counts.

use vouchmq_config::{Layers, Outcome, resolve};

use crate::text::{accepted, reading};

fn shown(outcome: &Outcome, key: &str) -> Vec<(String, String)> {
    let of_key = outcome.effective().filter(|value| value.key == key);
    of_key.map(|value| (value.value.to_owned(), value.origin.clone())).collect()
}

fn one(value: &str, origin: &str) -> Vec<(String, String)> {
    vec![(value.to_owned(), origin.to_owned())]
}

#[test]
fn flags_are_above_the_environment_above_overrides_above_files() {
    let key = "mqtt.receive_maximum";
    let mut layers = Layers::new();
    let told = |layers: &Layers| {
        let outcome = resolve(layers.clone());
        assert!(outcome.config.is_some(), "{}", outcome.report());
        shown(&outcome, key)
    };
    assert_eq!(told(&layers), one("1024", "default"));
    layers.file(reading("a.conf", "\nMQTT { Receive_Maximum = 1 }"));
    assert_eq!(told(&layers), one("1", "a.conf:2:26"));
    layers.overrides(reading("data/overrides.conf", "mqtt.receive_maximum = 2"));
    assert_eq!(told(&layers), one("2", "data/overrides.conf:1:24"));
    layers.environment(
        [("VOUCHMQ_MQTT_RECEIVE_MAXIMUM".into(), "3".into()), ("HOME".into(), "x".into())].into_iter(),
    );
    assert_eq!(told(&layers), one("3", "VOUCHMQ_MQTT_RECEIVE_MAXIMUM"));
    layers.set("--set", "mqtt.receive_maximum=4");
    assert_eq!(told(&layers), one("4", "--set"));
}

#[test]
fn a_flag_reaches_names_and_lists() {
    let mut layers = Layers::new();
    layers.set("--set", "listeners.tcp.Backup.bind=127.0.0.1:1884");
    layers.set("--set", "auth.order=[file, registry]");
    layers.set("--set", "auth.password.Alice=secret");
    let config = resolve(layers).config.unwrap();
    assert_eq!(&*config.listeners[0].name, "tcp.Backup");
    assert_eq!(config.authentication.order.len(), 2);
    assert_eq!(&*config.authentication.users.unwrap()[0].name, "Alice");
}

#[test]
fn mistakes_of_flags_and_variables_name_the_key_and_what_is_allowed() {
    for (set, told) in [
        (
            "mqtt.max_packet_size",
            "--set: `mqtt.max_packet_size` says nothing; write KEY=VALUE, as mqtt.max_packet_size=2MB",
        ),
        (
            "mqtt.max_packet_size=1",
            "--set: mqtt.max_packet_size: '1' is not possible; allowed: 64 to 268435460",
        ),
        (
            "mqtt.max_keep_alive=1w",
            "--set: mqtt.max_keep_alive: '1w' is not possible; allowed: off, or up to 65535s",
        ),
        ("mqtt.receive_maximum=-1", "--set: mqtt.receive_maximum: '-1' is not possible; allowed: 1 to 65535"),
        (
            "mqtt.queue_full=drop",
            "--set: mqtt.queue_full: 'drop' is not possible; allowed: reject, drop_new, drop_oldest",
        ),
        ("max_keep_alive=1", "--set: `max_keep_alive` is no key; did you mean mqtt.max_keep_alive?"),
        ("mqtt.nothing=1", "--set: `mqtt.nothing` is no key; 'vouchmq config schema' lists all keys"),
    ] {
        let mut layers = Layers::new();
        layers.set("--set", set);
        assert_eq!(resolve(layers).errors().collect::<Vec<_>>(), [told]);
    }
    let mut layers = Layers::new();
    layers.environment([("VOUCHMQ_MQTT_RECEIVE_MAXIMUM".into(), "many".into())].into_iter());
    let told =
        "VOUCHMQ_MQTT_RECEIVE_MAXIMUM: mqtt.receive_maximum: 'many' is not possible; allowed: 1 to 65535";
    assert_eq!(resolve(layers).errors().collect::<Vec<_>>(), [told]);
}

#[test]
fn what_nanomq_makes_of_a_number_is_made_of_it_here() {
    let outcome = accepted("mqtt { max_mqueue_len = 0, max_packet_size = 512MB }");
    assert_eq!(outcome.warnings().filter(|told| told.contains("is not possible here")).count(), 2);
    let limits = outcome.config.unwrap().settings.limits;
    assert_eq!((limits.queued_messages_max, limits.packet_bytes_max), (1_000, 268_435_460));
}

#[test]
fn five_milliseconds_are_no_five_minutes() {
    let outcome = accepted(
        "mqtt.retry_interval = 5ms\nauth.http_auth { timeout = 5ms, auth_req.url = \"http://127.0.0.1/\" }\nbridges.mqtt.a.quic_initial_rtt_ms = 5ms",
    );
    assert_eq!(
        outcome.warnings().filter(|told| told.contains("read as it stands")).count(),
        2,
        "{}",
        outcome.report()
    );
}

#[test]
fn secrets_are_not_shown() {
    let secrets = r#"auth.password { alice = swordfish }
        http_server.password = swordfish
        registry.database = "postgres://u:swordfish@h/n"
        auth_service { bind = "8080", callers = [ { name = a, key = "swordfish swordfish swordfish swordfish" } ] }
        webhook { url = "http://swordfish@x/", headers { key = swordfish } }
        bridges.mqtt.a.server = "mqtt-tcp://u:swordfish@h:1883"
        auth.http_auth.auth_req.url = "http://127.0.0.1/a?token=swordfish""#;
    let outcome = accepted(secrets);
    let shown: Vec<String> = outcome.effective().map(|value| format!("{value:?}")).collect();
    assert!(!shown.join("\n").contains("swordfish"), "{shown:?}");
    assert!(!outcome.report().contains("swordfish"), "{}", outcome.report());
    assert!(!format!("{outcome:?}").contains("swordfish"));
}

#[test]
fn changes_are_told_by_key_and_a_secret_by_its_key_only() {
    let before = accepted(
        "mqtt.receive_maximum = 1\nauth.password { a = one, b = two }\nlisteners.tcp.bind = \"1883\"",
    );
    let after = accepted(
        "mqtt.receive_maximum = 2\nauth.password { a = other, c = two }\nlisteners.tcp { bind = \"1883\" }",
    );
    let changes: Vec<String> = after
        .changes(&before)
        .into_iter()
        .map(|change| format!("{}: {:?} {:?}", change.key, change.before, change.after))
        .collect();
    assert_eq!(
        changes,
        [
            "mqtt.receive_maximum: Some(\"1\") Some(\"2\")",
            "auth.password.a: Some(\"(hidden)\") Some(\"(hidden)\")",
            "auth.password.c: None Some(\"(hidden)\")",
            "auth.password.b: Some(\"(hidden)\") None",
        ]
    );
    assert!(before.changes(&before).is_empty());
    let url = |password: &str| accepted(&format!("webhook.url = \"http://u:{password}@h/\""));
    let change = url("one").changes(&url("two"));
    assert_eq!(change.len(), 1, "{change:?}");
    assert_eq!(change[0].after.as_deref(), Some("http://***@h/"));
}
