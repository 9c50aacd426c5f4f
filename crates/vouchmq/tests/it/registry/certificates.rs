//! Authorities and certificates, by commands only.

use serde_json::json;

use super::broker::Broker;
use crate::process::run_in;

#[test]
fn an_authority_vouches_for_a_product_until_it_is_removed() {
    let broker = Broker::start();
    let folder = broker.folder.path();
    run_in(folder, &["cert", "ca", "--name", "Plant 7"]).code(0);
    broker.run(&["product", "create", "--key", "pump", "--name", "Pump", "--kind", "secret,x509"]).code(0);
    let file = folder.join("ca.crt");
    let ca = file.to_str().unwrap();
    let add = [
        "authority",
        "add",
        "--product",
        "pump",
        "--certificate",
        ca,
        "--id-template",
        "pump-${cn}",
        "--wait",
    ];
    let added = broker.run(&add).code(0);
    assert!(added.stdout.contains("Plant 7") && added.stdout.contains("pump-${cn}"), "{added:?}");
    assert!(added.stdout.contains("\napplied by 1 of 1 nodes"), "{added:?}");
    assert!(!added.stdout.contains("BEGIN"), "{added:?}");
    let again = broker.run(&add).code(1);
    assert!(again.complaint().starts_with("refused: there is a certificate authority"), "{again:?}");
    let listed = broker.json(&["authority", "list"]);
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!((&listed[0]["state"], &listed[0]["id_template"]), (&json!("active"), &json!("pump-${cn}")));
    broker.run(&["authority", "disable", id]).code(0);
    assert_eq!(broker.json(&["authority", "show", id])["state"], "disabled");
    broker.run(&["authority", "enable", id, "--wait"]).code(0);
    let removed = broker.run(&["authority", "remove", id]).code(0);
    assert_eq!(removed.stdout, format!("certificate authority {id} removed\n"));
    assert_eq!(broker.json(&["authority", "list"]), json!([]));
    let wrong = ["authority", "add", "--product", "pump", "--certificate", ca, "--id-template", "${nobody}"];
    let refused = broker.run(&wrong).code(1);
    assert!(refused.complaint().contains("${nobody} is not known"), "{refused:?}");
}

#[test]
fn a_certificate_is_a_credential_and_a_private_key_is_never_sent() {
    let broker = Broker::start();
    let folder = broker.folder.path();
    run_in(folder, &["cert", "ca"]).code(0);
    run_in(folder, &["cert", "device", "hw-1"]).code(0);
    broker.run(&["product", "create", "--key", "pump", "--name", "Pump", "--kind", "secret,x509"]).code(0);
    for id in ["d1", "d2"] {
        broker.run(&["device", "create", "--product", "pump", "--id", id]).code(0);
    }
    let place = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let add = |id: &str, file: &str| broker.run(&["credential", "add", id, "--certificate", &place(file)]);
    let key = add("d1", "hw-1.key").code(2);
    assert!(key.complaint().contains("private key"), "{key:?}");
    let added = add("d1", "hw-1.crt").code(0);
    assert!(added.stdout.contains("x509") && added.stdout.contains("hw-1"), "{added:?}");
    let taken = add("d2", "hw-1.crt").code(1);
    assert!(taken.complaint().starts_with("refused: there is a credential"), "{taken:?}");
    let known = broker.json(&["credential", "list", "d1"])[0].clone();
    assert_eq!((&known["kind"], &known["state"]), (&json!("x509"), &json!("active")));
    broker.run(&["credential", "revoke", known["id"].as_str().unwrap()]).code(0);
    // By its fingerprint it is another's now.
    let fingerprint = known["fingerprint"].as_str().unwrap();
    broker.run(&["credential", "add", "d2", "--fingerprint", fingerprint]).code(0);
    assert_eq!(broker.json(&["credential", "list", "d2"])[0]["fingerprint"], fingerprint);
}
