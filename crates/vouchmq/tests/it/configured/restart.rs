//! `vouchmq broker restart` and `stop`: the process begins again as the same process, or ends.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{Configured, FILE};

/// A port that nobody had a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Ports that are the same after a restart.
fn started(more: &str) -> Configured {
    let text =
        format!("listeners.tcp.bind = \"127.0.0.1:{}\"\nauth.allow_anonymous = true\n{more}", free_port());
    let api = format!("127.0.0.1:{}", free_port());
    Configured::start_at(&api, TempDir::new().unwrap(), &text, &[])
}

fn process_of(data: &Path) -> String {
    fs::read_to_string(data.join("lock")).unwrap()
}

#[test]
fn a_restart_is_the_same_process_on_the_same_ports() {
    let mut broker = started("");
    let before = process_of(&broker.path("data"));
    for _ in 0..2 {
        let mut subscriber = broker.subscribe(&["-V", "5", "-C", "1"]);
        let ran = broker.operate(&["broker", "restart"]).code(0);
        assert!(ran.stdout.contains("begins again"), "{ran:?}");
        broker.process.wait_for("draining");
        broker.process.wait_for(" for management");
        subscriber.wait_for("shutting down (0x8B)");
        assert_eq!(process_of(&broker.path("data")), before);
        // It connects again by itself.
        subscriber.wait_for("received SUBACK");
        broker.publish(&["-V", "5"]).code(0);
        assert_eq!(subscriber.finish().code(0).stdout, "x\n");
    }
    let audit = broker.operator().get("/v1/audit").to_string();
    assert_eq!(audit.matches("broker.restart").count(), 2, "{audit}");
}

#[test]
fn a_configuration_with_a_mistake_is_not_restarted_into() {
    let broker = started("");
    broker.write(FILE, "mqtt.max_packet_size = huge\n");
    let ran = broker.operate(&["broker", "restart"]).code(1);
    assert!(ran.stderr.contains("max_packet_size"), "{ran:#?}");
    broker.publish(&[]).code(0);
}

#[test]
fn a_stop_is_answered_lets_clients_go_and_ends_well() {
    let broker = started("");
    let mut subscriber = broker.subscribe(&["-V", "5"]);
    broker.operator().post("/v1/broker:stop", &json!({}));
    subscriber.wait_for("shutting down (0x8B)");
    assert_eq!(broker.process.finish().code(0).code, 0);
}
