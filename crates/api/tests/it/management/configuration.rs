//! `/v1/config` and the end of the process, before a process that only takes down what it is asked for.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, too")]

use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use serde_json::json;
use vouchmq_api::management::{
    Authority, Configuration, Draft, Edit, InvalidConfig, KeyChange, Process, Undrafted,
};
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::{ConfigChange, Reloaded};

use crate::harness::Server;
use crate::harness::registry::World;

/// A process that finds this, and what it was asked for.
struct Finds {
    this: Weak<Self>,
    found: Result<Reloaded, InvalidConfig>,
    /// What becomes of drafts; as found, where nothing is said.
    fails: Option<InvalidConfig>,
    asked: Mutex<Vec<String>>,
}

impl Finds {
    fn new(found: Result<Reloaded, InvalidConfig>) -> Arc<Self> {
        Self::that_fails(found, None)
    }

    fn that_fails(found: Result<Reloaded, InvalidConfig>, fails: Option<InvalidConfig>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self { this: this.clone(), found, fails, asked: Mutex::default() })
    }

    fn note(&self, text: String) {
        self.asked.lock().expect("a lock").push(text);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("a lock"))
    }
}

#[async_trait]
impl Configuration for Finds {
    async fn effective(&self) -> Vec<EffectiveValue> {
        let value = |key: &str, value: &str| EffectiveValue {
            key: key.to_owned(),
            value: value.to_owned(),
            origin: "default".to_owned(),
            acts: true,
            takes: "now".to_owned(),
        };
        vec![value("mqtt.max_packet_size", "1MB"), value("auth.password.alice", "(hidden)")]
    }

    async fn draft(&self, edit: Edit, authority: Authority) -> Result<Box<dyn Draft>, Undrafted> {
        let keys = match &edit {
            Edit::Keys(changes) => changes.iter().map(|change| change.key.clone()).collect(),
            Edit::Reload | Edit::File(_) | Edit::Rollback(_) => Vec::new(),
        };
        let guarded: Vec<String> = keys.into_iter().filter(|key| key.starts_with("http_server.")).collect();
        if authority == Authority::Limits && !guarded.is_empty() {
            return Err(Undrafted::Guarded(guarded));
        }
        self.found.clone()?;
        Ok(Box::new(Drafted { finds: self.this.upgrade().expect("it is there"), edit }))
    }

    async fn text(&self) -> Result<String, InvalidConfig> {
        Ok("mqtt {}\n".to_owned())
    }
}

/// A draft that only takes down that it was gone on with.
struct Drafted {
    finds: Arc<Finds>,
    edit: Edit,
}

#[async_trait]
impl Draft for Drafted {
    fn changes(&self) -> Vec<ConfigChange> {
        self.finds.found.as_ref().map(|found| found.changes.clone()).unwrap_or_default()
    }

    fn effective(&self) -> Vec<EffectiveValue> {
        Vec::new()
    }

    async fn commit(self: Box<Self>) -> Result<Reloaded, InvalidConfig> {
        let Self { finds, edit } = *self;
        match edit {
            Edit::Reload => finds.note("reload".to_owned()),
            Edit::Keys(changes) => {
                changes.iter().for_each(|KeyChange { key, value }| finds.note(format!("{key} = {value:?}")));
            }
            Edit::File(text) => finds.note(text),
            Edit::Rollback(kept) => finds.note(format!("{kept:?}")),
        }
        finds.fails.clone().map_or_else(|| finds.found.clone(), Err)
    }
}

#[async_trait]
impl Process for Finds {
    fn stop(&self) {
        self.note("stop".to_owned());
    }

    async fn restart(&self) -> Result<(), InvalidConfig> {
        self.note("restart".to_owned());
        self.found.clone().map(drop)
    }
}

fn server(world: &World, finds: &Arc<Finds>) -> Server {
    let (configuration, process) = (finds.clone(), finds.clone());
    world.management_that(|management| management.with_configuration(configuration).with_process(process))
}

fn mistaken() -> InvalidConfig {
    let mistakes = vec![
        ("/etc/x.conf:3:5".to_owned(), "no such key".to_owned()),
        ("/etc/x.conf:9:1".to_owned(), "no such file".to_owned()),
    ];
    InvalidConfig { mistakes }
}

