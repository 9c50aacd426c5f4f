use serde_json::json;
use vouchmq_api::authentication_service::AuthenticationServiceOptions;

use super::{encoded, post};
use crate::harness::log;
use crate::harness::world::{World, trusting};

/// Row 20 of the threats: whatever goes wrong, no secret stands in a log line or in an answer.
#[test]
fn no_secret_is_in_the_log_or_in_an_answer() {
    log::start();
    let world = World::new();
    let secret = world.secret.expose();
    let canaries = ["s3cr3t-canary/=+", "czNjcjN0LWNhbmFyeS89Kw==", "s3cr3t-canary%2F%3D%2B", secret];
    let server = world.serve(&trusting());
    let strict = world.serve(&AuthenticationServiceOptions::default());
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    let mut requests = Vec::new();
    for password in [canaries[0], secret] {
        let coded = encoded(password.as_bytes());
        for query in [
            format!("clientid=d1&username=d1&password={coded}"),
            format!("clientid=d1&password={coded}&password={coded}"),
            format!("clientid=pw&username=pw&password={coded}%zz"),
            format!(
                "username={coded}&clientid=d1&password={coded}&access={coded}&topic={coded}&ipaddr={coded}"
            ),
        ] {
            for path in
                ["/mqtt/auth", "/mqtt/superuser", "/mqtt/acl", "/emqx/authn", "/emqx/authz", "/nothing"]
            {
                requests.push(format!("GET {path}?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
                requests.push(post(path, form, "", &query));
            }
        }
        for body in [
            json!({ "clientid": "d1", "username": "d1", "password": password }),
            json!({ "clientid": "d1", "username": "d1", "password": [password] }),
            json!({ "clientid": "d1", "password": password, "passwort": password }),
            json!({ "clientid": "d1", "username": "d1", "password_b64": password }),
            json!({ "clientid": "d1", "username": "d1", "password_b64": canaries[1] }),
            json!({ "clientid": "d1", "password": password, "password_b64": password }),
            json!({ "peerhost": password }),
            json!({ "items": [{ "username": "d1", "password": password, "peerhost": password }] }),
            json!(password),
        ] {
            let native = ["/v1/auth/verify", "/v1/auth/verify:batch", "/v1/auth/reconsider"];
            for path in native.into_iter().chain(["/mqtt/auth", "/emqx/authn"]) {
                requests.push(post(path, json, "", &body.to_string()));
                let fields = format!(
                    "Signature: {password}\r\nX-Request-Id: {password}\r\nX-Broker-Key: {password}\r\n"
                );
                requests.push(post(path, json, &fields, &body.to_string()));
            }
        }
    }
    for request in &requests {
        for server in [&server, &strict] {
            let answer = server.ask(request);
            for canary in canaries {
                assert!(
                    !answer.body.contains(canary) && !answer.head.contains(canary),
                    "{request}\n{answer:?}"
                );
            }
        }
    }
    let lines = log::lines();
    assert!(lines.contains("answered") && lines.contains("denied"), "the log was watched");
    for hint in ["configure method = post", "cannot be understood", "was refused"] {
        assert!(lines.contains(hint), "an operator is told: {hint}");
    }
    for line in lines.lines() {
        for canary in canaries {
            assert!(!line.contains(canary), "{line}");
        }
    }
}
