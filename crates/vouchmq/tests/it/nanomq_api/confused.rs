//! Bodies of every kind: none brings the API down, or is taken for something else.

use super::Nanomq;

/// What has crashed NanoMQ, or might have: `null`, other types, missing members, depth.
fn bodies() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "",
        " ",
        "null",
        "true",
        "7",
        "-1e999",
        "\"x\"",
        "[]",
        "[[]]",
        "[null]",
        "[7]",
        "{}",
        "{\"data\":null}",
        "{\"data\":7}",
        "{\"data\":[]}",
        "{\"data\":{\"auth\":{}}}",
        "{\"data\":{\"auth\":[{}]}}",
        "{\"data\":{\"auth\":[{\"username\":\"x\"},null]}}",
        "{\"data\":{\"auth\":[{\"username\":7,\"password\":[]}]}}",
        "{\"data\":{\"auth_http\":{\"auth_req\":{\"params\":[1,{}],\"headers\":[]}}}}",
        "{\"data\":{\"auth_http\":{\"auth_req\":{\"params\":{\"x\":1}}}}}",
        "{\"data\":{\"tls\":null,\"websocket\":[],\"http_server\":7}}",
        "{\"data\":{\"basic\":{\"url\":{},\"max_packet_size\":-1,\"parallel\":1e400}}}",
        "{\"data\":{\"bridge_switch\":\"yes\"}}",
        "{\"rawsql\":1,\"actions\":[{\"name\":null,\"params\":{\"table\":1}}]}",
        "{\"topic\":null,\"payload\":null}",
        "{\"topic\":1,\"payload\":{}}",
        "{\"topics\":\",,,\",\"payload\":\"\"}",
        "[{\"topic\":1},{\"payload\":2},[],null]",
        "{\"topic\":\"a\",\"payload\":\"x\",\"properties\":{\"user_properties\":7}}",
        "{\"topic\":\"\\ud800\",\"payload\":\"x\"}",
        "{\"a\":1,\"a\":2}",
        "{\"data\":{}}trailing",
        "\u{0}",
        "{\"\u{0}\":1}",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    bodies.push(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    bodies.push(format!("{}1{}", "{\"data\":".repeat(50_000), "}".repeat(50_000)));
    bodies.push(format!("{{\"topic\":\"a\",\"payload\":\"{}\"}}", "x".repeat(900_000)));
    let many = vec!["a"; 2_000].join(",");
    bodies.push(format!("{{\"topics\":\"{many}\",\"payload\":\"x\"}}"));
    bodies
}

#[test]
fn no_body_brings_it_down() {
    let nanomq = Nanomq::start();
    let before = nanomq.ask("GET", "/configuration", None).body;
    let paths = [
        ("POST", "/mqtt/publish"),
        ("POST", "/mqtt/publish_batch"),
        ("POST", "/reload"),
        ("POST", "/configuration"),
        ("POST", "/configuration/auth"),
        ("POST", "/configuration/auth_http"),
        ("POST", "/configuration/unheard_of"),
        ("POST", "/config_update"),
        ("POST", "/rules"),
        ("PUT", "/bridges/x"),
    ];
    for (method, path) in paths {
        for body in bodies() {
            let got = nanomq.ask(method, path, Some(&body));
            let shown: String = body.chars().take(80).collect();
            assert!([200, 400, 404, 413].contains(&got.status), "{method} {path} {shown}: {got:?}");
            let answer: serde_json::Value = serde_json::from_str(&got.body)
                .unwrap_or_else(|error| panic!("{error}: {path} {shown}: {got:?}"));
            assert!(answer["code"].is_u64(), "{method} {path} {shown}: {got:?}");
        }
    }
    assert_eq!(nanomq.ask("GET", "/configuration", None).body, before);
}

#[test]
fn paths_and_queries_of_every_kind_are_answered() {
    let nanomq = Nanomq::start();
    for path in [
        "/clients/%00",
        "/clients/%ff",
        "/clients/%2e%2e%2f",
        "/clients/a%2Fb",
        "/clients/username/",
        "/clients/username",
        "/clients//",
        "//",
        "/clients?clientid=%ff&x",
        "/clients?&&&",
        "/clients?clientid=a&clientid=b",
        "/clients?limit=18446744073709551616",
        "/clients?cursor=999-99999999999",
        "/subscriptions?cursor=-",
        "/configuration/..",
        "/configuration/%20",
        "/bridges/%7bx%7d",
        "/rules/rule:",
        "/topic-tree?x=1",
        "/api/v4/brokers",
    ] {
        let got = nanomq.ask("GET", path, None);
        assert!([200, 400, 404].contains(&got.status), "{path}: {got:?}");
        let answer: serde_json::Value =
            serde_json::from_str(&got.body).unwrap_or_else(|error| panic!("{error}: {path}: {got:?}"));
        assert!(answer["code"].is_u64(), "{path}: {got:?}");
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let nanomq = Nanomq::start();
    let body = format!("{{\"topic\":\"a\",\"payload\":\"{}\"}}", "x".repeat(2 << 20));
    let got = nanomq.ask("POST", "/mqtt/publish", Some(&body));
    assert_eq!((got.status, got.body.as_str()), (413, r#"{"code":108}"#));
}
