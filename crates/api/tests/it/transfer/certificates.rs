use serde_json::json;

use super::counts;
use crate::harness::registry::World;

const DEVICE: &str = include_str!("../management/certificates/pump-1.pem");

#[test]
fn certificates_are_exported_with_and_without_verifiers_and_are_of_one_device_when_they_come_back() {
    let world = World::new();
    let management = world.management();
    let wish = json!({"key": "pump", "name": "P", "allowed_kinds": ["x509"]});
    let product = management.call("POST", "/v1/products", &wish).is(201);
    management.call("POST", "/v1/devices", &json!({"product_id": product["id"], "id": "d1"})).is(201);
    let wish = json!({"kind": "x509", "certificate": DEVICE});
    let added = management.call("POST", "/v1/devices/d1/credentials", &wish).is(201);
    for query in ["", "?with=verifiers"] {
        let export = management.export(query);
        let restored = World::new();
        let report = restored.management().import("format=native", &export).is(200);
        assert_eq!(counts(&report), [2, 0, 0, 0], "{report}");
        let path = "/v1/devices/d1/credentials";
        let credential = &restored.management().get(path).is(200)["items"][0];
        for field in ["id", "kind", "fingerprint", "subject", "not_after"] {
            assert_eq!(credential[field], added["credential"][field], "{field}");
        }
        // Under another name it is no other device's.
        let renamed =
            export.replace("\"d1\"", "\"d2\"").replace(added["credential"]["id"].as_str().unwrap(), OTHER_ID);
        let report = restored.management().import("format=native", &renamed).is(200);
        assert_eq!(counts(&report)[3], 1, "{report}");
        assert_eq!(restored.management().items("/v1/devices").len(), 1);
    }
}

const OTHER_ID: &str = "0199d5b0-0000-7000-8000-000000000000";
