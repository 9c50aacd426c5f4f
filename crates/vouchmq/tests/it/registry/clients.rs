//! What operators do with a running broker, by commands only.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use serde_json::{Value, json};

use super::broker::Broker;

/// A broker with one device that may connect.
fn broker() -> (Broker, String) {
    let broker = Broker::start();
    broker.run(&["product", "create", "--key", "p", "--name", "P"]).code(0);
    let made = broker.json(&["device", "create", "--product", "p", "--id", "d1", "--secret"]);
    (broker, made["secret"].as_str().unwrap().to_owned())
}

#[test]
fn a_client_is_found_looked_at_and_disconnected() {
    let (broker, secret) = broker();
    let mut device = broker.subscribe("d1", &secret);
    let listed = broker.run(&["client", "list", "--connected"]).code(0);
    assert!(listed.stdout.contains("CLIENT ID") && listed.stdout.contains(" d1 "), "{listed:?}");
    for fitting in
        [&["--clientid", "d1"][..], &["--username", "d1"], &["--device", "d1"], &["--protocol", "5"]]
    {
        let found = broker.json(&[&["client", "list"][..], fitting].concat());
        assert_eq!(found[0]["device_id"], "d1", "{fitting:?}: {found}");
    }
    for strange in [&["--disconnected"][..], &["--device", "d2"], &["--protocol", "3.1"]] {
        assert_eq!(broker.json(&[&["client", "list"][..], strange].concat()), json!([]), "{strange:?}");
    }
    let shown = broker.run(&["client", "show", "d1"]).code(0);
    assert!(shown.stdout.contains("keep-alive (s)") && shown.stdout.contains("tcp"), "{shown:?}");
    let subscriptions = broker.json(&["subscription", "list", "--clientid", "d1"]);
    assert_eq!(subscriptions[0]["topic"], "dev/d1/#");
    assert_eq!(broker.json(&["subscription", "list", "--match", "dev/d1/x"]).as_array().unwrap().len(), 1);
    assert_eq!(broker.json(&["subscription", "list", "--topic", "dev/#"]), json!([]));

    let done = broker.run(&["client", "disconnect", "d1", "--reason", "it floods"]).code(0);
    assert_eq!(done.stdout, "disconnected\n");
    device.wait_for("administrative action (0x98)");
    let none = broker.run(&["client", "disconnect", "nobody"]).code(1);
    assert_eq!(none.complaint(), "refused: there is no such client");
    let audit = broker.json(&["audit", "list"]);
    let entry =
        audit.as_array().unwrap().iter().find(|entry| entry["action"] == "client.disconnect").unwrap();
    assert_eq!(entry["reason"], "it floods");
}

#[test]
fn a_session_is_ended() {
    let (broker, secret) = broker();
    let mut device = broker.subscribe("d1", &secret);
    let done = broker.run(&["client", "delete", "d1", "--reason", "sold"]).code(0);
    assert_eq!(done.stdout, "its session has ended\n");
    device.wait_for("(0x98)");
    assert_eq!(broker.run(&["client", "show", "d1"]).code(1).complaint(), "refused: there is no such client");
}

#[test]
fn messages_are_published_retained_and_deleted() {
    let (broker, secret) = broker();
    let mut device = broker.subscribe("d1", &secret);
    let publish =
        |more: &[&str]| broker.run(&[&["message", "publish", "-t", "dev/d1/cmd"][..], more].concat());
    let sent =
        publish(&["-m", "on", "-q", "1", "--content-type", "text/plain", "--user-property", "a=b"]).code(0);
    assert_eq!(sent.stdout, "published\n");
    device.wait_for("dev/d1/cmd");
    let unheard = broker.run(&["message", "publish", "-t", "nobody/listens", "-n"]).code(0);
    assert_eq!(unheard.stdout, "published; nobody has subscribed to it\n");
    let wrong = broker.run(&["message", "publish", "-t", "a/+", "-m", "x"]).code(1);
    assert_eq!(wrong.complaint(), "refused: topic: wildcard in a topic name at byte 2");

    publish(&["-m", "on", "-r", "--expiry", "3600"]).code(0);
    for topic in ["x/1", "x/2", "x/\u{1b}[2J"] {
        broker.run(&["message", "publish", "-t", topic, "-m", "\u{1b}[31mred", "-r"]).code(0);
    }
    let listed = broker.run(&["retained", "list"]).code(0);
    assert!(listed.stdout.contains("\\u{1b}[31mred") && !listed.stdout.contains('\u{1b}'), "{listed:?}");
    let shown = broker.json(&["retained", "show", "dev/d1/cmd"]);
    assert_eq!((&shown["payload"], &shown["qos"]), (&json!("on"), &json!(0)));
    assert!(shown["expires_at"].is_string());
    assert_eq!(broker.run(&["retained", "delete", "dev/d1/cmd"]).code(0).stdout, "deleted\n");
    let none = broker.run(&["retained", "show", "dev/d1/cmd"]).code(1);
    assert_eq!(none.complaint(), "refused: there is no such retained message");
    assert_eq!(broker.json(&["retained", "list", "--filter", "x/+"]).as_array().unwrap().len(), 3);
    assert_eq!(broker.run(&["retained", "delete", "--filter", "x/#"]).code(0).stdout, "3 deleted\n");
    assert_eq!(broker.json(&["retained", "list"]), json!([]));
}

#[test]
fn what_is_no_text_is_published_as_it_is() {
    let (broker, _) = broker();
    let file = broker.folder.path().join("payload");
    std::fs::write(&file, [0, 255, 1]).unwrap();
    let from_file = ["message", "publish", "-t", "f", "-r", "-f", file.to_str().unwrap()];
    broker.run(&from_file).code(0);
    assert_eq!(broker.json(&["retained", "show", "f"])["payload_b64"], "AP8B");
    let input =
        broker.run_as(super::broker::ADMINISTRATOR, &["message", "publish", "-t", "s", "-r", "-s"], "line\n");
    input.code(0);
    assert_eq!(broker.json(&["retained", "show", "s"])["payload"], "line\n");
}

#[test]
fn what_the_broker_is_and_where_its_bounds_are_is_told() {
    let (broker, _) = broker();
    let listeners = broker.json(&["listener", "list"]);
    assert_eq!((&listeners[0]["name"], &listeners[0]["transport"]), (&json!("tcp"), &json!("tcp")));
    let limits = broker.run(&["limits", "show"]).code(0);
    assert!(
        limits.stdout.contains("connections_per_address") && limits.stdout.contains("unlimited"),
        "{limits:?}"
    );
    let about = broker.json(&["about"]);
    assert_eq!((&about["name"], &about["shards"]), (&json!("vouchmq"), &json!(2)));
    assert!(about["node"].as_str().is_some_and(|node| !node.is_empty()), "{about}");
    let shown = broker.run(&["about"]).code(0);
    assert!(
        shown.stdout.contains("Apache-2.0 OR MIT") && !shown.stdout.contains("supported until"),
        "{shown:?}"
    );
    assert_eq!(about["supported_until"], Value::Null);
}
