use serde_json::{Value, json};

use crate::harness::mqtt::Mqtt;
use crate::harness::registry::{TOKEN, World, text};

#[test]
fn a_message_arrives_with_all_that_was_said() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("c");
    client.subscribe("a/#", 0);
    let wish = json!({"topic": "a/b", "payload_b64": "AP8=", "qos": 1, "properties": {
        "payload_format_indicator": 0, "message_expiry_interval": 3600, "content_type": "t", "response_topic": "r",
        "correlation_data": "c", "user_properties": [{"name": "n", "value": "v"}]}});
    assert_eq!(server.call("POST", "/v1/publish", &wish).is(200), json!({"matched": true}));
    let (topic, rest) = client.published();
    assert_eq!(topic, "a/b");
    assert!(rest.ends_with(&[0, 255]));
    for part in [
        &b"\x01\x00"[..],
        b"\x02\x00\x00\x0e\x10",
        b"\x03\x00\x01t",
        b"\x08\x00\x01r",
        b"\x09\x00\x01c",
        b"\x26\x00\x01n\x00\x01v",
    ] {
        assert!(rest.windows(part.len()).any(|window| window == part), "{part:?} in {rest:?}");
    }
    let unheard = json!({"topic": "nobody/listens", "payload": "x"});
    assert_eq!(server.call("POST", "/v1/publish", &unheard).is(200), json!({"matched": false}));
    let audit = server.items("/v1/audit");
    assert_eq!((text(&audit[0], "action"), text(&audit[0], "reason")), ("message.publish", "qos 1, 2 bytes"));
    assert!(text(&audit[0], "target").contains("a/b"));
}

#[test]
fn what_is_no_message_is_refused_and_not_published() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("c");
    client.subscribe("#", 0);
    let long = "x".repeat(1_025);
    let deep = ["a"; 33].join("/");
    let many = vec![json!({"name": "n", "value": "v"}); 65];
    for (wish, pointer) in [
        (json!({"topic": "a/+"}), "/topic"),
        (json!({"topic": "#"}), "/topic"),
        (json!({"topic": ""}), "/topic"),
        (json!({"topic": long}), "/topic"),
        (json!({"topic": deep}), "/topic"),
        (json!({"payload": "x"}), "/topic"),
        (json!({"topic": "a", "qos": 3}), "/qos"),
        (json!({"topic": "a", "qos": -1}), "/qos"),
        (json!({"topic": "a", "retained": true}), "/retained"),
        (json!({"topic": "a", "properties": {"user_properties": many}}), "/properties/user_properties"),
    ] {
        let answer = server.call("POST", "/v1/publish", &wish);
        assert_eq!(answer.problem(), (422, "invalid".to_owned()), "{wish}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    assert!(client.is_served(), "nothing was published before the answer to its ping");
}

#[test]
fn topics_of_the_broker_itself_need_more_than_others() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let key = server.api_key("k", &["messages:write"]);
    let publish = |bearer: &str, topic: &str| {
        server.call_as(bearer, "POST", "/v1/publish", &json!({"topic": topic}), "").status
    };
    let key = text(&key, "secret");
    assert_eq!([publish(key, "a"), publish(key, "$SYS/broker/x"), publish(key, "$x")], [200, 403, 403]);
    assert_eq!(publish(TOKEN, "$SYS/broker/x"), 200);
    let batch = json!({"items": [{"topic": "a"}, {"topic": "$x"}]});
    assert_eq!(server.call_as(key, "POST", "/v1/publish:batch", &batch, "").status, 403);
}

#[test]
fn a_message_that_is_sent_again_with_its_key_is_published_once() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("c");
    client.subscribe("a", 0);
    let publish = || {
        let wish = json!({"topic": "a", "payload": "x"});
        server.call_as(TOKEN, "POST", "/v1/publish", &wish, "Idempotency-Key: k\r\n")
    };
    assert_eq!(publish().is(200), json!({"matched": true}));
    let again = publish();
    assert_eq!(again.is(200), json!({"matched": true}));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    client.published();
    assert!(client.is_served(), "nothing came but one message");
}

#[test]
fn many_messages_are_published_in_order_or_not_at_all() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("c");
    client.subscribe("n/+", 0);
    let bad = json!({"items": [{"topic": "n/1"}, {"topic": "n/+"}]});
    let answer = server.call("POST", "/v1/publish:batch", &bad);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/items/1/topic", "{answer:?}");
    for count in [0, 257] {
        let items = vec![json!({"topic": "n/1"}); count];
        let answer = server.call("POST", "/v1/publish:batch", &json!({"items": items}));
        assert_eq!(answer.problem(), (422, "invalid".to_owned()), "{count}");
    }
    let mut items: Vec<Value> = (0..255).map(|number| json!({"topic": format!("n/{number}")})).collect();
    items.insert(100, json!({"topic": "m"}));
    let answer = server.call("POST", "/v1/publish:batch", &json!({"items": items})).is(200);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 256);
    assert_eq!((&results[100], &results[101]), (&json!({"matched": false}), &json!({"matched": true})));
    for number in 0..255 {
        assert_eq!(client.published().0, format!("n/{number}"));
    }
    let too_long = json!({"items": [{"topic": "x".repeat(1_025)}, {"topic": "n/last"}]});
    let answer = server.call("POST", "/v1/publish:batch", &too_long).is(200);
    assert!(text(&answer["results"][0], "fault").contains("1025 bytes"), "{answer}");
    assert_eq!(client.published().0, "n/last");
}
