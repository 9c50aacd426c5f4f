//! Keys that are changed while the broker runs.

use vouchmq_config::{Layers, Overrides, hidden_left, resolve, without_secrets};

use crate::text::reading;

fn changed(changes: &[(&str, Option<&str>)]) -> Overrides {
    let mut overrides = Overrides::default();
    for (key, value) in changes {
        overrides.change(key, *value).unwrap_or_else(|(key, fault)| panic!("{key}: {fault}"));
    }
    overrides
}

/// What a change says that is refused.
fn refused(key: &str, value: Option<&str>) -> String {
    let (place, text) = Overrides::default().change(key, value).unwrap_err();
    assert_eq!(place, key);
    text
}

/// The effective values of a file below these overrides.
fn effective(file: &str, overrides: &Overrides) -> Vec<String> {
    let mut layers = Layers::new();
    layers.file(reading("a.conf", file));
    layers.overrides(reading("overrides.conf", &overrides.text().unwrap()));
    let outcome = resolve(layers);
    assert!(outcome.config.is_some(), "{}", outcome.report());
    let said = outcome.effective().filter(|value| value.origin != "default");
    said.map(|value| {
        let origin = value.origin.split(':').next().unwrap().to_owned();
        format!("{} = {} ({origin})", value.key, value.value)
    })
    .collect()
}

#[test]
fn a_key_counts_above_the_file_and_stays_when_it_is_read_again() {
    let overrides = changed(&[("MQTT.Max_Packet_Size", Some("2MB")), ("auth.order", Some("file, registry"))]);
    let file = "mqtt { max_packet_size = 1MB }";
    let wanted =
        ["mqtt.max_packet_size = 2MB (overrides.conf)", "auth.order = [file, registry] (overrides.conf)"];
    let mut found = effective(file, &overrides);
    found.sort_by_key(|line| std::cmp::Reverse(line.clone()));
    assert_eq!(found, wanted);
    let again = Overrides::read(&overrides.text().unwrap()).unwrap();
    assert_eq!(again.text(), overrides.text());
}

#[test]
fn a_change_that_is_taken_back_leaves_nothing() {
    let mut overrides =
        changed(&[("mqtt.max_packet_size", Some("2MB")), ("listeners.tcp.x.bind", Some("1884"))]);
    overrides.change("mqtt.MAX_packet_size", None).unwrap();
    overrides.change("listeners.tcp.x", None).unwrap();
    assert_eq!(overrides.text(), Overrides::default().text());
    // Nothing is there, and it is a key.
    overrides.change("mqtt.max_keep_alive", None).unwrap();
    assert!(refused("mqtt.max_packet", None).contains("did you mean mqtt.max_packet_size"));
}

#[test]
fn what_is_no_longer_a_key_can_be_taken_out() {
    let mut overrides = Overrides::read("old { key = 1 }\n").unwrap();
    overrides.change("old.key", None).unwrap();
    assert_eq!(overrides.text(), Overrides::default().text());
}

