//! Who may change limits does not become an administrator, and what cannot be audited does not happen.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use vouchmq_client::Method;

use super::{Configured, FILE};
use crate::identity::http::{Http, Refused};
use crate::identity::outage::lock::Lock;

const TEXT: &str = r#"
listeners.tcp.bind = "127.0.0.1:0"
mqtt.max_packet_size = 1MB
http_server.users = [
  { name = ann, password = "the password of ann", role = viewer, scopes = ["admin"] }
  { name = mallory, password = "the password of mallory", role = viewer }
]
"#;
const OVERRIDES: &str = "data/overrides.conf";

/// An API key that may change the configuration, and nothing else.
fn limited(broker: &Configured) -> String {
    let wanted = json!({"name": "limits", "scopes": ["config:read", "config:write"]});
    broker.operator().post("/v1/api-keys", &wanted)["secret"].as_str().unwrap().to_owned()
}

fn forbidden<T: std::fmt::Debug>(answer: Result<T, Refused>, what: &str) {
    let refused = answer.unwrap_err();
    assert_eq!((refused.status, &*refused.code), (403, "forbidden"), "{what}");
}

/// The status of a request with a text.
fn sent(broker: &Configured, key: &str, method: &str, path: &str, text: &str) -> String {
    let url = format!("{}{path}", broker.api());
    let mut curl = Command::new("curl");
    curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "--data-binary", "@-"]);
    curl.args(["-H", &format!("Authorization: Bearer {key}"), "-H", "Content-Type: text/plain", &url]);
    let mut curl = curl.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    curl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(curl.wait_with_output().unwrap().stdout).unwrap()
}

fn max_packet_size(http: &Http) -> Value {
    http.get("/v1/config/mqtt.max_packet_size")["items"][0]["value"].clone()
}

#[test]
fn a_key_for_limits_opens_nothing_else() {
    let broker = Configured::start(TEXT);
    let key = limited(&broker);
    let http = Http::new(broker.api(), Some(&key));
    let mallory = "[{ name = mallory, password = \"the password of mallory\", role = administrator }]";
    for (name, value) in [
        ("http_server.users", mallory),
        ("http_server.users", "(hidden)"),
        ("http_server", "{ auth_type = no_auth }"),
        ("http_server.auth_type", "basic"),
        ("http_server.insecure_ok", "true"),
        ("http_server.trusted_proxies", "[\"127.0.0.1\"]"),
        ("http_server.jwt.jwks_file", "/etc/hostname"),
        ("http_server.certificates", "[{ name = m, subject = \"CN=m\", role = administrator }]"),
        ("HTTP_Server.Auth_Type", "no_auth"),
        ("auth_service.callers", "[{ name = m, key = \"0123456789012345678901234567890123456789\" }]"),
        ("registry.database", "/tmp/other.db"),
        ("registration.tls.certfile", "/nowhere/at/all"),
        ("auth.allow_anonymous", "true"),
        ("auth.allow_anonymous", "false"),
        ("auth.password.mallory", "x"),
        ("auth.http_auth.auth_req.url", "http://192.0.2.1/"),
        ("http_auth.auth_req.url", "http://192.0.2.1/"),
        ("log.file", "elsewhere.log"),
        ("log.dir", "/nowhere"),
        ("listeners.tcp.more.bind", "127.0.0.1:0"),
        // What is wrong with a file is nobody's business who may not name it.
        ("auth.password_file", "/nowhere/at/all"),
        ("auth.password_file", "/etc/passwd"),
    ] {
        let patch = json!({name: value, "mqtt.max_packet_size": "2MB"});
        let answer = http.call(Method::PATCH, "/v1/config", Some(&patch));
        let refused = answer.unwrap_err();
        let is_refused = refused.status == 403 || (value == "(hidden)" && refused.status == 422);
        assert!(is_refused, "{name} = {value}: {refused:?}");
    }
    let admin = TEXT.replace("role = viewer }", "role = administrator }");
    let moved = TEXT
        .replace(", scopes = [\"admin\"]", "")
        .replace("of mallory\", role = viewer", "of mallory\", role = viewer, scopes = [\"admin\"]");
    for text in [admin, moved, format!("{TEXT}auth.password_file = \"/nowhere\"\n")] {
        assert_eq!(sent(&broker, &key, "PUT", "/v1/config/file", &text), "403", "{text}");
        assert_eq!(sent(&broker, &key, "POST", "/api/v4/config_update", &text), "403", "{text}");
    }
    for (path, body) in [
        ("/api/v4/configuration", json!({"data": {"http_server": {"password": "mine from now on"}}})),
        ("/api/v4/configuration/auth", json!({"data": {"auth": [{"username": "m", "password": "x"}]}})),
        ("/api/v4/reload", json!({"data": {"allow_anonymous": true}})),
    ] {
        assert_eq!(sent(&broker, &key, "POST", path, &body.to_string()), "403", "{path}");
    }
    assert_eq!(fs::read_to_string(broker.path(FILE)).unwrap(), TEXT);
    assert!(!broker.path(OVERRIDES).exists());
    // Limits are changed, in each way.
    http.call(Method::PATCH, "/v1/config", Some(&json!({"mqtt.max_packet_size": "2MB"}))).unwrap();
    assert_eq!(max_packet_size(&http), "2MB");
    let text = TEXT.replace("1MB", "3MB");
    assert_eq!(sent(&broker, &key, "PUT", "/v1/config/file", &text), "200");
    assert_eq!(sent(&broker, &key, "POST", "/api/v4/reload", "{\"data\": {\"msq_len\": 77}}"), "200");
}

