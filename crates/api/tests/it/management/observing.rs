//! `GET /metrics`, `/v1/log`, `GET /v1/trace`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use vouchmq_api::management::{Level, Levels, Logging};
use vouchmq_client::dto::log::LogStatus;

use crate::harness::registry::{TOKEN, World};

/// A log that remembers what was asked of it.
#[derive(Default)]
struct Notes(Mutex<Vec<Levels>>);

impl Logging for Notes {
    fn levels(&self) -> LogStatus {
        let level = self.0.lock().unwrap().last().and_then(|asked| asked.level);
        LogStatus {
            level: level.unwrap_or(Level::Info).to_string(),
            configured_level: "info".to_owned(),
            ..LogStatus::default()
        }
    }

    fn set_levels(&self, levels: Levels) {
        self.0.lock().unwrap().push(levels);
    }
}

#[test]
fn prometheus_gets_the_form_that_it_names() {
    let server = World::new().management();
    server.get("/v1/stats").is(200);
    assert_eq!(server.get("/v1/devices/01934f00-0000-7000-8000-000000000000").status, 404);
    let text = server.get("/metrics");
    assert_eq!(text.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let route = "vouchmq_http_requests_total{listener=\"management\",method=\"GET\",route=\"/v1/devices/{id}\",status=\"4xx\"} 1\n";
    assert!(text.body.contains(route), "{}", text.body);
    assert!(text.body.contains("vouchmq_registry_applied_seq "), "{}", text.body);
    assert!(!text.body.contains("01934f00"), "{}", text.body);
    let accept = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let open = server.call_as(TOKEN, "GET", "/metrics", &Value::Null, accept);
    assert_eq!(
        open.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(open.body.ends_with("# EOF\n"), "{}", open.body);
}

#[test]
fn levels_are_asked_for_by_name_and_for_a_time_and_taken_down() {
    let (world, notes) = (World::new(), Arc::new(Notes::default()));
    let server = world.management_that(|management| management.with_logging(notes.clone()));
    let wish = json!({"level": "debug", "targets": {"vouchmq_broker": "trace"}, "for": "10m"});
    assert_eq!(server.call("PUT", "/v1/log", &wish).is(200)["level"], "debug");
    let asked = Levels {
        level: Some(Level::Debug),
        targets: [("vouchmq_broker".into(), Level::Trace)].into(),
        lifetime: Some(Duration::from_mins(10)),
    };
    assert_eq!(*notes.0.lock().unwrap(), [asked]);
    for wrong in [
        json!({"level": "loud"}),
        json!({"levels": "debug"}),
        json!({"targets": {"a b": "debug"}}),
        json!({"targets": {"a": "loud"}}),
        json!({"level": "debug", "for": "0s"}),
        json!({"level": "debug", "for": "8d"}),
    ] {
        assert_eq!(server.call("PUT", "/v1/log", &wrong).status, 422, "{wrong}");
    }
    assert_eq!(notes.0.lock().unwrap().len(), 1);
    let audit = server.get("/v1/audit").is(200);
    let deeds: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(deeds.iter().filter(|action| ***action == "log.level").count(), 1, "{audit}");
}

#[test]
fn a_trace_is_about_one_client_and_needs_a_broker() {
    let server = World::new().management();
    assert_eq!(server.get("/v1/log").status, 409);
    assert_eq!(server.get("/v1/trace?clientid=a").status, 409);
}
