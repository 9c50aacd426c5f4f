//! What operators do, by commands only.

use serde_json::{Value, json};

use super::broker::{Broker, labelled};

#[test]
fn the_life_of_a_device() {
    let broker = Broker::start();
    let product = broker.run(&["product", "create", "--key", "sensor", "--name", "Sensor"]).code(0);
    assert!(
        product.stdout.contains("allow both dev/${device}/#") && product.stderr.is_empty(),
        "{product:?}"
    );

    let made = broker.run(&["device", "create", "--product", "sensor", "--id", "d1", "--secret"]).code(0);
    let old = labelled(&made, "secret").to_owned();
    assert!(made.stdout.contains("product      sensor"), "{made:?}");
    broker.publish("d1", &old).code(0);
    let shown = broker.json(&["device", "show", "d1"]);
    assert_eq!((&shown["id"], &shown["state"]), (&json!("d1"), &json!("active")), "{shown}");

    let rotated = broker.run(&["credential", "rotate", "d1", "--grace", "1h", "--wait"]).code(0);
    assert!(rotated.stdout.contains("\napplied by 1 of 1 nodes, 0 sessions closed, "), "{rotated:?}");
    let new = labelled(&rotated, "secret").to_owned();
    broker.publish("d1", &old).code(0);
    let changed = broker.run(&["device", "change", "d1", "--tag", "a=b", "--wait"]).code(0);
    assert_eq!(changed.stdout.matches("applied").count(), 1, "{changed:?}");

    let mut device = broker.subscribe("d1", &new);
    let suspended = broker.run(&["device", "suspend", "d1", "--reason", "lost"]).code(0);
    let said = suspended.stdout.strip_prefix("suspended; applied by 1 of 1 nodes, 1 session closed, ");
    assert!(said.is_some_and(|rest| rest.ends_with(" ms\n")), "{suspended:?}");
    device.wait_for("not authorized (0x87)");
    drop(device);
    broker.publish("d1", &new).code(1);
    broker.run(&["device", "resume", "d1"]).code(0);
    broker.publish("d1", &new).code(0);

    let credentials = broker.json(&["credential", "list", "d1"]);
    let active = credentials.as_array().unwrap().iter().find(|one| one["state"] == "active").unwrap();
    let revoked = broker.run(&["credential", "revoke", active["id"].as_str().unwrap()]).code(0);
    assert!(revoked.stdout.starts_with("revoked; "), "{revoked:?}");
    broker.publish("d1", &new).code(1);

    assert!(broker.run(&["device", "retire", "d1"]).code(0).stdout.starts_with("retired; "));
    let again = broker.run(&["device", "resume", "d1"]).code(1);
    assert!(again.complaint().starts_with("refused: "), "{again:?}");

    let audit = broker.json(&["audit", "list", "--after", "1"]);
    let suspension = audit.as_array().unwrap().iter().find(|one| one["action"] == "device.suspend").unwrap();
    assert_eq!((&suspension["reason"], &suspension["actor"]), (&json!("lost"), &json!("admin")));
    let whole = broker.run(&["audit", "verify"]).code(0);
    assert!(whole.stdout.contains("each chained to the one before"), "{whole:?}");
    let events = broker.json(&["event", "list"]);
    assert!(events.as_array().unwrap().iter().any(|event| event["kind"] == "login_denied"), "{events}");
    for arguments in [&["audit", "list"][..], &["event", "list"], &["device", "list"]] {
        let ran = broker.run(arguments).code(0);
        assert!(!ran.stdout.contains("vmq1_") && ran.stderr.is_empty(), "{ran:?}");
    }
}

#[test]
fn products_are_named_by_key_or_id_and_changed_in_part() {
    let broker = Broker::start();
    let none = broker.run(&["product", "list"]).code(0);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "no products\n"));
    assert_eq!(broker.run(&["product", "list", "--json"]).code(0).stdout, "[]\n");
    let made =
        broker.json(&["product", "create", "--key", "pump", "--name", "Pump", "--kind", "secret,password"]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(broker.json(&["product", "show", id]), made);
    assert_eq!(broker.json(&["product", "show", "pump"]), made);
    let changed = broker.json(&[
        "product",
        "change",
        "pump",
        "--max-devices",
        "1",
        "--acl",
        "allow publish a/${device}",
        "--acl",
        "deny both b",
    ]);
    assert_eq!((&changed["name"], &changed["max_devices"]), (&json!("Pump"), &json!(1)));
    assert_eq!(changed["acl"].as_array().map(Vec::len), Some(2), "{changed}");
    let changed = broker.json(&["product", "change", id, "--max-devices", "unlimited", "--no-acl"]);
    assert_eq!((&changed["max_devices"], &changed["acl"]), (&Value::Null, &json!([])));

    broker
        .run(&["device", "create", "--product", id, "--id", "p1", "--hw-id", "h", "--tag", "site=a"])
        .code(0);
    let changed =
        broker.json(&["device", "change", "p1", "--no-hw-id", "--tag", "floor=2", "--expires-at", "never"]);
    assert_eq!((&changed["hw_id"], &changed["tags"]), (&Value::Null, &json!({"floor": "2"})), "{changed}");
    let found =
        |arguments: &[&str]| broker.json(&[&["device", "list"], arguments].concat()).as_array().map(Vec::len);
    assert_eq!(found(&["--product", "pump", "--tag", "floor=2", "--offline", "--search", "p"]), Some(1));
    assert_eq!(found(&["--tag", "site=a"]), Some(0));
    assert_eq!(found(&["--online"]), Some(0));
    let kept = broker.run(&["product", "delete", "pump"]).code(1);
    assert!(kept.complaint().starts_with("refused: "), "{kept:?}");
    let deleted = broker.run(&["product", "delete", "pump", "--cascade"]).code(0);
    assert_eq!(deleted.stdout, "product 'pump' deleted\n");
}

