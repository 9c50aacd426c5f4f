//! `POST /v1/config:reload`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use vouchmq_api::management::{InvalidConfig, Reload};
use vouchmq_client::dto::reload::{ConfigChange, Reloaded};

use crate::harness::registry::World;

/// A process that finds this.
struct Finds(Result<Reloaded, InvalidConfig>);

#[async_trait]
impl Reload for Finds {
    async fn reload(&self) -> Result<Reloaded, InvalidConfig> {
        self.0.clone()
    }
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
    let server = world.management_that(|management| management.with_reload(Arc::new(Finds(Ok(found)))));
    let answer = server.call("POST", "/v1/config:reload", &json!({}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["changes"][0]["to"], "2MB");
    assert_eq!(answer.json()["sessions_closed"], 2);
    let audit = server.call("GET", "/v1/audit", &json!(null)).json();
    let entries = audit["items"].as_array().expect("a list").clone();
    assert!(entries.iter().any(|entry| entry["action"] == "config.reload" && entry["actor"] == "admin"));
}

#[test]
fn mistakes_are_told_one_by_one_and_nothing_has_changed() {
    let world = World::new();
    let mistakes = vec![
        ("/etc/x.conf:3:5".to_owned(), "no such key".to_owned()),
        ("/etc/x.conf:9:1".to_owned(), "no such file".to_owned()),
    ];
    let found = Err(InvalidConfig { mistakes });
    let server = world.management_that(|management| management.with_reload(Arc::new(Finds(found))));
    let answer = server.call("POST", "/v1/config:reload", &json!({}));
    assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("config_invalid")));
    let told = answer.json()["errors"].clone();
    assert_eq!(told[1]["pointer"], "/etc/x.conf:9:1");
    assert_eq!(told[1]["detail"], "no such file");
}

#[test]
fn only_an_administrator_has_the_configuration_read_again() {
    let world = World::new();
    let server = world.management();
    let body = json!({"name": "reader", "scopes": ["devices:read", "stats:read"]});
    let key =
        server.call("POST", "/v1/api-keys", &body).json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(server.call_as(&key, "POST", "/v1/config:reload", &json!({}), "").status, 403);
    // Nobody has given this one a configuration.
    assert_eq!(server.call("POST", "/v1/config:reload", &json!({})).status, 409);
}