#[test]
fn what_an_administrator_changed_is_put_back_by_administrators() {
    let broker = Configured::start(TEXT);
    let key = limited(&broker);
    let http = Http::new(broker.api(), Some(&key));
    let operator = broker.operator();
    operator.call(Method::PATCH, "/v1/config", Some(&json!({"auth.allow_anonymous": "true"}))).unwrap();
    operator.call(Method::PATCH, "/v1/config", Some(&json!({"auth.allow_anonymous": "false"}))).unwrap();
    forbidden(http.try_post("/v1/config:rollback", &json!({})), "allow_anonymous");
    // Nobody has read yet what stands in the file now, and it is not lost.
    let strict = TEXT.replace(", scopes = [\"admin\"]", "");
    broker.write(FILE, &strict);
    assert_eq!(sent(&broker, &key, "PUT", "/v1/config/file", TEXT), "403");
    assert_eq!(fs::read_to_string(broker.path(FILE)).unwrap(), strict);
    operator.post("/v1/config:rollback", &json!({}));
}

#[test]
fn what_cannot_be_audited_does_not_happen_and_whoever_reads_does_not_wait() {
    let broker = Configured::start(TEXT);
    let (operator, token) = (broker.operator(), fs::read_to_string(broker.path("data/admin-token")).unwrap());
    let token = token.trim();
    let lock = Lock::hold(&broker.path("data/vouchmq.db"));
    let patch = json!({"mqtt.max_packet_size": "2MB"});
    let refused = operator.call(Method::PATCH, "/v1/config", Some(&patch)).unwrap_err();
    assert_eq!(refused.status, 503);
    assert_eq!(sent(&broker, token, "POST", "/api/v4/reload", "{\"data\": {\"msq_len\": 77}}"), "503");
    assert_eq!(sent(&broker, token, "PUT", "/v1/config/file", &TEXT.replace("1MB", "3MB")), "503");
    let levels = operator.get("/v1/log");
    let refused = operator.call(Method::PUT, "/v1/log", Some(&json!({"level": "error"}))).unwrap_err();
    assert_eq!(refused.status, 503);
    assert_eq!(operator.get("/v1/log"), levels);
    assert_eq!(max_packet_size(&operator), "1MB");
    assert_eq!(fs::read_to_string(broker.path(FILE)).unwrap(), TEXT);
    assert!(!broker.path(OVERRIDES).exists());
    // The change goes on waiting for the database while others read.
    thread::scope(|scope| {
        let (api, patch) = (broker.api(), &patch);
        let changing = scope.spawn(move || {
            Http::new(api, Some(token)).call(Method::PATCH, "/v1/config", Some(patch)).map(drop)
        });
        for _ in 0..30 {
            assert_eq!(max_packet_size(&operator), "1MB");
        }
        drop(lock);
        changing.join().unwrap().unwrap();
    });
    assert_eq!(max_packet_size(&operator), "2MB");
}