#[test]
fn a_password_is_read_and_never_printed() {
    let broker = Broker::start();
    broker
        .run(&["product", "create", "--key", "p", "--name", "P", "--kind", "password", "--kind", "scram"])
        .code(0);
    broker.run(&["device", "create", "--product", "p", "--id", "d"]).code(0);
    let add = |kind: &str, input: &str| {
        let arguments = ["credential", "add", "d", "--kind", kind];
        broker.run_as(super::broker::ADMINISTRATOR, &arguments, input)
    };
    for kind in ["password", "scram"] {
        let added = add(kind, "wonderland\n").code(0);
        assert!(added.stdout.contains(kind) && added.stderr.is_empty(), "{added:?}");
        assert!(!added.stdout.contains("wonderland"), "{added:?}");
    }
    broker.publish("d", "wonderland").code(0);
    let empty = add("password", "\n").code(2);
    assert_eq!(empty.complaint(), "the password is empty");
    let secret = add("secret", "").code(1);
    assert!(secret.complaint().starts_with("refused: "), "{secret:?}");
}

#[test]
fn who_is_blocked_is_out_until_the_block_is_removed() {
    let broker = Broker::start();
    broker.run(&["product", "create", "--key", "p", "--name", "P"]).code(0);
    let made = broker.run(&["device", "create", "--product", "p", "--id", "d", "--secret"]).code(0);
    let secret = labelled(&made, "secret");
    let mut device = broker.subscribe("d", secret);
    let block =
        broker.json(&["block", "add", "product", "p", "--reason", "recalled", "--for", "1h", "--wait"]);
    assert_eq!(
        (&block["applied"]["nodes"]["acked"], &block["applied"]["sessions_closed"]),
        (&json!(1), &json!(1))
    );
    device.wait_for("not authorized (0x87)");
    drop(device);
    broker.publish("d", secret).code(1);
    assert_eq!((&block["kind"], &block["reason"]), (&json!("product"), &json!("recalled")));
    assert!(broker.run(&["block", "list"]).code(0).stdout.contains("recalled"));
    let removed = broker.run(&["block", "remove", block["id"].as_str().unwrap(), "--wait"]).code(0);
    assert!(removed.stdout.contains(" removed; applied by 1 of 1 nodes, "), "{removed:?}");
    broker.publish("d", secret).code(0);
}

#[test]
fn an_api_key_opens_what_it_is_for_until_it_is_revoked() {
    let broker = Broker::start();
    let made =
        broker.run(&["api-key", "create", "--name", "ci", "--scope", "devices:read", "--expires-in", "1d"]);
    let made = made.code(0);
    let key = labelled(&made, "secret");
    broker.run_as(key, &["device", "list"], "").code(0);
    let refused = broker.run_as(key, &["api-key", "list"], "").code(1);
    let told = refused.complaint();
    assert!(
        told.starts_with("the API key ") && told.contains("VOUCHMQ_ADMIN_TOKEN may not do this: "),
        "{told}"
    );
    assert!(!told.contains(key) && told.ends_with("this needs the scope admin"), "{told}");
    let keys = broker.json(&["api-key", "list"]);
    broker.run(&["api-key", "revoke", keys[0]["id"].as_str().unwrap()]).code(0);
    broker.run_as(key, &["device", "list"], "").code(1);
}

#[test]
fn every_field_that_is_shown_has_a_title() {
    let broker = Broker::start();
    let id = |answer: &Value| answer["id"].as_str().unwrap().to_owned();
    broker.run(&["product", "create", "--key", "p", "--name", "P"]).code(0);
    broker
        .run(&["device", "create", "--product", "p", "--id", "d", "--secret", "--expires-in", "9d"])
        .code(0);
    broker.publish("d", "wrong").code(1);
    let claim = id(&broker.json(&["claim", "create", "--product", "p"]));
    for arguments in [
        &["product", "show", "p"][..],
        &["device", "show", "d"],
        &["claim", "show", &claim],
        &["credential", "rotate", "d"],
        &["block", "add", "ip", "192.0.2.1", "--for", "1m"],
        &["api-key", "create", "--name", "n", "--scope", "admin"],
    ] {
        let ran = broker.run(arguments).code(0);
        let titles = ran.stdout.lines().filter_map(|line| line.strip_prefix("│ ")?.split("  ").next());
        let titles: Vec<&str> = titles.collect();
        assert!(titles.len() > 3 && !titles.iter().any(|title| title.contains('_')), "{titles:?}");
    }
    let shown = broker.run(&["device", "show", "d"]).code(0).stdout;
    assert!(shown.contains("wrong_password at 20"), "{shown}");
}
