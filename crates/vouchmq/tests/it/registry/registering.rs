//! Devices that register, and operators who decide.

use serde_json::json;

use super::broker::{Broker, labelled};

#[test]
fn a_device_that_waits_is_approved_or_rejected() {
    let broker = Broker::start();
    broker.run(&["product", "create", "--key", "lamp", "--name", "Lamp", "--strategy", "quarantine"]).code(0);
    let made = broker
        .run(&["claim", "create", "--product", "lamp", "--max-uses", "unlimited", "--expires-in", "7d"])
        .code(0);
    let claim = labelled(&made, "token");
    let ask = |hw_id: &str| broker.register(&json!({"product": "lamp", "hw_id": hw_id, "claim": claim}));
    let (first, second) = (ask("one"), ask("two"));
    let list = broker.run(&["registration", "list", "--state", "quarantined", "--product", "lamp"]).code(0);
    assert!(list.stdout.contains("lamp") && list.stdout.contains("two"), "{list:?}");

    let (first, second) =
        (first["registration_id"].as_str().unwrap(), second["registration_id"].as_str().unwrap());
    let approved = broker.run(&["registration", "approve", first, "--reason", "ours"]).code(0);
    assert_eq!(approved.stdout, format!("registration {first} approved\n"));
    broker.run(&["registration", "reject", second]).code(0);
    let again = broker.run(&["registration", "approve", second]).code(1);
    assert!(again.complaint().starts_with("refused: "), "{again:?}");
    assert_eq!(broker.json(&["registration", "show", second])["state"], "rejected");

    let let_in = ask("one");
    let (device, secret) = (let_in["device_id"].as_str().unwrap(), let_in["secret"].as_str().unwrap());
    broker.publish(device, secret).code(0);
    assert_eq!(broker.json(&["device", "list", "--product", "lamp"])[0]["source"], "claim");
}

#[test]
fn a_claim_token_that_is_revoked_lets_nobody_in() {
    let broker = Broker::start();
    broker.run(&["product", "create", "--key", "lamp", "--name", "Lamp", "--strategy", "auto"]).code(0);
    let made = broker.json(&["claim", "create", "--product", "lamp", "--hw-id-pattern", "l-*"]);
    assert_eq!((&made["max_uses"], &made["hw_id_pattern"]), (&json!(1), &json!("l-*")), "{made}");
    let id = made["id"].as_str().unwrap();
    let shown = broker.run(&["claim", "show", id]).code(0);
    assert!(!shown.stdout.contains("vmqc1_") && shown.stdout.contains("l-*"), "{shown:?}");
    broker.run(&["claim", "revoke", id]).code(0);
    let answer = broker.register(&json!({"product": "lamp", "hw_id": "l-1", "claim": made["token"]}));
    assert_eq!(answer["code"], "registration_refused", "{answer}");
    assert!(broker.json(&["claim", "list"])[0]["revoked_at"].is_string());
}
