use std::collections::BTreeSet;

use serde_json::{Value, json};
use vouchmq_identity::store::StoreFault;

use super::encoded;
use crate::harness::mqtt::Mqtt;
use crate::harness::registry::{World, text};

#[test]
fn each_client_is_on_exactly_one_page() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let names: BTreeSet<String> = (0..23).map(|number| format!("c-{number}")).collect();
    let _clients: Vec<_> = names.iter().map(|name| mqtt.connect(name)).collect();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/clients?limit=5{cursor}")).is(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 5);
        seen.extend(items.iter().map(|client| text(client, "clientid").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), seen.into_iter().collect::<BTreeSet<_>>()), (23, names));
    for cursor in ["x", "MTE", "MS0"] {
        let answer = server.get(&format!("/v1/clients?cursor={cursor}"));
        assert_eq!(answer.problem(), (400, "bad_cursor".to_owned()), "{cursor}");
    }
}

#[test]
fn clients_are_found_by_what_is_known_of_them() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("here");
    client.subscribe("a/#", 1);
    drop(mqtt.connect("gone"));
    let count = |query: &str| server.items(&format!("/v1/clients{query}")).len();
    let deadline = std::time::Duration::from_secs(20);
    let start = tokio::time::Instant::now();
    while count("?connected=false") == 0 {
        assert!(start.elapsed() < deadline, "a client that has left is connected for ever");
        std::thread::yield_now();
    }
    for (query, found) in [
        ("", 2),
        ("?connected=true", 1),
        ("?clientid=here", 1),
        ("?clientid=here&connected=false", 0),
        ("?clientid=nobody", 0),
        ("?protocol=5", 2),
        ("?protocol=3.1.1", 0),
        ("?username=x", 0),
        ("?device=x", 0),
    ] {
        assert_eq!(count(query), found, "{query}");
    }
    for query in ["?protocol=4", "?connected=yes", "?client=x", "?clientid=a&clientid=b"] {
        assert_eq!(
            server.get(&format!("/v1/clients{query}")).problem(),
            (422, "invalid".to_owned()),
            "{query}"
        );
    }
    let shown = server.get("/v1/clients/here").is(200);
    assert_eq!(shown["connected"], true);
    assert_eq!((text(&shown, "protocol"), text(&shown, "listener")), ("5", "tcp"));
    assert_eq!((&shown["subscriptions"], &shown["keep_alive_secs"]), (&json!(1), &json!(60)));
    assert_eq!((&shown["session_expiry_secs"], &shown["clean_start"]), (&json!(3600), &json!(true)));
    assert!(text(&shown, "peer").starts_with("127.0.0.1:") && text(&shown, "connected_at").ends_with('Z'));
    let gone = server.get("/v1/clients/gone").is(200);
    assert_eq!(
        (&gone["connected"], &gone["connected_at"], &gone["peer"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    assert!(text(&gone, "disconnected_at") < text(&gone, "session_expires_at"));
}

#[test]
fn whatever_mqtt_allows_in_a_client_id_survives_in_a_path() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    for id in [
        ".",
        "..",
        "a/b",
        "/",
        "//",
        "../v1/clients",
        "a:disconnect",
        "x:delete",
        ":",
        "%2F",
        "%",
        "a?b#c",
        " ",
        "+",
        "#",
        "$SYS/x",
        "ü",
        "\u{10FFFF}",
        "\u{1}\u{7F}",
        "~disconnect",
        "{id}",
        "a\\b\"'<&>",
        "subscriptions",
        "*",
    ] {
        let mut client = mqtt.connect(id);
        let path = format!("/v1/clients/{}", encoded(id));
        assert_eq!(text(&server.get(&path).is(200), "clientid"), id);
        server.get(&format!("{path}/subscriptions")).is(200);
        let done = server.call("POST", &format!("{path}:disconnect"), &Value::Null).is(200);
        assert_eq!(done, json!({"disconnected": true}), "{id:?}");
        assert_eq!(client.disconnected(), 0x98, "{id:?}");
        assert_eq!(server.call("DELETE", &path, &Value::Null).status, 204, "{id:?}");
        assert_eq!(server.get(&path).problem(), (404, "not_found".to_owned()), "{id:?}");
    }
    assert_eq!(server.get("/v1/clients/%FF").problem(), (404, "not_found".to_owned()));
    assert_eq!(server.get("/v1/clients/a%00").problem(), (404, "not_found".to_owned()));
}

#[test]
fn a_client_is_disconnected_with_a_reason_and_keeps_its_session() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("c");
    let path = "/v1/clients/c:disconnect";
    for bad in [json!({"reason": "x\n"}), json!({"reason": "x".repeat(257)}), json!({"why": "x"})] {
        assert_eq!(server.call("POST", path, &bad).problem(), (422, "invalid".to_owned()));
    }
    assert!(client.is_served());
    let answer = server.call("POST", path, &json!({"reason": "it floods"}));
    assert_eq!(answer.is(200), json!({"disconnected": true}));
    assert_eq!(client.disconnected(), 0x98);
    assert_eq!(server.call("POST", path, &Value::Null).is(200), json!({"disconnected": false}));
    assert_eq!(server.get("/v1/clients/c").is(200)["connected"], false);
    assert_eq!(server.call("POST", "/v1/clients/d:disconnect", &Value::Null).status, 404);
    let audit = server.items("/v1/audit");
    assert_eq!(audit.len(), 2, "{audit:?}");
    let entry = &audit[0];
    assert_eq!((text(entry, "action"), text(entry, "reason")), ("client.disconnect", "it floods"));
    assert!(text(entry, "target").contains('c') && text(entry, "actor") == "admin");
    assert_eq!(entry["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(text(entry, "address"), "127.0.0.1");
}

#[test]
fn a_client_that_is_deleted_loses_its_session() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("c");
    client.subscribe("a", 0);
    assert_eq!(server.call("DELETE", "/v1/clients/c?reason=sold", &Value::Null).status, 204);
    assert_eq!(client.disconnected(), 0x98);
    assert!(server.items("/v1/clients").is_empty() && server.items("/v1/subscriptions").is_empty());
    assert_eq!(server.call("DELETE", "/v1/clients/c", &Value::Null).problem(), (404, "not_found".to_owned()));
    let audit = server.items("/v1/audit");
    assert_eq!(
        (audit.len(), text(&audit[0], "action"), text(&audit[0], "reason")),
        (1, "client.delete", "sold")
    );
}

#[test]
fn what_cannot_be_audited_is_not_done() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut client = mqtt.connect("c");
    client.subscribe("#", 0);
    let retained = json!({"topic": "a", "payload": "x", "retain": true});
    server.call("POST", "/v1/publish", &retained).is(200);
    client.published();
    world.store.fail_with(Some(StoreFault::Unavailable("down".into())));
    for (method, path, body) in [
        ("POST", "/v1/clients/c:disconnect", Value::Null),
        ("DELETE", "/v1/clients/c", Value::Null),
        ("POST", "/v1/publish", json!({"topic": "b"})),
        ("POST", "/v1/publish:batch", json!({"items": [{"topic": "b"}]})),
        ("DELETE", "/v1/retained/a", Value::Null),
        ("DELETE", "/v1/retained?filter=%23", Value::Null),
    ] {
        assert_eq!(server.call(method, path, &body).status, 503, "{method} {path}");
    }
    // Looking goes on.
    assert_eq!(server.items("/v1/retained").len(), 1);
    assert!(client.is_served(), "and nothing was published before the answer to its ping");
}

