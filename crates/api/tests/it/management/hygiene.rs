use serde_json::{Value, json};
use vouchmq_api::http::Access;
use vouchmq_api::management::routes;
use vouchmq_api::registration::RegistrationLimits;

use crate::harness::mqtt::Mqtt;
use crate::harness::registry::{World, text};

/// What no answer to a GET ever has.
const CANARIES: [&str; 8] =
    ["vmq1_", "vmqc1_", "vmqk1_", "verifier", "argon2", "SCRAM-SHA-256$", "correct horse", "password_hash"];

#[test]
fn no_get_shows_a_secret() {
    let world = World::new();
    let mqtt = Mqtt::start();
    let (management, registration) =
        (mqtt.managed(&world), world.registration(&RegistrationLimits::default()));
    let _client = mqtt.connect("c1");
    management.call("POST", "/v1/publish", &json!({"topic": "t1", "payload": "x", "retain": true})).is(200);
    let wish = json!({"key": "sensor", "name": "S", "reg_strategy": "quarantine",
        "allowed_kinds": ["secret", "password", "scram"]});
    let product = text(&management.call("POST", "/v1/products", &wish).is(201), "id").to_owned();
    let device = management.device(&product, "d1");
    let claim = management.claim(&product, json!({}));
    let wish = json!({"product_id": product, "certificate": include_str!("certificates/example-ca.pem")});
    let authority = management.call("POST", "/v1/certificate-authorities", &wish).is(201);
    let key = management.api_key("k", &["stats:read"]);
    for kind in ["password", "scram"] {
        let wish = json!({"kind": kind, "password": "correct horse"});
        management.call("POST", "/v1/devices/d1/credentials", &wish).is(201);
    }
    management.call("POST", "/v1/devices/d1/credentials:rotate", &Value::Null).is(201);
    let block = management.call("POST", "/v1/blocks", &json!({"kind": "device", "value": "x"})).is(201);
    let wish = json!({"product": "sensor", "hw_id": "h", "claim": claim["token"]});
    let waiting = registration.send("POST", "/v1/register", &wish, "").is(202);
    // A device that confuses the fields.
    let confused = json!({"product": "sensor", "hw_id": device["secret"], "claim": "vmqc1_x"});
    assert_eq!(registration.send("POST", "/v1/register", &confused, "").status, 403);
    let ids = [
        ("/v1/products/", product.as_str()),
        ("/v1/devices/", "d1"),
        ("/v1/credentials/", text(&device, "credential_id")),
        ("/v1/claim-tokens/", text(&claim, "id")),
        ("/v1/certificate-authorities/", text(&authority, "id")),
        ("/v1/registrations/", text(&waiting, "registration_id")),
        ("/v1/blocks/", text(&block, "id")),
        ("/v1/api-keys/", text(&key, "id")),
        ("/v1/clients/", "c1"),
        ("/v1/retained/", "t1"),
    ];
    let table = routes();
    let gets = table.table().filter(|(_, method, access)| {
        matches!(method, utoipa::openapi::path::HttpMethod::Get) && matches!(access, Access::Scope(_))
    });
    let mut count = 0;
    // A trace has no end, and tells of a client what it is asked to: its own tests look for secrets in it.
    for (path, _, _) in gets.filter(|(path, ..)| *path != "/v1/trace") {
        let id = ids.iter().find(|(prefix, _)| path.starts_with(prefix)).map_or("", |(_, id)| id);
        let answer = management.get(&path.replace("{id}", id).replace("{topic}", id));
        // This process has no configuration and no log.
        let is_absent =
            answer.status == 409 && ["/v1/config", "/v1/log"].iter().any(|part| path.starts_with(part));
        assert!(answer.status == 200 || is_absent, "{path}: {}", answer.status);
        for canary in CANARIES {
            let shown = format!("{}{}", answer.head, answer.body);
            assert!(!shown.contains(canary), "{path} shows {canary}");
        }
        count += 1;
    }
    assert!(count >= 18, "{count}");
}
