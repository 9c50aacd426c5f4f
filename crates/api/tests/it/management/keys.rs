use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vouchmq_identity::store::StoreFault;

use crate::harness::registry::{World, text};

#[test]
fn a_key_opens_from_its_networks_until_its_end() {
    let world = World::new();
    let management = world.management();
    let make = |name: &str, more: Value| {
        let mut wish = json!({"name": name, "scopes": ["stats:read"]});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        text(&management.call("POST", "/v1/api-keys", &wish).is(201), "secret").to_owned()
    };
    let near = make("near", json!({"cidrs": ["10.0.0.0/8", "127.0.0.0/8"]}));
    let far = make("far", json!({"cidrs": ["10.0.0.0/8"]}));
    let short = make("short", json!({"expires_at": "2026-11-22T04:00:00Z"}));
    let ask = |key: &str| management.call_as(key, "GET", "/v1/stats", &Value::Null, "").status;
    assert_eq!([ask(&near), ask(&far), ask(&short)], [200, 401, 200]);
    world.clock.turn(3_600_000);
    assert_eq!([ask(&near), ask(&short)], [200, 401]);
    let mut other = near.clone();
    other.replace_range(30..31, if near.as_bytes()[30] == b'A' { "B" } else { "A" });
    assert_eq!(ask(&other), 401);
    let told: Vec<String> = management.happened().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(told, ["key_not_for_this_address", "key_expired", "unknown_key"]);
    assert_eq!(management.names("/v1/events", "kind"), ["caller_refused"; 3]);
    let wish = json!({"name": "near", "scopes": ["stats:read"]});
    assert_eq!(management.call("POST", "/v1/api-keys", &wish).problem(), (409, "already_exists".into()));
}

#[test]
fn one_address_cannot_push_out_of_the_events_what_others_did() {
    let world = World::new();
    let management = world.management();
    let statuses: Vec<u16> = (0..200)
        .map(|number| {
            management.call_as(&format!("guess {number}"), "GET", "/v1/stats", &Value::Null, "").status
        })
        .collect();
    let (answered, refused) = statuses.split_at(30);
    assert!(answered.iter().all(|status| *status == 401) && refused.contains(&429), "{statuses:?}");
    let told = management.get("/v1/events?limit=200").is(200)["items"].as_array().unwrap().len();
    assert_eq!(told, statuses.iter().filter(|status| **status == 401).count());
}

#[test]
fn a_revoked_key_opens_nothing_at_once() {
    let world = World::new();
    let management = world.management();
    let key = management.api_key("k", &["stats:read"]);
    let ask = || management.call_as(text(&key, "secret"), "GET", "/v1/stats", &Value::Null, "").status;
    assert_eq!(ask(), 200);
    let path = format!("/v1/api-keys/{}", text(&key, "id"));
    management.call("DELETE", &path, &Value::Null).is(204);
    assert_eq!(ask(), 401);
    assert!(management.get(&path).is(200)["revoked_at"].is_string());
}

#[test]
fn another_process_learns_of_keys_within_seconds() {
    let world = World::new();
    let (here, there) = (world.management(), world.management());
    #[expect(clippy::disallowed_methods, reason = "a deadline")]
    let now = Instant::now;
    let becomes = |key: &str, status: u16| {
        let end = now() + Duration::from_secs(20);
        while there.call_as(key, "GET", "/v1/stats", &Value::Null, "").status != status {
            assert!(now() < end, "never {status}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    };
    let first = here.api_key("first", &["stats:read"]);
    becomes(text(&first, "secret"), 200);
    here.call("DELETE", &format!("/v1/api-keys/{}", text(&first, "id")), &Value::Null).is(204);
    becomes(text(&first, "secret"), 401);
}

#[test]
fn while_the_database_is_down_a_key_that_is_not_known_is_not_said_to_be_wrong() {
    let world = World::new();
    let key = world.management().api_key("k", &["stats:read"]);
    let management = world.management();
    world.store.fail_with(Some(StoreFault::Busy));
    let ask = |key: &str| management.call_as(key, "GET", "/v1/stats", &Value::Null, "").problem();
    assert_eq!(ask(text(&key, "secret")), (503, "unavailable".into()));
    assert_eq!(ask("guess"), (401, "unauthenticated".into()));
}
