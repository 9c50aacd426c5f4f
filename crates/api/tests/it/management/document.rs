use std::collections::BTreeSet;

use vouchmq_api::registration::RegistrationLimits;

use crate::harness::registry::World;

#[test]
fn the_documents_are_what_clients_were_told() {
    let world = World::new();
    for (name, server) in [
        ("management", world.management()),
        ("registration", world.registration(&RegistrationLimits::default())),
    ] {
        let mut document = server.send("GET", "/openapi.json", &serde_json::Value::Null, "").is(200);
        document["info"]["version"] = "x".into();
        insta::assert_json_snapshot!(name, document);
    }
}

#[test]
fn every_operation_has_an_id_of_its_own_and_every_reference_leads_somewhere() {
    let world = World::new();
    let document = world.management().send("GET", "/openapi.json", &serde_json::Value::Null, "").is(200);
    let mut ids = BTreeSet::new();
    let operations = document["paths"].as_object().unwrap().values();
    for operation in operations.flat_map(|item| item.as_object().unwrap().values()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} twice");
    }
    assert_eq!(ids.len(), vouchmq_api::management::routes().table().count());
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "no schema {name}");
    }
}