fn audited(server: &Server, action: &str) -> Vec<String> {
    let audit = server.call("GET", "/v1/audit", &json!(null)).json();
    let entries = audit["items"].as_array().expect("a list").clone();
    let of_action = entries.iter().filter(|entry| entry["action"] == action);
    of_action.map(ToString::to_string).collect()
}

#[test]
fn what_has_changed_is_told_and_taken_down() {
    let world = World::new();
    let change = ConfigChange {
        key: "mqtt.max_packet_size".to_owned(),
        from: Some("1MB".to_owned()),
        to: Some("2MB".to_owned()),
        takes: "now".to_owned(),
    };
    let found = Reloaded { changes: vec![change], sessions_closed: 2, ..Reloaded::default() };
    let server = server(&world, &Finds::new(Ok(found)));
    let answer = server.call("POST", "/v1/config:reload", &json!({}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["changes"][0]["to"], "2MB");
    assert_eq!(answer.json()["sessions_closed"], 2);
    assert_eq!(audited(&server, "config.reload").len(), 1);
}

#[test]
fn mistakes_are_told_one_by_one_and_nothing_has_changed() {
    let world = World::new();
    let server = server(&world, &Finds::new(Err(mistaken())));
    for (method, path, body) in [
        ("POST", "/v1/config:reload", json!({})),
        ("PATCH", "/v1/config", json!({"mqtt.x": 1})),
        ("POST", "/v1/config:rollback", json!({})),
        ("POST", "/v1/broker:restart", json!({})),
    ] {
        let answer = server.call(method, path, &body);
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("config_invalid")), "{path}");
        let told = answer.json()["errors"].clone();
        assert_eq!(told[1]["pointer"], "/etc/x.conf:9:1");
        assert_eq!(told[1]["detail"], "no such file");
    }
    assert!(audited(&server, "config.change").is_empty(), "what has not happened is not taken down");
}

#[test]
fn keys_are_changed_and_the_audit_log_has_no_value() {
    let world = World::new();
    let finds = Finds::new(Ok(Reloaded::default()));
    let server = server(&world, &finds);
    let body = json!({"auth.password.alice": "canary-of-alice", "mqtt.max_packet_size": 2_000_000,
        "auth.allow_anonymous": false, "auth.order": ["file"], "mqtt.max_keep_alive": null});
    assert_eq!(server.call("PATCH", "/v1/config", &body).status, 200);
    let asked = finds.asked();
    for wanted in [
        "auth.password.alice = Some(\"canary-of-alice\")",
        "mqtt.max_packet_size = Some(\"2000000\")",
        "auth.allow_anonymous = Some(\"false\")",
        "auth.order = Some(\"[\\\"file\\\"]\")",
        "mqtt.max_keep_alive = None",
    ] {
        assert!(asked.iter().any(|asked| asked == wanted), "{wanted} is not in {asked:?}");
    }
    let audited = audited(&server, "config.change").concat();
    assert!(audited.contains("auth.password.alice") && !audited.contains("canary"), "{audited}");
    assert_eq!(server.call("PATCH", "/v1/config", &json!({})).status, 422);
}

