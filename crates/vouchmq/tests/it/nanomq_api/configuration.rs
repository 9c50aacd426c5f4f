//! Sections of the configuration, as NanoMQ's scripts change them.

use std::fs;

use serde_json::{Value, json};

use super::{Nanomq, SERVICE, TEXT};
use crate::process::run;

/// Whether a client with this login is let in.
fn lets_in(nanomq: &Nanomq, user: &str, password: &str) -> bool {
    let port = nanomq.broker.port(0);
    let words = ["pub", "-h", "127.0.0.1", "-p", port, "-u", user, "-P", password, "-t", "t", "-m", "x"];
    run(&words).code == 0
}

fn section(nanomq: &Nanomq, name: &str) -> Value {
    let got = nanomq.ask("GET", &format!("/configuration/{name}"), None);
    let answer: Value = serde_json::from_str(&got.body).unwrap_or_else(|error| panic!("{error}: {got:?}"));
    answer["data"][name].clone()
}

fn overrides(nanomq: &Nanomq) -> Option<String> {
    fs::read_to_string(nanomq.broker.path("data/overrides.conf")).ok()
}

#[test]
fn what_is_shown_can_be_sent_back_and_changes_nothing() {
    let nanomq = Nanomq::start();
    let all = nanomq.ask("GET", "/configuration", None).body;
    nanomq.expect("POST", "/configuration", Some(&all), 200, r#"{"code":0}"#);
    let reload = nanomq.ask("GET", "/reload", None).body;
    nanomq.expect("POST", "/reload", Some(&reload), 200, r#"{"code":0}"#);
    assert_eq!(overrides(&nanomq), None);
}

#[test]
fn what_is_changed_counts_and_is_kept_above_the_file() {
    let nanomq = Nanomq::start();
    let wanted =
        json!({"data": {"max_packet_size": 512, "msq_len": 100, "allow_anonymous": true, "unheard_of": 7}});
    nanomq.expect("POST", "/reload", Some(&wanted.to_string()), 200, r#"{"code":0}"#);
    let basic = section(&nanomq, "basic");
    assert_eq!((&basic["max_packet_size"], &basic["msq_len"]), (&json!(512), &json!(100)));
    assert_eq!(basic["allow_anonymous"], true);
    let kept = overrides(&nanomq).expect("it is kept");
    assert!(kept.contains("max_packet_size"), "{kept}");
    let audit = nanomq.broker.operator().get("/v1/audit");
    let deeds: Vec<&str> = audit["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|deed| deed["action"].as_str())
        .collect();
    assert!(deeds.contains(&"config.change"), "{deeds:?}");
    let wanted = json!({"data": {"basic": {"max_packet_size": 1024}, "http_server": {"unheard_of": 1}}});
    nanomq.expect("POST", "/configuration", Some(&wanted.to_string()), 200, r#"{"code":0}"#);
    assert_eq!(section(&nanomq, "basic")["max_packet_size"], 1024);
    let wanted = json!({"data": {"basic": {"msq_len": 5}, "tls": {"enable": false}}});
    nanomq.expect("POST", "/configuration/basic", Some(&wanted.to_string()), 200, r#"{"code":0}"#);
    assert_eq!(section(&nanomq, "basic")["msq_len"], 5);
    assert_eq!(section(&nanomq, "tls")["enable"], true, "another section is not touched");
}

#[test]
fn what_is_not_possible_changes_nothing() {
    let nanomq = Nanomq::start();
    let before = nanomq.ask("GET", "/configuration", None).body;
    for (path, wanted) in [
        ("/reload", json!({"data": {"msq_len": 7, "max_packet_size": u64::MAX}})),
        ("/reload", json!({"data": {"msq_len": "7"}})),
        ("/configuration", json!({"data": {"basic": {"msq_len": 7}, "tls": {"cert": "/nowhere"}}})),
        ("/configuration", json!({"data": {"tls": {"key": "-----BEGIN PRIVATE KEY-----"}}})),
        ("/configuration/auth", json!({"data": {"auth": [{"username": "alice", "password": "******"}]}})),
        ("/configuration/auth", json!({"data": {"auth": [{"username": "alice"}]}})),
        ("/configuration/auth_http", json!({"data": {"auth_http": {"auth_req": {"params": []}}}})),
    ] {
        nanomq.expect("POST", path, Some(&wanted.to_string()), 400, r#"{"code":108}"#);
    }
    for body in ["", "7", "[]", "{}", "null", r#"{"data":7}"#, r#"{"data":[]}"#, r#"{"data":{}"#] {
        nanomq.expect("POST", "/reload", Some(body), 400, r#"{"code":109}"#);
    }
    nanomq.expect("POST", "/configuration/webhook", Some(r#"{"data":{}}"#), 404, r#"{"code":101,"data":{}}"#);
    assert_eq!(nanomq.ask("GET", "/configuration", None).body, before);
    assert_eq!(overrides(&nanomq), None);
}

#[test]
fn users_come_and_go_by_their_list() {
    let nanomq = Nanomq::with(TEXT);
    let users = |list: Value| json!({"data": {"auth": list}}).to_string();
    let wanted = users(json!([
        {"login": "alice", "password": "******"},
        {"username": "bob", "password": "another password"},
        {"username": "carol.c", "password": "a third password"}
    ]));
    nanomq.expect("POST", "/configuration/auth", Some(&wanted), 200, r#"{"code":0}"#);
    assert!(lets_in(&nanomq, "alice", "canary-of-alice"));
    assert!(lets_in(&nanomq, "bob", "another password"));
    assert!(!lets_in(&nanomq, "bob", "canary-of-bob"));
    assert!(lets_in(&nanomq, "carol.c", "a third password"));
    let wanted =
        users(json!([{"login": "alice", "password": "******"}, {"login": "bob", "password": "******"}]));
    nanomq.expect("POST", "/configuration", Some(&wanted), 200, r#"{"code":0}"#);
    assert!(!lets_in(&nanomq, "carol.c", "a third password"));
    assert!(lets_in(&nanomq, "bob", "another password"));
    let kept = || fs::read_to_string(nanomq.broker.path("data/overrides.conf.last")).ok();
    let before = (overrides(&nanomq), kept());
    let wanted = users(json!([{"login": "alice", "password": "******"}]));
    nanomq.expect("POST", "/configuration", Some(&wanted), 400, r#"{"code":108}"#);
    assert!(
        lets_in(&nanomq, "bob", "another password"),
        "the file would bring back the password from before"
    );
    assert_eq!((overrides(&nanomq), kept()), before, "nothing was changed, and so nothing was put back");
    let wanted = json!({"data": {"enable": false}}).to_string();
    nanomq.expect("POST", "/configuration/auth", Some(&wanted), 200, r#"{"code":0}"#);
    assert!(!lets_in(&nanomq, "alice", "canary-of-alice"));
}

#[test]
fn a_file_is_taken_as_a_whole_or_not_at_all() {
    let nanomq = Nanomq::start();
    let file = nanomq.broker.path(crate::configured::FILE);
    let before = fs::read_to_string(&file).expect("a file");
    let with = |text: &str| before.replace("max_mqueue_len = 2048", text);
    for text in ["", " \n", "{", "a = ", &with("max_mqueue_len = never"), &with("max_mqueue_lenn = 1")] {
        nanomq.expect("POST", "/config_update", Some(text), 400, r#"{"code":117}"#);
    }
    assert_eq!(fs::read_to_string(&file).expect("a file"), before);
    let text = with("max_mqueue_len = 77");
    nanomq.expect("POST", "/config_update", Some(&text), 200, r#"{"code":0}"#);
    assert_eq!(fs::read_to_string(&file).expect("a file"), text);
    assert_eq!(section(&nanomq, "basic")["msq_len"], 77);
    assert!(SERVICE.contains("x-api-key") && lets_in(&nanomq, "alice", "canary-of-alice"));
}
