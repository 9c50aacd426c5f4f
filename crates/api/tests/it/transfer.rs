mod certificates;
mod export;
mod formats;
mod hostile;
mod import;
mod whole;

use std::sync::Arc;

use serde_json::{Value, json};
use vouchmq_api::authentication_service::{AuthenticationService, AuthenticationServiceOptions};

use crate::harness::registry::{TOKEN, World, text};
use crate::harness::{Answer, Server};

impl Server {
    /// Imports a text.
    fn import(&self, query: &str, body: &str) -> Answer {
        self.import_as(TOKEN, query, body)
    }

    fn import_as(&self, bearer: &str, query: &str, body: &str) -> Answer {
        let len = body.len();
        let head = format!(
            "POST /v1/imports?{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n"
        );
        self.ask(&format!("{head}Content-Length: {len}\r\n\r\n{body}"))
    }

    /// What an export says.
    fn export(&self, query: &str) -> String {
        let mut connection = self.connect();
        let head = format!(
            "GET /v1/exports{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        );
        connection.send(head.as_bytes());
        let answer = connection.receive_head();
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
        let mut text = String::new();
        while let Some(chunk) = connection.chunk() {
            text.push_str(&chunk);
        }
        text
    }

    /// A product whose devices may have passwords.
    fn open_product(&self, key: &str) -> String {
        let wish = json!({"key": key, "name": key, "allowed_kinds": ["secret", "password", "scram"]});
        text(&self.call("POST", "/v1/products", &wish).is(201), "id").to_owned()
    }
}

/// created, updated, skipped, failed.
fn counts(report: &Value) -> [u64; 4] {
    let counts = ["created", "updated", "skipped", "failed"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(report["total"].as_u64(), Some(counts.iter().sum()), "{report}");
    counts
}

/// Row and code of each row that is told.
fn told(report: &Value) -> Vec<(u64, String)> {
    let rows = report["rows"].as_array().unwrap();
    rows.iter().map(|row| (row["row"].as_u64().unwrap(), text(row, "code").to_owned())).collect()
}

/// What somebody is answered who logs in.
fn login(world: &World, name: &str, password: &str) -> String {
    world.follow();
    let options =
        AuthenticationServiceOptions { trust_loopback: true, ..AuthenticationServiceOptions::default() };
    let service = AuthenticationService::try_new(
        &options,
        world.resident.clone(),
        world.registry.clone(),
        Arc::new(vouchmq_broker::SystemClock),
    );
    let server = Server::start(service.unwrap().build().router);
    let wish = json!({"clientid": name, "username": name, "password": password});
    let answer = server.send("POST", "/v1/auth/verify", &wish, "").is(200);
    text(&answer, "decision").to_owned()
}