#[test]
fn values_are_listed_and_found_by_what_their_keys_begin_with() {
    let world = World::new();
    let server = server(&world, &Finds::new(Ok(Reloaded::default())));
    let of = |path: &str| server.call("GET", path, &json!(null));
    assert_eq!(of("/v1/config").json()["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(of("/v1/config?prefix=mqtt").json()["items"][0]["value"], "1MB");
    assert_eq!(of("/v1/config/auth.password").json()["items"][0]["value"], "(hidden)");
    assert_eq!(of("/v1/config/mqtt.nothing").status, 404);
    assert_eq!(of("/v1/config/file").status, 200);
}

#[test]
fn what_was_changed_last_is_put_back_by_its_name() {
    let world = World::new();
    let finds = Finds::new(Ok(Reloaded::default()));
    let server = server(&world, &finds);
    for body in [json!({}), json!({"what": "overrides"}), json!({"what": "file"})] {
        assert_eq!(server.call("POST", "/v1/config:rollback", &body).status, 200);
    }
    assert_eq!(finds.asked(), ["Overrides", "Overrides", "File"]);
    assert_eq!(server.call("POST", "/v1/config:rollback", &json!({"what": "all"})).status, 422);
    assert!(finds.asked().is_empty());
}

#[test]
fn the_process_ends_and_begins_again_and_that_is_taken_down() {
    let world = World::new();
    let finds = Finds::new(Ok(Reloaded::default()));
    let server = server(&world, &finds);
    assert_eq!(server.call("POST", "/v1/broker:restart", &json!({})).status, 202);
    assert_eq!(server.call("POST", "/v1/broker:stop", &json!({})).status, 202);
    assert_eq!(finds.asked(), ["restart", "stop"]);
    assert_eq!(audited(&server, "broker.stop").len(), 1);
}

#[test]
fn each_needs_the_scope_that_it_is_for() {
    let world = World::new();
    let server = server(&world, &Finds::new(Ok(Reloaded::default())));
    let key = |scopes: &[&str]| {
        let body = json!({"name": scopes.concat().replace(':', "-"), "scopes": scopes});
        let made = server.call("POST", "/v1/api-keys", &body).json();
        made["secret"].as_str().expect("a secret").to_owned()
    };
    let (reader, writer, controller) =
        (key(&["config:read"]), key(&["config:write"]), key(&["broker:control"]));
    let of = |key: &str, method: &str, path: &str, body| server.call_as(key, method, path, &body, "").status;
    assert_eq!(of(&reader, "GET", "/v1/config", json!(null)), 200);
    assert_eq!(of(&writer, "GET", "/v1/config/file", json!(null)), 403);
    assert_eq!(of(&reader, "PATCH", "/v1/config", json!({"mqtt.x": 1})), 403);
    assert_eq!(of(&reader, "POST", "/v1/config:reload", json!({})), 403);
    assert_eq!(of(&writer, "PATCH", "/v1/config", json!({"mqtt.x": 1})), 200);
    assert_eq!(of(&writer, "POST", "/v1/broker:stop", json!({})), 403);
    assert_eq!(of(&controller, "POST", "/v1/broker:stop", json!({})), 202);
    assert_eq!(of(&controller, "POST", "/v1/config:reload", json!({})), 403);
}

#[test]
fn what_says_who_may_come_in_is_for_administrators_and_named() {
    let world = World::new();
    let finds = Finds::new(Ok(Reloaded::default()));
    let server = server(&world, &finds);
    let made = server.call("POST", "/v1/api-keys", &json!({"name": "limits", "scopes": ["config:write"]}));
    let key = made.json()["secret"].as_str().expect("a secret").to_owned();
    let body = json!({"mqtt.max_packet_size": 7, "http_server.auth_type": "no_auth"});
    let refused = server.call_as(&key, "PATCH", "/v1/config", &body, "");
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("forbidden")), "{refused:?}");
    assert_eq!(refused.json()["errors"][0]["pointer"], "http_server.auth_type");
    let body = json!({"data": {"http_server": {"auth_type": "no_auth"}}});
    assert_eq!(server.call_as(&key, "POST", "/api/v4/configuration", &body, "").status, 403);
    assert!(finds.asked().is_empty() && audited(&server, "config.change").is_empty());
    assert_eq!(server.call("PATCH", "/v1/config", &json!({"http_server.auth_type": "jwt"})).status, 200);
}

#[test]
fn what_is_taken_down_and_fails_is_taken_down_as_failed() {
    let world = World::new();
    let finds = Finds::that_fails(Ok(Reloaded::default()), Some(mistaken()));
    let server = server(&world, &finds);
    for (method, path, action) in [
        ("PATCH", "/v1/config", "config.change"),
        ("POST", "/v1/config:reload", "config.reload"),
        ("POST", "/v1/config:rollback", "config.rollback"),
    ] {
        let body = if method == "PATCH" { json!({"mqtt.x": 1}) } else { json!({}) };
        assert_eq!(server.call(method, path, &body).status, 422, "{path}");
        let audited = audited(&server, action);
        assert_eq!(audited.len(), 2, "{audited:?}");
        assert_eq!(audited.iter().filter(|entry| entry.contains("it failed")).count(), 1, "{audited:?}");
    }
}

#[test]
fn a_process_without_configuration_says_so() {
    let world = World::new();
    let server = world.management();
    assert_eq!(server.call("POST", "/v1/config:reload", &json!({})).status, 409);
    assert_eq!(server.call("POST", "/v1/broker:stop", &json!({})).status, 409);
}
