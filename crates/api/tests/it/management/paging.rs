use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::registry::{World, text};

/// Everything of a list, two items at a time.
fn walk(management: &Server, path: &str, field: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = management.get(&format!("{path}{sign}limit=2{cursor}")).is(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2 && page.as_object().unwrap().len() == 2, "{page}");
        all.extend(items.iter().map(|item| item[field].to_string()));
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn every_list_is_walked_without_gaps_and_twice_the_same() {
    let world = World::new();
    let management = world.management();
    let product = management.product("p0", "off");
    for number in 0..5 {
        management.device(&product, &format!("d{number}"));
        management.claim(&product, json!({}));
        management.api_key(&format!("k{number}"), &["stats:read"]);
        management
            .call("POST", "/v1/blocks", &json!({"kind": "device", "value": number.to_string()}))
            .is(201);
    }
    for number in 1..5 {
        management.product(&format!("p{number}"), "off");
    }
    for path in ["/v1/devices", "/v1/products", "/v1/claim-tokens", "/v1/api-keys", "/v1/blocks"] {
        let all = walk(&management, path, "id");
        assert_eq!(all.len(), 5, "{path}");
        let whole: Vec<String> = management.items(path).iter().map(|item| item["id"].to_string()).collect();
        assert_eq!(all, whole, "{path}");
    }
    assert_eq!(walk(&management, "/v1/audit", "seq").len(), management.items("/v1/audit").len());
    // Only what is connected is told, and nothing between is lost.
    for number in [1, 3, 4] {
        let credential = management.names(&format!("/v1/devices/d{number}/credentials"), "id").remove(0);
        world.connect(&format!("d{number}"), &credential);
    }
    assert_eq!(walk(&management, "/v1/devices?online=true", "id"), ["\"d1\"", "\"d3\"", "\"d4\""]);
    assert_eq!(walk(&management, "/v1/devices?online=false", "id"), ["\"d0\"", "\"d2\""]);
}

#[test]
fn a_page_is_the_same_when_something_is_added_before_it() {
    let world = World::new();
    let management = world.management();
    let product = management.product("p", "off");
    for id in ["b", "c", "d"] {
        management.device(&product, id);
    }
    let first = management.get("/v1/devices?limit=2").is(200);
    management.device(&product, "a");
    let second =
        management.get(&format!("/v1/devices?limit=2&cursor={}", text(&first, "next_cursor"))).is(200);
    assert_eq!((&second["items"][0]["id"], &second["next_cursor"]), (&json!("d"), &Value::Null));
    for bad in ["limit=0", "limit=201", "cursor=x"] {
        assert_eq!(management.get(&format!("/v1/devices?{bad}")).problem(), (400, "bad_cursor".into()));
    }
}

#[test]
fn events_are_followed_by_their_numbers() {
    let world = World::new();
    let management = world.management();
    assert_eq!(management.get("/v1/events").is(200), json!({"items": [], "next_cursor": null}));
    use vouchmq_identity::Clock;
    use vouchmq_identity::events::{EventKind, NewEvent};
    for (subject, reason) in [("d1", "wrong_password"), ("vmq1_abc", "unknown_user"), ("d3", "blocked")] {
        let event = NewEvent::new(EventKind::LoginDenied, subject, None, reason);
        let device = (subject == "d1").then(|| "d1".parse().unwrap());
        world.events.record(world.clock.now(), event.about(device));
    }
    assert_eq!(walk(&management, "/v1/events", "seq"), ["1", "2", "3"]);
    assert_eq!(management.names("/v1/events?after=1", "subject"), ["(a secret)", "d3"]);
    let product = management.product("p", "off");
    management.device(&product, "d1");
    let device = management.get("/v1/devices/d1").is(200);
    assert_eq!(device["last_failure"]["reason"], "wrong_password");
    let stats = management.get("/v1/stats").is(200);
    assert_eq!(stats["events"].as_array().unwrap().len(), 3);
    assert_eq!(stats["products"], 1);
    assert!(stats["broker"].is_null(), "no broker runs here");
}