#[test]
fn lists_and_blocks_are_written_as_in_a_file() {
    let rules = r##"[{ permit = deny, action = publish, topics = ["a/#", "${clientid}"] }]"##;
    let overrides = changed(&[
        ("auth.acl.rules", Some(rules)),
        ("listeners.tcp.Backup", Some("{ Bind = \"127.0.0.1:1884\" }")),
        ("auth.password", Some(r#"{"a.b": "x1234567", Carol: "y1234567"}"#)),
        ("auth.password.\"d e\"", Some("z\"1234567")),
    ]);
    let lines = effective("", &overrides).join("\n");
    for told in [
        "auth.acl.rules[].permit = deny",
        "[a/#, ${clientid}]",
        "listeners.tcp.Backup.bind = 127.0.0.1:1884",
        "auth.password.a.b = (hidden)",
        "auth.password.Carol = (hidden)",
        "auth.password.d e = (hidden)",
    ] {
        assert!(lines.contains(told), "{told} is not in\n{lines}");
    }
}

#[test]
fn a_value_never_says_more_than_its_key() {
    // A text is a text, whatever it looks like.
    let text =
        changed(&[("auth.password.alice", Some("x\"\n} auth.allow_anonymous = true"))]).text().unwrap();
    assert!(!effective("", &Overrides::read(&text).unwrap()).join("\n").contains("allow_anonymous"));
    for (key, value, told) in [
        ("auth.acl.rules", "[], auth.allow_anonymous = true", "more than one value"),
        ("auth.acl.rules", "[]\nauth { allow_anonymous = true }", "more than one value"),
        ("auth.acl.rules", "[] }", "closes nothing"),
        ("auth.acl.rules", "[${VOUCHMQ_ADMIN_TOKEN}]", "VOUCHMQ_ADMIN_TOKEN"),
        ("auth.acl.rules", "[${?VOUCHMQ_ADMIN_TOKEN}]", "not there"),
        ("auth.password", "{ include \"/etc/passwd\" }", "no file is included here"),
        ("auth.password", "{ alice = \"******\", }, x = 1", "more than one value"),
    ] {
        let found = refused(key, Some(value));
        assert!(found.contains(told), "{key} = {value}: {found}");
    }
}

#[test]
fn what_is_no_key_is_refused_and_its_value_is_not_told() {
    for (key, told) in [
        ("mqtt.max_packet", "did you mean mqtt.max_packet_size?"),
        ("auth.acl.rules[].permit", "replaced as a whole"),
        ("mqtt. max", "it is no key"),
        ("a = 1\nb", "it is no key"),
        ("system.data", "where this very change is kept"),
    ] {
        let found = refused(key, Some("canary-of-the-value"));
        assert!(found.contains(told) && !found.contains("canary"), "{key}: {found}");
    }
    assert!(refused("system", Some("{ data = x }")).contains("where this very change is kept"));
}

#[test]
fn what_stands_for_a_secret_leaves_it_as_it_is() {
    let file = "auth.password { alice = wonderland }";
    let mut overrides = changed(&[("auth.password.alice", Some("(hidden)"))]);
    assert_eq!(overrides.text(), Overrides::default().text());
    overrides.change("auth.password.bob", Some("builder123")).unwrap();
    overrides
        .change("auth.password", Some(r#"{alice: "******", bob: "(hidden)", carol: "christmas1"}"#))
        .unwrap();
    let text = overrides.text().unwrap();
    assert!(text.contains("builder123") && text.contains("christmas1"), "{text}");
    assert!(!text.contains("alice") && !text.contains("***") && !text.contains("hidden"), "{text}");
    assert_eq!(effective(file, &overrides).len(), 3);
    for (key, value) in [
        ("auth_service.callers", r#"[{name: "x", key: "******"}]"#),
        ("auth.http_auth.auth_req.url", "http://***@example.com/"),
    ] {
        assert!(refused(key, Some(value)).contains("not shown"), "{key}");
    }
}

#[test]
fn a_key_that_something_stronger_says_is_named_with_it() {
    let overrides = changed(&[
        ("mqtt.max_packet_size", Some("2MB")),
        ("mqtt.max_keep_alive", Some("60s")),
        ("auth", Some("{ allow_anonymous = false }")),
    ]);
    let mut layers = Layers::new();
    layers.overrides(reading("overrides.conf", &overrides.text().unwrap()));
    assert!(overrides.overruled(&layers).is_empty());
    layers.environment([("VOUCHMQ_MQTT_MAX_PACKET_SIZE".into(), "1MB".into())].into_iter());
    layers.set("--set", "auth.allow_anonymous=true");
    let overruled = overrides.overruled(&layers);
    let wanted = [
        ("mqtt.max_packet_size".to_owned(), "VOUCHMQ_MQTT_MAX_PACKET_SIZE".to_owned()),
        ("auth.allow_anonymous".to_owned(), "--set".to_owned()),
    ];
    assert_eq!(overruled, wanted);
}

#[test]
fn what_a_person_wrote_and_writing_would_lose_is_refused() {
    for text in ["include \"more.conf\"", "a = ${HOME}", "a = ${?HOME}", "a ="] {
        let mistakes = Overrides::read(text).unwrap_err();
        assert!(mistakes[0].0.starts_with("overrides.conf: line 1"), "{text}: {mistakes:?}");
    }
}

#[test]
fn a_file_is_shown_without_its_secrets() {
    let text = r##"# An example: see https://example.com/docs
mqtt { max_packet_size = 2MB } # up to two
# password = "canary-1"
# old token: canary-2
auth {
  password { alice = "canary-3", bob = 'canary-4', alice = canary5#canary-6
  } # it was canary-3 once
  password.carol = """canary-7"""
  http_auth { auth_req { url = "http://u:canary-8@x/?t=canary-9", headers { Authorization = "canary-10" } } }
}
http_auth_extra = 1
registry.database = "postgres://u:canary-11@h/db"
auth_service.callers = [{ name = one, key = "canary-12" }, { name = two
  key = "canary-13" }]
webhook { headers { x = canary-14 }, ssl { anything = canary-15 } }
bridges.mqtt.one { password = canary-16, unknown = canary-17 }
include "users.conf"
"##;
    let shown = without_secrets(text).unwrap();
    assert!(!shown.contains("canary"), "{shown}");
    for told in [
        "# An example: see https://example.com/docs\n",
        "max_packet_size = 2MB } # up to two\n",
        "alice = \"******\", bob = \"******\"",
        "url = \"http://***@x/?***\"",
        "{ name = one, key = \"******\" }",
        "include \"users.conf\"\n",
    ] {
        assert!(shown.contains(told), "{told} is not in\n{shown}");
    }
    assert_eq!(shown.lines().count(), text.lines().count());
}

#[test]
fn a_file_that_cannot_be_understood_is_not_shown() {
    let mistakes = without_secrets("auth.password.alice = \"canary\nmqtt {").unwrap_err();
    assert!(!format!("{mistakes:?}").contains("canary"), "{mistakes:?}");
}

#[test]
fn what_is_shown_is_told_when_it_comes_back() {
    let text = "mqtt.max_keep_alive = 60s\nauth.password { alice = wonderland }\n";
    assert_eq!(hidden_left(text).unwrap(), []);
    let left = hidden_left(&without_secrets(text).unwrap()).unwrap();
    assert_eq!(left, [("line 2".to_owned(), "auth.password.alice".to_owned())]);
}