#[test]
fn subscriptions_are_found_by_client_filter_and_topic() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let mut clients = [mqtt.connect("a"), mqtt.connect("b")];
    clients[0].subscribe("dev/+/up", 0x2D);
    clients[0].subscribe("$share/g/dev/#", 1);
    clients[1].subscribe("other", 0);
    let topics = |query: &str| {
        let mut topics = server.names(&format!("/v1/subscriptions{query}"), "topic");
        topics.sort();
        topics
    };
    assert_eq!(topics(""), ["$share/g/dev/#", "dev/+/up", "other"]);
    assert_eq!(topics("?clientid=a"), ["$share/g/dev/#", "dev/+/up"]);
    assert_eq!(topics("?topic=%24share%2Fg%2Fdev%2F%23"), ["$share/g/dev/#"]);
    assert_eq!(topics("?match=dev/1/up"), ["$share/g/dev/#", "dev/+/up"]);
    assert_eq!(topics("?match=dev/1/up&clientid=b"), [""; 0]);
    assert_eq!(server.get("/v1/subscriptions?match=a/%2B").problem(), (422, "invalid".to_owned()));
    let own = server.items("/v1/clients/a/subscriptions");
    let one = own.iter().find(|found| found["topic"] == "dev/+/up").unwrap();
    assert_eq!(
        *one,
        json!({"clientid": "a", "topic": "dev/+/up", "share": null, "qos": 1, "no_local": true,
            "retain_as_published": true, "retain_handling": 2, "identifier": null})
    );
    let shared = own.iter().find(|found| found["share"] == "g").unwrap();
    assert_eq!(shared["qos"], 1);
    assert_eq!(server.get("/v1/clients/nobody/subscriptions").problem(), (404, "not_found".to_owned()));
    let page = server.get("/v1/subscriptions?limit=1").is(200);
    let next = text(&page, "next_cursor");
    let rest = server.names(&format!("/v1/subscriptions?limit=200&cursor={next}"), "topic").len();
    assert_eq!(page["items"].as_array().unwrap().len() + rest, 3);
}
