//! No secret of the configuration is in any answer.

use std::fs;

use super::Nanomq;

#[test]
fn no_answer_shows_a_secret() {
    let nanomq = Nanomq::start();
    let _client = nanomq.client();
    let key = fs::read_to_string(nanomq.broker.path("server.key")).expect("a key");
    let line = key.lines().nth(1).expect("a line of the key").to_owned();
    let token = nanomq.token.clone();
    let secrets = [
        "canary-of-alice",
        "canary-of-bob",
        "canary-of-the-bridge",
        "canary-of-the-service",
        "PRIVATE KEY",
        &*line,
        &*token,
    ];
    let paths = [
        "",
        "/brokers",
        "/nodes",
        "/metrics",
        "/prometheus",
        "/clients",
        "/clients/c1",
        "/subscriptions",
        "/topic-tree",
        "/reload",
        "/configuration",
        "/configuration/basic",
        "/configuration/tls",
        "/configuration/auth",
        "/configuration/auth_http",
        "/configuration/websocket",
        "/configuration/http_server",
        "/configuration/sqlite",
        "/configuration/bridge",
        "/configuration/aws_bridge",
        "/bridges",
        "/bridges/emqx",
        "/rules",
    ];
    for path in paths {
        let got = nanomq.ask("GET", path, None);
        assert_eq!(got.status, 200, "{path}: {got:?}");
        for secret in secrets {
            assert!(!got.body.contains(secret), "{path} shows {secret}: {}", got.body);
        }
    }
    // What is sent and refused is not told either, nor logged.
    let wanted = r#"{"data":{"auth":[{"username":"x","password":"canary-that-is-sent"},7]}}"#;
    nanomq.expect("POST", "/configuration/auth", Some(wanted), 400, r#"{"code":108}"#);
    let wanted = r#"{"data":{"auth_http":{"auth_req":{"headers":{"x y":"canary-that-is-sent"}}}}}"#;
    nanomq.expect("POST", "/configuration", Some(wanted), 400, r#"{"code":108}"#);
    nanomq.expect("POST", "/config_update", Some("a = \"canary-that-is-sent\""), 400, r#"{"code":117}"#);
    let process = nanomq.broker.process;
    process.signal(nix::sys::signal::Signal::SIGTERM);
    let log = process.finish();
    for secret in secrets.into_iter().chain(["canary-that-is-sent"]) {
        assert!(!log.stderr.contains(secret), "the log shows {secret}: {}", log.stderr);
    }
}
