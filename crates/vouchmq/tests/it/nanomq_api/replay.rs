//! The calls that NanoMQ documents, and what it answers.

use super::Nanomq;
use super::ordered::assert_like;
use crate::process::Running;

/// What is only looked at: path, status, answer.
const LOOKS: &[(&str, u16, &str)] = &[
    (
        "/brokers",
        200,
        r#"{"code":0,"data":[{"datetime":"<text>","node_status":"Running","sysdescr":"VouchMQ Broker","uptime":"<text>","version":"<text>"}]}"#,
    ),
    (
        "/nodes",
        200,
        r#"{"code":0,"data":[{"connections":1,"node_status":"Running","uptime":"<text>","version":"<text>"}]}"#,
    ),
    ("/metrics", 200, r#"{"metrics":[],"cpuinfo":"<text>","memory":"<count>","connections":1}"#),
    ("/clients", 200, CLIENT),
    ("/clients?clientid=c1", 200, CLIENT),
    ("/clients?client_id=c1", 200, CLIENT),
    (
        "/clients?username=alice&conn_state=connected&clean_start=true&proto_name=MQTT&proto_ver=5",
        200,
        CLIENT,
    ),
    ("/clients?conn_state=disconnected", 200, r#"{"code":0,"data":[]}"#),
    ("/clients?clean_start=false", 200, r#"{"code":0,"data":[]}"#),
    ("/clients?proto_ver=4", 200, r#"{"code":0,"data":[]}"#),
    ("/clients?proto_name=MQIsdp", 200, r#"{"code":0,"data":[]}"#),
    ("/clients?username=bob", 200, r#"{"code":0,"data":[]}"#),
    ("/clients?unheard_of=1", 400, r#"{"code":108}"#),
    ("/clients?conn_state=asleep", 400, r#"{"code":108}"#),
    ("/clients?clean_start=1", 400, r#"{"code":108}"#),
    ("/clients?proto_ver=6", 400, r#"{"code":108}"#),
    ("/clients?limit=0", 400, r#"{"code":108}"#),
    ("/clients?cursor=x", 400, r#"{"code":108}"#),
    ("/clients/c1", 200, CLIENT),
    ("/clients/nobody", 200, r#"{"code":0,"data":[]}"#),
    ("/clients/username/alice", 200, CLIENT),
    ("/clients/username/nobody", 200, r#"{"code":0,"data":[]}"#),
    ("/subscriptions", 200, r#"{"code":0,"data":[{"clientid":"c1","topic":"a/b","qos":2}]}"#),
    ("/subscriptions?topic=other", 200, r#"{"code":0,"data":[{"clientid":"c1","topic":"a/b","qos":2}]}"#),
    ("/subscriptions/c1", 200, r#"{"code":0,"data":[{"clientid":"c1","topic":"a/b","qos":2}]}"#),
    ("/subscriptions/nobody", 200, r#"{"code":0,"data":[]}"#),
    (
        "/topic-tree",
        200,
        r#"{"code":0,"data":[[{"topic":"","cld_cnt":1,"clientid":[]}],[{"topic":"a","cld_cnt":1,"clientid":[]}],[{"topic":"b","cld_cnt":0,"clientid":["c1"]}]]}"#,
    ),
    (
        "/reload",
        200,
        r#"{"code":0,"data":{"property_size":32,"max_packet_size":256,"client_max_packet_size":256,"msq_len":2048,"qos_duration":10,"keepalive_backoff":1.25,"allow_anonymous":false,"enable_mqtt_stream":false,"bridge_mode":"<bool>"}}"#,
    ),
    (
        "/configuration/basic",
        200,
        r#"{"code":0,"data":{"basic":{"url":"nmq-tcp://127.0.0.1:0","num_taskq_thread":0,"max_taskq_thread":0,"parallel":0,"property_size":32,"daemon":false,"max_packet_size":256,"client_max_packet_size":256,"msq_len":2048,"qos_duration":10,"keepalive_backoff":1.25,"allow_anonymous":false,"ipc_internal":true}}}"#,
    ),
    (
        "/configuration/tls",
        200,
        r#"{"code":0,"data":{"tls":{"enable":true,"url":"tls+nmq-tcp://127.0.0.1:0","key_password":null,"key":"<text>","cert":"<text>","cacert":"<text>","verify_peer":false,"fail_if_no_peer_cert":false}}}"#,
    ),
    (
        "/configuration/auth",
        200,
        r#"{"code":0,"data":{"auth":[{"login":"alice","password":"******"},{"login":"bob","password":"******"}]}}"#,
    ),
    (
        "/configuration/auth_http",
        200,
        r#"{"code":0,"data":{"auth_http":{"enable":true,"timeout":5,"connect_timeout":5,"pool_size":"<number>","cache_ttl":30,"auth_req":{"url":"http://127.0.0.1:1/auth","method":"POST","headers":{"content-type":"******","x-api-key":"******"},"params":["clientid","username","password"],"tls":"<any>"},"acl_req":"<any>","super_req":"<any>"}}}"#,
    ),
    (
        "/configuration/websocket",
        200,
        r#"{"code":0,"data":{"websocket":{"enable":true,"tls_enable":false,"url":"nmq-ws://127.0.0.1:0/mqtt","tls_url":null}}}"#,
    ),
    (
        "/configuration/http_server",
        200,
        r#"{"code":0,"data":{"http_server":{"enable":true,"port":"<number>","addr":"<text>","username":"<any>","password":"<any>","auth_type":"<any>"}}}"#,
    ),
    (
        "/configuration/sqlite",
        200,
        r#"{"code":0,"data":{"sqlite":{"enable":false,"disk_cache_size":102400,"flush_mem_threshold":100,"resend_interval":0,"mounted_file_path":null}}}"#,
    ),
    ("/configuration/bridge", 200, r#"{"code":0,"data":{"bridge":{"nodes":["<any>"],"sqlite":"<any>"}}}"#),
    ("/configuration/aws_bridge", 200, r#"{"code":0,"data":{"aws_bridge":{"nodes":[],"sqlite":"<any>"}}}"#),
    ("/configuration/webhook", 404, r#"{"code":101,"data":{}}"#),
    ("/bridges", 200, BRIDGE),
    ("/bridges/emqx", 200, BRIDGE),
    ("/bridges/nobody", 200, r#"{"code":0,"data":{"bridge":{"nodes":[],"sqlite":"<any>"}}}"#),
    ("/rules", 200, r#"{"code":111}"#),
    ("/rules/rule:2", 200, r#"{"code":111}"#),
    ("/unheard_of", 404, r#"{"code":102}"#),
    ("/get_file", 404, r#"{"code":102}"#),
];

const CLIENT: &str = r#"{"code":0,"data":[{"client_id":"c1","username":"alice","keepalive":60,"conn_state":"connected","clean_start":true,"proto_name":"MQTT","proto_ver":5,"will_topic":"w","will_msg":"bye"}]}"#;

const BRIDGE: &str = r#"{"code":0,"data":{"bridge":{"nodes":[{"name":"emqx","enable":true,"parallel":2,"connector":{"server":"mqtt-tcp://broker.example:1883","proto_ver":5,"clientid":null,"clean_start":true,"username":"someone","password":"******","keepalive":60,"conn_properties":{"session_expiry_interval":0,"receive_maximum":65535,"maximum_packet_size":0,"topic_alias_maximum":0,"request_response_information":false,"request_problem_information":true,"user_properties":[]},"will_properties":{"payload_format_indicator":0,"message_expiry_interval":0,"content_type":"","will_delay_interval":0,"response_topic":"","correlation_data":""}},"forwards":[{"remote_topic":"fwd/topic1","local_topic":"topic1","qos":1},{"remote_topic":"fwd/topic2","local_topic":"topic2"}],"subscription":[{"remote_topic":"cmd/topic1","local_topic":"topic1","qos":1}],"sub_properties":{"identifier":0,"user_properties":[]},"tls":"<any>"}],"sqlite":"<any>"}}}"#;

/// What is done, or not there: method, path, body, status, answer.
const ACTS: &[(&str, &str, Option<&str>, u16, &str)] = &[
    ("POST", "/rules", Some(r#"{"rawsql":"select * from \"t/a\"","actions":[]}"#), 200, r#"{"code":111}"#),
    ("POST", "/rules", Some("[]"), 400, r#"{"code":109}"#),
    ("PUT", "/rules/rule:4", Some(r#"{"enabled":false}"#), 200, r#"{"code":111}"#),
    ("DELETE", "/rules/rule:4", None, 200, r#"{"code":111}"#),
    ("POST", "/bridges/switch/emqx", Some(r#"{"data":{"bridge_switch":false}}"#), 200, r#"{"code":111}"#),
    ("POST", "/bridges/sub/emqx", Some(r#"{"data":{"subscription":[]}}"#), 200, r#"{"code":111}"#),
    ("POST", "/bridges/unsub/emqx", Some(r#"{"data":{"unsubscription":[]}}"#), 200, r#"{"code":111}"#),
    ("PUT", "/bridges/emqx", Some(r#"{"emqx":{}}"#), 200, r#"{"code":111}"#),
    ("PUT", "/bridges/emqx", Some("no json"), 400, r#"{"code":109}"#),
    ("POST", "/mqtt/publish", Some(r#"{"topic":"a/b","payload":"one","qos":1}"#), 200, r#"{"code":0}"#),
    (
        "POST",
        "/mqtt/publish",
        Some(
            r#"{"topics":"a/b,x,y","payload":"dHdv","decoding":"base64","clientid":"example","retain":false}"#,
        ),
        200,
        r#"{"code":0}"#,
    ),
    (
        "POST",
        "/mqtt/publish",
        Some(r#"{"topic":"a/b","payload":"three","encoding":"base64"}"#),
        200,
        r#"{"code":0}"#,
    ),
    ("POST", "/mqtt/publish", Some(r#"{"payload":"no topic"}"#), 200, r#"{"code":108}"#),
    ("POST", "/mqtt/publish", Some(r#"{"topic":"a/b"}"#), 200, r#"{"code":108}"#),
    ("POST", "/mqtt/publish", Some(r#"{"topic":"a/#","payload":"x"}"#), 200, r#"{"code":108}"#),
    ("POST", "/mqtt/publish", Some(r#"["a/b"]"#), 400, r#"{"code":109}"#),
    ("POST", "/mqtt/publish", Some("no json"), 400, r#"{"code":109}"#),
    (
        "POST",
        "/mqtt/publish_batch",
        Some(
            r#"[{"topic":"a/b","payload":"four","qos":2},{"topic":"a/b","payload":"five"},{"topic":"a/b"},7]"#,
        ),
        200,
        r#"{"data":[{"topic":"a/b","code":0},{"topic":"a/b","code":0},{"topic":"a/b","code":108},{"topic":"","code":108}],"code":0}"#,
    ),
    ("POST", "/mqtt/publish_batch", Some(r#"{"topic":"a/b"}"#), 400, r#"{"code":109}"#),
    ("POST", "/mqtt/subscribe", Some("{}"), 404, r#"{"code":102}"#),
    ("POST", "/mqtt/unsubscribe_batch", Some("{}"), 404, r#"{"code":102}"#),
    ("POST", "/brokers", Some("{}"), 405, r#"{"code":102}"#),
    ("DELETE", "/bridges/emqx", None, 405, r#"{"code":102}"#),
    ("PATCH", "/nodes", None, 405, r#"{"code":102}"#),
    ("POST", "/ctrl/dance", None, 404, r#"{"code":101}"#),
    ("POST", "/config_update", Some("this { is no file"), 400, r#"{"code":117}"#),
    ("DELETE", "/clients/nobody", None, 404, r#"{"code":112}"#),
    ("DELETE", "/clients/c1", None, 200, r#"{"code":0}"#),
];

#[test]
fn what_nanomq_documents_is_answered_field_by_field() {
    let nanomq = Nanomq::start();
    let mut client = nanomq.client();
    for (path, status, expected) in LOOKS {
        nanomq.expect("GET", path, None, *status, expected);
        if !path.contains('?') {
            nanomq.expect("GET", &format!("{path}/"), None, *status, expected);
        }
    }
    for (method, path, body, status, expected) in ACTS {
        nanomq.expect(method, path, *body, *status, expected);
    }
    // The last of it let the client go.
    client.wait_for("0x98");
    let received = told(client);
    assert_eq!(received, ["one", "two", "dGhyZWU=", "four", "five"]);
}

/// What a subscriber printed until it ended.
fn told(client: Running) -> Vec<String> {
    client.finish().stdout.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn only_what_exists_is_listed() {
    let nanomq = Nanomq::start();
    let list = nanomq.ask("GET", "", None);
    let list: serde_json::Value = serde_json::from_str(&list.body).expect("JSON");
    let listed: Vec<(&str, &str)> = list["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            assert!(one["name"].is_string() && one["descr"].is_string(), "{one}");
            (one["method"].as_str().expect("a method"), one["path"].as_str().expect("a path"))
        })
        .collect();
    assert!(listed.contains(&("GET", "/clients/:clientid")), "{listed:?}");
    assert!(!listed.iter().any(|(_, path)| path.contains("subscribe")), "{listed:?}");
    for (method, path) in listed {
        if path.starts_with("/ctrl") {
            continue;
        }
        let path = path.replace(":clientid", "x").replace(":username", "x").replace(":ruleid", "rule:1");
        let path = path.replace(":name", "x").replace(":type", "basic");
        let got = nanomq.ask(method, path.trim_end_matches('/'), None);
        assert!(
            ![102, 101].iter().any(|code| got.body == format!("{{\"code\":{code}}}")),
            "{method} {path} {got:?}"
        );
        assert!(got.status < 500, "{method} {path} {got:?}");
    }
}

#[test]
fn a_login_that_is_missing_or_wrong_is_told_in_nanomqs_codes() {
    let nanomq = Nanomq::start();
    for (login, status, expected) in [
        (None, 401, r#"{"code":104}"#),
        (Some("Authorization: Digest x"), 401, r#"{"code":104}"#),
        (Some("Authorization: Bearer"), 401, r#"{"code":104}"#),
        (Some("Authorization: Bearer wrong"), 401, r#"{"code":103}"#),
        (Some("Authorization: Basic YWRtaW46cHVibGlj"), 401, r#"{"code":103}"#),
        (Some("Authorization: Basic !!!"), 401, r#"{"code":108}"#),
    ] {
        let got = nanomq.ask_as(login, "GET", "/brokers", None);
        assert_eq!((got.status, got.kind.as_str()), (status, "application/json"), "{login:?}: {got:?}");
        assert_like(&got.body, expected, &format!("{login:?}"));
    }
}

#[test]
fn the_series_of_prometheus_are_nanomqs() {
    let nanomq = Nanomq::start();
    let _client = nanomq.client();
    let got = nanomq.ask("GET", "/prometheus", None);
    assert_eq!((got.status, got.kind.as_str()), (200, "text/plain"));
    let types: Vec<&str> = got.body.lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert_eq!(types.len(), 15, "{}", got.body);
    let first = "# TYPE nanomq_connections_count gauge\n# HELP nanomq_connections_count\nnanomq_connections_count 1\n";
    assert!(got.body.starts_with(first), "{}", got.body);
}

#[test]
fn all_clients_are_listed_at_once_and_page_by_page() {
    let nanomq = Nanomq::start();
    let names: Vec<String> = (0..5).map(|number| format!("client-{number}")).collect();
    let port = nanomq.broker.port(0).to_owned();
    let _clients: Vec<Running> = names
        .iter()
        .map(|name| {
            let words =
                format!("sub -d -h 127.0.0.1 -p {port} -i {name} -u alice -P canary-of-alice -t t/{name}");
            let words: Vec<&str> = words.split(' ').collect();
            let mut client = Running::start(&words);
            client.wait_for("received SUBACK");
            client
        })
        .collect();
    for (list, field) in [("/clients", "client_id"), ("/subscriptions", "clientid")] {
        let read = |path: &str| -> serde_json::Value {
            serde_json::from_str(&nanomq.ask("GET", path, None).body).expect("JSON")
        };
        let of = |page: &serde_json::Value| -> Vec<String> {
            let items = page["data"].as_array().expect("a list").iter();
            items.map(|item| item[field].as_str().expect("an id").to_owned()).collect()
        };
        let mut all = of(&read(list));
        all.sort();
        assert_eq!(all, names, "{list}");
        let (mut paged, mut path) = (Vec::new(), format!("{list}?limit=2"));
        loop {
            let page = read(&path);
            paged.extend(of(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("{list}?limit=2&cursor={next}");
        }
        paged.sort();
        assert_eq!(paged, names, "{list}, page by page");
    }
}
