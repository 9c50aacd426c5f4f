//! What is done with a running broker.

mod clients;
mod messages;
mod retained;

use serde_json::{Value, json};

use crate::harness::mqtt::Mqtt;
use crate::harness::registry::{World, text};

/// A text as one part of a path.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn where_no_broker_runs_it_is_said_so() {
    let server = World::new().management();
    for path in
        ["/v1/clients", "/v1/clients/x", "/v1/subscriptions", "/v1/retained", "/v1/listeners", "/v1/limits"]
    {
        assert_eq!(server.get(path).problem(), (409, "conflict".to_owned()), "{path}");
    }
    let answer = server.call("POST", "/v1/publish", &json!({"topic": "a"}));
    assert_eq!(answer.problem(), (409, "conflict".to_owned()));
    let about = server.get("/v1/about").is(200);
    assert_eq!((&about["listeners"], &about["shards"]), (&Value::Null, &Value::Null));
    assert!(server.items("/v1/audit").is_empty(), "nothing was done");
}

#[test]
fn listeners_and_what_answers_are_told() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let _client = mqtt.connect("c");
    let listeners = server.get("/v1/listeners").is(200);
    let listener = &listeners["items"][0];
    assert_eq!((text(listener, "name"), text(listener, "transport")), ("tcp", "tcp"));
    assert_eq!((&listener["connections"], &listener["accepted"]), (&json!(1), &json!(1)));
    assert_eq!(listeners["next_cursor"], Value::Null);
    let about = server.get("/v1/about").is(200);
    let address = text(listener, "address");
    assert_eq!((&about["listeners"], &about["shards"]), (&json!([format!("tcp {address}")]), &json!(2)));
    assert_eq!(text(&about, "license"), "Apache-2.0 OR MIT");
}

#[test]
fn every_limit_is_told_with_its_value_its_use_and_how_often_it_was_met() {
    let limits = vouchmq_mqtt::Limits { subscriptions_max: 1, ..vouchmq_mqtt::Limits::default() };
    let (mqtt, world) = (Mqtt::with(limits), World::new());
    let server = mqtt.managed(&world);
    let _client = mqtt.connect("c");
    let limits = server.items("/v1/limits");
    let named =
        |name: &str| limits.iter().find(|limit| limit["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!((&named("subscriptions")["value"], &named("connections")["now"]), (&json!(1), &json!(1)));
    assert_eq!(named("client_id_bytes")["counter"], json!({"name": "credentials_invalid", "count": 0}));
    assert_eq!(named("messages_per_second")["value"], Value::Null, "0 is no bound");
    assert_eq!(named("packet_bytes")["unit"], "bytes");
    let mut names: Vec<_> = limits.iter().map(|limit| text(limit, "name")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), limits.len());
    assert!(
        limits.iter().all(|limit| limit["counter"].is_object() && !text(limit, "at_the_bound").is_empty())
    );
    assert!(names.len() >= 26, "{names:?}");
}
