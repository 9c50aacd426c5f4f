use serde_json::{Value, json};
use vouchmq_identity::Keyring;
use vouchmq_identity::registry::{Actor, Chore, REVOKED_KEPT_MILLIS, Sweep};

use super::{counts, login, told};
use crate::harness::registry::{World, text};

fn lines(export: &str) -> Vec<Value> {
    export.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A registry with one of everything.
pub(super) fn filled() -> (World, Vec<String>, Value) {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("sensor");
    let (first, second) = (management.device(&product, "d1"), management.device(&product, "d2"));
    for kind in ["password", "scram"] {
        let wish = json!({"kind": kind, "password": "correct horse"});
        management.call("POST", "/v1/devices/d1/credentials", &wish).is(201);
    }
    let path = format!("/v1/credentials/{}:revoke", text(&second, "credential_id"));
    management.call("POST", &path, &Value::Null).is(200);
    management.call("POST", "/v1/blocks", &json!({"kind": "clientid", "value": "x"})).is(201);
    management.device(&product, "d3");
    management.call("POST", "/v1/devices/d3:retire", &Value::Null).is(200);
    let claim = management.claim(&product, json!({"max_uses": 3}));
    let secrets = [first, second].map(|device| text(&device, "secret").to_owned());
    (world, secrets.into(), claim)
}

#[test]
fn a_registry_that_is_restored_lets_in_whom_it_let_in_and_nobody_else() {
    let (world, secrets, claim) = filled();
    let export = world.management().export("?with=verifiers");
    for shown in secrets.iter().map(String::as_str).chain([text(&claim, "token"), "correct horse"]) {
        assert!(!export.contains(shown), "{export}");
    }
    // The same keys, and nothing else.
    let restored = World::new();
    let management = restored.management();
    assert_eq!(login(&restored, "d1", &secrets[0]), "not_mine");
    let dry = management.import("format=native&dry_run=true", &export).is(200);
    let report = management.import("format=native", &export).is(200);
    assert_eq!(counts(&report), [6, 0, 0, 0], "{report}");
    assert_eq!(counts(&dry), counts(&report));
    assert_eq!(login(&restored, "d1", &secrets[0]), "allow");
    assert_eq!(login(&restored, "d1", "correct horse"), "allow");
    assert_eq!(login(&restored, "d2", &secrets[1]), "deny", "a secret that was revoked stays so");
    let states = |world: &World| {
        let management = world.management();
        ["d1", "d2", "d3"].map(|id| management.get(&format!("/v1/devices/{id}")).is(200)["state"].clone())
    };
    assert_eq!(states(&restored)[2], "retired");
    assert_eq!(states(&restored)[1..], states(&world)[1..]);
    assert_eq!(management.items("/v1/blocks").len(), 1);
    // The claim token still lets a device in.
    let change = json!({"reg_strategy": "auto"});
    let product = text(&management.items("/v1/products")[0], "id").to_owned();
    management.call("PATCH", &format!("/v1/products/{product}"), &change).is(200);
    let wish = json!({"product": "sensor", "hw_id": "h9", "claim": claim["token"]});
    restored.follow();
    let registration = restored.registration(&vouchmq_api::registration::RegistrationLimits::default());
    registration.send("POST", "/v1/register", &wish, "").is(201);
    // Once more: everything is there.
    let again = management.import("format=native&on_conflict=update", &export).is(200);
    assert_eq!(counts(&again), [0, 0, 6, 0], "{again}");
}

#[test]
fn a_secret_that_was_revoked_since_is_not_brought_back_by_an_older_export() {
    let (world, secrets, _) = filled();
    let management = world.management();
    let export = management.export("?with=verifiers");
    let credentials = management.items("/v1/devices/d1/credentials");
    let path = format!("/v1/credentials/{}:revoke", text(&credentials[0], "id"));
    management.call("POST", &path, &Value::Null).is(200);
    management.import("format=native&on_conflict=update", &export).is(200);
    assert_eq!(login(&world, "d1", &secrets[0]), "deny");
    // Nor when it is forgotten that it was revoked.
    world.clock.turn(REVOKED_KEPT_MILLIS + 60_000);
    let forget = world.registry.execute(Actor::system(), Sweep(Chore::Rows));
    let forgotten = crate::harness::runtime().block_on(forget).unwrap().outcome.forgotten_count;
    assert!(forgotten > 0);
    let report = management.import("format=native&on_conflict=update", &export).is(200);
    assert!(told(&report).contains(&(3, "invalid".to_owned())), "{report}");
    assert_eq!(login(&world, "d1", &secrets[0]), "deny");
}

#[test]
fn without_verifiers_there_is_nothing_to_compare_with() {
    let (world, _, _) = filled();
    let management = world.management();
    let export = management.export("");
    for shown in ["verifier", "mac", "argon2", "SCRAM-SHA-256$"] {
        assert!(!export.contains(shown), "{shown}: {export}");
    }
    let lines = lines(&export);
    let kinds: Vec<&str> = lines.iter().map(|line| text(line, "type")).collect();
    assert_eq!(kinds, ["header", "product", "device", "device", "device", "claim_token", "block", "end"]);
    assert_eq!(lines[2]["credentials"].as_array().unwrap().len(), 3);
    assert_eq!(lines.last().unwrap()["lines"], 7);
    let restored = World::new();
    let report = restored.management().import("format=native", &export).is(200);
    assert_eq!((counts(&report), told(&report)), ([5, 0, 0, 1], vec![(6, "no_verifier".to_owned())]));
}

#[test]
fn secrets_are_not_taken_where_their_key_is_not() {
    let (world, _, _) = filled();
    let export = world.management().export("?with=verifiers");
    let restored = World::new();
    restored.registry.set_keyring(std::sync::Arc::new(
        Keyring::parse("1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap(),
    ));
    let report = restored.management().import("format=native", &export).is(200);
    assert_eq!(counts(&report), [2, 0, 0, 4], "{report}");
    assert!(told(&report).iter().all(|(_, code)| code == "unknown_key"));
}

#[test]
fn devices_go_to_the_product_here_that_has_the_key_or_is_said() {
    let (world, secrets, _) = filled();
    let export = world.management().export("?with=verifiers");
    let other = World::new();
    // Ids are of the time: those of another registry are others.
    other.clock.turn(60_000);
    let management = other.management();
    management.product("before", "off");
    let product = management.open_product("sensor");
    let report = management.import("format=native", &export).is(200);
    assert_eq!(counts(&report), [5, 0, 1, 0], "{report}");
    assert_eq!(management.get("/v1/devices/d1").is(200)["product_id"], product.as_str());
    assert_eq!(login(&other, "d1", &secrets[0]), "allow");
    let third = World::new();
    third.clock.turn(60_000);
    let management = third.management();
    let product = management.open_product("elsewhere");
    management.import(&format!("format=native&product_id={product}"), &export).is(200);
    assert_eq!(management.names("/v1/products", "key"), ["elsewhere"]);
    assert_eq!(management.get("/v1/devices/d1").is(200)["product_id"], product.as_str());
}

#[test]
fn verifiers_need_an_administrator_and_are_taken_down() {
    let (world, _, _) = filled();
    let management = world.management();
    let key = management.api_key("writer", &["devices:write"]);
    let ask = |query: &str| {
        management.call_as(text(&key, "secret"), "GET", &format!("/v1/exports{query}"), &Value::Null, "")
    };
    assert_eq!(ask("?with=verifiers").problem(), (403, "forbidden".to_owned()));
    assert_eq!(ask("").status, 200);
    assert_eq!(ask("?with=x").status, 422);
    assert_eq!(ask("?product_id=01934f00-0000-7000-8000-000000000000").status, 404);
    management.export("?with=verifiers");
    let entries = management.items("/v1/audit?limit=200");
    assert_eq!(text(entries.last().unwrap(), "action"), "export.verifiers");
}

#[test]
fn who_may_not_block_or_hand_out_credentials_imports_neither() {
    let (world, _, _) = filled();
    let export = world.management().export("?with=verifiers");
    let restored = World::new();
    let management = restored.management();
    let key = management.api_key("writer", &["devices:write"]);
    let report = management.import_as(text(&key, "secret"), "format=native", &export).is(200);
    assert_eq!(counts(&report), [1, 0, 0, 5], "{report}");
    assert!(told(&report).iter().all(|(_, code)| code == "forbidden"));
    assert!(management.items("/v1/blocks").is_empty() && management.items("/v1/devices").is_empty());
    // Without credentials a device is a device.
    let bare = world.management().export("");
    let report = management.import_as(text(&key, "secret"), "format=native", &bare).is(200);
    assert_eq!((counts(&report), &report["credentials_left"]), ([3, 0, 1, 2], &json!(5)), "{report}");
}
