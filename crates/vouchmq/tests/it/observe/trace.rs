use serde_json::Value;

use super::api::Observed;

const CANARY: &str = "canary-55aa-never-told";

fn word(event: &Value) -> String {
    let packet = &event["packet"];
    if packet.is_null() {
        return event["event"].as_str().unwrap_or_default().to_owned();
    }
    format!(
        "{} {}",
        packet["direction"].as_str().unwrap_or_default(),
        packet["type"].as_str().unwrap_or_default()
    )
}

/// Everything until its connection is closed.
fn whole(stream: &mut super::api::Stream) -> Vec<Value> {
    let mut events = Vec::new();
    while events.last().is_none_or(|last: &Value| last["event"] != "closed") {
        events.push(stream.next());
    }
    events
}

#[test]
fn a_client_is_followed_and_nothing_secret_is_told() {
    let observed = Observed::start(&[]);
    for (version, level) in [("mqttv311", 4), ("mqttv5", 5)] {
        let mut stream = observed.api.follow("/v1/trace?clientid=watched&for=5m");
        observed.server.publish(&["-t", "t", "-m", "somebody else", "-i", "other"]);
        let login = ["-i", "watched", "-u", "alice", "-P", CANARY];
        let message = ["-t", "a/b", "-m", CANARY, "-q", "1", "-V", version];
        observed.server.publish(&[&login[..], &message[..]].concat());
        let events = whole(&mut stream);
        let words: Vec<_> = events.iter().map(word).collect();
        assert_eq!(
            words,
            [
                "accepted",
                "in CONNECT",
                "allowed",
                "out CONNACK",
                "in PUBLISH",
                "out PUBACK",
                "in DISCONNECT",
                "closed"
            ],
            "{version}"
        );
        assert_eq!(events[1]["packet"]["connect"]["username"], "alice");
        assert_eq!(events[1]["packet"]["connect"]["proto_ver"], level);
        assert_eq!(events[4]["packet"]["topic"], "a/b");
        assert_eq!(events[4]["packet"]["payload_length"], CANARY.len());
        let all = format!("{events:?}");
        assert!(!all.contains("canary") && !all.contains("other"), "{all}");
    }
    let audit = observed.api.get("/v1/audit?limit=200");
    assert_eq!(audit.matches("trace.start").count(), 2);
}

#[test]
fn a_payload_is_told_to_who_asks_for_it() {
    let observed = Observed::start(&[]);
    let mut stream = observed.api.follow("/v1/trace?address=127.0.0.1&payload=4");
    observed.server.publish(&["-t", "t", "-m", "hello"]);
    let events = whole(&mut stream);
    let publish = events.iter().find(|event| word(event) == "in PUBLISH").map(|event| &event["packet"]);
    assert_eq!(publish.map(|packet| packet["payload_b64"].clone()), Some(Value::from("aGVsbA==")));
}
