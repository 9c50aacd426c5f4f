//! Python's paho-mqtt.

use std::process::Command;

use crate::script::{SCENARIOS, run_all};
use crate::tool::tool;

fn run(version: &str, scenarios: &[&str]) {
    run_all(&mut || Command::new(tool("VOUCHMQ_INTEROP_PYTHON")), "paho_client.py", version, scenarios);
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
