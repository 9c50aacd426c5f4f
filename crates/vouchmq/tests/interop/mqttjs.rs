//! MQTT.js.

use std::process::Command;

use crate::script::{SCENARIOS, run_all};
use crate::tool::tool;

fn run(version: &str, scenarios: &[&str]) {
    let mut node = || {
        let mut node = Command::new(tool("VOUCHMQ_INTEROP_NODE"));
        node.env("NODE_PATH", tool("VOUCHMQ_INTEROP_NODE_MODULES"));
        node
    };
    run_all(&mut node, "mqttjs_client.js", version, scenarios);
}

#[test]
fn mqtt_3_1() {
    run("31", SCENARIOS);
}

#[test]
fn mqtt_3_1_1() {
    run("311", SCENARIOS);
}

#[test]
fn mqtt_5() {
    run("5", SCENARIOS);
    run("5", &["properties"]);
}
