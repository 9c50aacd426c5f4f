//! Secrets are where they belong, and nowhere else.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::caller::{Answer, Caller};
use super::fleet::{Fleet, House, TOKEN, text};
use super::wire::{Login, VERSIONS, Version, Wire};

mod doors;
mod forms;

/// A password that a person chose.
const PASSWORD: &str = "canary~Passw0rd?of a person/9417";
/// One that a device proves by SCRAM.
const SCRAM: &str = "canary~scram+Passw0rd/2208";
/// One that came in plain text from a file of NanoMQ.
const PLAIN: &str = "canary~plain+Passw0rd/7731";
/// What a client says that is wrong, and may yet be right elsewhere.
const WRONG: &str = "canary?wrong/password~5512";

/// Everything that must not be found.
struct Canaries(Vec<(&'static str, String)>);

#[test]
fn no_secret_is_in_a_log_the_database_or_an_answer() {
    let house = House::new();
    let fleet = house.start(&["--log-level", "trace"]);
    let canaries = live(&fleet);
    let answers = read_everything(&fleet);
    let database = house.data();
    canaries.are_not_in("answers of GET", answers.as_bytes());
    // While it runs: what is in the write-ahead log is not in the database yet.
    search(&canaries, &database);
    let ended = fleet.stop();
    canaries.are_not_in("stdout", ended.stdout.as_bytes());
    canaries.are_not_in("stderr", ended.stderr.as_bytes());
    assert!(ended.stderr.contains("TRACE") || ended.stderr.contains("DEBUG"), "logs were searched");
    search(&canaries, &database);
    let again = house.start(&["--log-level", "trace"]).stop();
    canaries.are_not_in("stderr of the next start", again.stderr.as_bytes());
}

/// A token that the server makes is in its own file, for its owner, and nowhere else.
#[test]
fn a_token_that_is_made_is_in_its_file_only() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::without_token();
    let ended = house.start(&["--log-level", "trace"]).stop();
    let file = house.data().join("admin-token");
    let token = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let canaries = Canaries(vec![("the administrator's token", token)]);
    canaries.are_not_in("stdout", ended.stdout.as_bytes());
    canaries.are_not_in("stderr", ended.stderr.as_bytes());
    search(&canaries, &house.data());
}

/// Does everything that secrets take part in, well and badly.
fn live(fleet: &Fleet) -> Canaries {
    let Fleet { operator, registration, .. } = fleet;
    let new = json!({"key": "sensor", "name": "Sensor", "reg_strategy": "auto",
        "allowed_kinds": ["secret", "password", "scram"]});
    let product = text(&operator.post("/v1/products", &new), "id");
    let claim = fleet.claim(&product, 2);
    let device = fleet.register("hw-1", &claim);
    let path = format!("/v1/devices/{}/credentials", device.id);
    let key = operator.post("/v1/api-keys", &json!({"name": "reader", "scopes": ["devices:read"]}));
    let key = text(&key, "secret");
    super::http::Http::new(&fleet.management, Some(&key)).get("/v1/devices");
    for version in VERSIONS {
        Wire::connect(&fleet.mqtt, &Login::of(version, &device.id, &device.secret)).unwrap();
        Wire::connect(&fleet.mqtt, &Login::of(version, &device.id, WRONG)).unwrap_err();
        Wire::connect(&fleet.mqtt, &Login::of(version, "stranger", WRONG)).unwrap_err();
    }
    operator.post(&path, &json!({"kind": "password", "password": PASSWORD}));
    Wire::connect(&fleet.mqtt, &Login::of(Version::V5, &device.id, PASSWORD)).unwrap();
    let rotated = operator.post(&format!("{path}:rotate"), &json!({}));
    let rotated = text(&rotated, "secret");
    Wire::connect(&fleet.mqtt, &Login::of(Version::V5, &device.id, &rotated)).unwrap();

    // A request that fails is told of in other words than one that does not.
    let body = json!({"product": "sensor", "hw_id": "hw-1", "claim": &claim, "more": &device.secret});
    registration.try_post("/v1/register", &body).unwrap_err();
    let body = json!({"product": "none", "hw_id": "hw-2", "claim": &claim});
    registration.try_post("/v1/register", &body).unwrap_err();
    operator.try_post(&path, &json!({"kind": "secret", "password": PASSWORD})).unwrap_err();
    operator.try_post(&path, &json!({"kind": PASSWORD})).unwrap_err();
    let (said, own) = doors::knock(fleet, &product, &device.id, &rotated);
    let canaries = Canaries(vec![
        ("a secret", device.secret),
        ("a rotated secret", rotated),
        ("a secret that a device asked for", own),
        ("a claim token", claim),
        ("an API key", key),
        ("the administrator's token", TOKEN.to_owned()),
        ("a password", PASSWORD.to_owned()),
        ("a SCRAM password", SCRAM.to_owned()),
        ("a plain password", PLAIN.to_owned()),
        ("a wrong password", WRONG.to_owned()),
    ]);
    canaries.are_not_in("answers of POST", said.as_bytes());
    canaries
}

/// Every answer to a GET, by the API's own description; ids are taken from the lists.
fn read_everything(fleet: &Fleet) -> String {
    let document = fleet.operator.get("/openapi.json");
    let mut answers = String::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        // A stream has no end.
        if operations.get("get").is_none() || matches!(path.as_str(), "/v1/changes" | "/v1/trace") {
            continue;
        }
        for path in fill(fleet, path) {
            let Answer { status, body } = look(fleet, &path);
            assert!(status < 500 && ![401, 403, 405].contains(&status), "{path}: {status} {body}");
            answers.push_str(&format!("{path} {body}\n"));
        }
    }
    assert!(exported(fleet).contains("\"device\""), "devices are exported");
    let read = ["/v1/audit", "/v1/events", "/v1/devices", "/v1/api-keys", "/v1/registrations", "/v1/config"];
    for part in [&read[..], &["/metrics", "/api/v4/configuration", "/api/v4/prometheus"]].concat() {
        assert!(answers.contains(&format!("{part} ")), "{part} was not read");
    }
    answers
}

