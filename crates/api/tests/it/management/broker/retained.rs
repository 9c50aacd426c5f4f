use serde_json::{Value, json};

use super::encoded;
use crate::harness::Server;
use crate::harness::mqtt::Mqtt;
use crate::harness::registry::{World, text};

fn retain(server: &Server, topic: &str, payload: &Value) {
    let mut wish = json!({"topic": topic, "retain": true, "qos": 1});
    wish.as_object_mut().unwrap().extend(payload.as_object().unwrap().clone());
    server.call("POST", "/v1/publish", &wish).is(200);
}

#[test]
fn what_is_retained_is_listed_in_short_and_shown_as_a_whole() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    retain(
        &server,
        "a/1",
        &json!({"payload": "21.5", "properties": {"content_type": "t", "message_expiry_interval": 60}}),
    );
    let long = format!("{}ä{}", "x".repeat(1_023), "y".repeat(9));
    retain(&server, "a/2", &json!({"payload": long}));
    retain(&server, "b", &json!({"payload_b64": "/wD/"}));
    retain(&server, "$x", &json!({"payload": "own"}));
    assert_eq!(server.items("/v1/retained").len(), 4);
    assert_eq!(server.items("/v1/retained?filter=%23").len(), 3, "# is not for topics with $");
    let mut listed = server.items("/v1/retained?filter=a/%2B");
    listed.sort_by_key(|one| text(one, "topic").to_owned());
    let [first, second] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((text(first, "payload"), &first["is_cut"]), ("21.5", &json!(false)));
    assert_eq!(
        (&first["payload_bytes"], &first["qos"], &first["properties"]),
        (&json!(4), &json!(1), &Value::Null)
    );
    assert_eq!((&second["is_cut"], text(second, "payload")), (&json!(true), &*"x".repeat(1_023)));
    assert_eq!(second["payload_bytes"], 1_034);

    let whole = server.get("/v1/retained/a%2F2").is(200);
    assert_eq!((text(&whole, "payload"), &whole["is_cut"]), (&*long, &json!(false)));
    let first = server.get("/v1/retained/a%2F1").is(200);
    assert_eq!(first["properties"], json!({"content_type": "t"}));
    assert!(text(&first, "expires_at").ends_with('Z'));
    let bytes = server.get("/v1/retained/b").is(200);
    assert_eq!((text(&bytes, "payload_b64"), bytes.get("payload")), ("/wD/", None));
    assert_eq!(server.get("/v1/retained/a").problem(), (404, "not_found".to_owned()));
    assert_eq!(server.get("/v1/retained?filter=a/%2Bb").problem(), (422, "invalid".to_owned()));
}

#[test]
fn every_topic_can_be_named_in_a_path_and_its_message_deleted() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    for topic in ["/", "a/", "/a", "//", ".", "..", "a:b", "%2F", "a?b#c"] {
        // What has a wildcard is no topic.
        if topic.contains('#') {
            continue;
        }
        retain(&server, topic, &json!({"payload": "x"}));
        let path = format!("/v1/retained/{}", encoded(topic));
        assert_eq!(text(&server.get(&path).is(200), "topic"), topic);
        assert_eq!(server.call("DELETE", &path, &Value::Null).status, 204, "{topic}");
        assert_eq!(
            server.call("DELETE", &path, &Value::Null).problem(),
            (404, "not_found".to_owned()),
            "{topic}"
        );
    }
    assert!(server.items("/v1/retained").is_empty());
}

#[test]
fn many_are_deleted_by_a_filter_and_counted() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    for portion in 0..2 {
        let items: Vec<Value> = (0..250)
            .map(|number| json!({"topic": format!("a/{portion}/{number}"), "payload": "x", "retain": true}))
            .collect();
        server.call("POST", "/v1/publish:batch", &json!({"items": items})).is(200);
    }
    retain(&server, "b", &json!({"payload": "x"}));
    for path in ["/v1/retained", "/v1/retained?filter=", "/v1/retained?filter=a%23"] {
        assert_eq!(
            server.call("DELETE", path, &Value::Null).problem(),
            (422, "invalid".to_owned()),
            "{path}"
        );
    }
    let deleted = server.call("DELETE", "/v1/retained?filter=a/%23", &Value::Null).is(200);
    assert_eq!(deleted, json!({"deleted": 500, "has_more": false}));
    assert_eq!(server.names("/v1/retained", "topic"), ["b"]);
    let audit = server.items("/v1/audit?limit=200");
    let entry = audit.iter().find(|entry| entry["action"] == "retained.delete").unwrap();
    assert!(text(entry, "target").contains("a/#"), "{entry}");
}

#[test]
fn pages_of_what_is_retained_have_each_once() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let items: Vec<Value> = (0..90)
        .map(|number| json!({"topic": format!("t/{number}"), "payload": "x", "retain": true}))
        .collect();
    server.call("POST", "/v1/publish:batch", &json!({"items": items})).is(200);
    let (mut topics, mut path) = (Vec::new(), "/v1/retained?filter=t/%2B&limit=20".to_owned());
    loop {
        let page = server.get(&path).is(200);
        let items = page["items"].as_array().unwrap();
        topics.extend(items.iter().map(|item| text(item, "topic").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/retained?filter=t/%2B&limit=20&cursor={next}");
    }
    assert_eq!(topics.len(), 90);
    topics.sort();
    topics.dedup();
    assert_eq!(topics.len(), 90);
}