/// Asks for something on a connection of its own, as it is on the wire.
fn look(fleet: &Fleet, path: &str) -> Answer {
    let mut caller = Caller::dial(fleet.management.trim_start_matches("http://")).unwrap();
    caller.ask(&format!("GET {path}\r\nAuthorization: Bearer {TOKEN}"), "").unwrap()
}

/// What an export says.
fn exported(fleet: &Fleet) -> String {
    let Answer { status, body } = look(fleet, "/v1/exports");
    assert_eq!(status, 200, "{body}");
    body
}

/// The path for each item of the list that it belongs to; elsewhere a name that may be there stands in it.
fn fill(fleet: &Fleet, path: &str) -> Vec<String> {
    if let Some((list, _)) = path.split_once("/{id}").filter(|(list, _)| *list != "/v1/clients") {
        let list = if list == "/v1/credentials" { credentials(fleet) } else { fleet.operator.get(list) };
        let items = list["items"].as_array().unwrap();
        return items.iter().map(|item| path.replace("{id}", &text(item, "id"))).collect();
    }
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (parameter, after) = rest.split_once('}').unwrap();
    let values: &[&str] = match parameter {
        "type" => &["basic", "tls", "auth", "auth_http", "websocket", "http_server", "sqlite", "bridge"],
        "key" => &["http_server.port", "http_server.password", "auth.password"],
        _ => &["c1"],
    };
    values.iter().map(|value| format!("{before}{value}{after}")).collect()
}

fn credentials(fleet: &Fleet) -> Value {
    let devices = fleet.operator.get("/v1/devices");
    fleet.operator.get(&format!("/v1/devices/{}/credentials", text(&devices["items"][0], "id")))
}

/// Looks into every file of the data directory but the one that is for the token.
fn search(canaries: &Canaries, data: &Path) {
    let mut searched = 0;
    for entry in fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("admin-token") {
            continue;
        }
        assert!(path.is_file(), "{} has to be searched, too", path.display());
        canaries.are_not_in(&path.display().to_string(), &fs::read(&path).unwrap());
        searched += 1;
    }
    assert!(searched >= 2, "the database and the keys");
}

impl Canaries {
    #[track_caller]
    fn are_not_in(&self, place: &str, bytes: &[u8]) {
        for (what, secret) in &self.0 {
            for (form, needle) in forms::of(secret) {
                let is_there = bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!is_there, "{what} is in {place}, as {form}");
            }
        }
    }
}
