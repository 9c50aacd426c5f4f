//! Schemathesis: requests that nobody would write, made from the OpenAPI document, right ones and wrong ones.
//!
//! Whatever is sent, the answer is never a failure of the server, and always a status and a type of content that the
//! document tells of.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::process::Command;

use crate::fleet::{House, TOKEN};
use crate::tool::tool;

/// The whole API in parts, each of which is asked for so long. What ends the process, or goes on for ever, is left
/// out: other tests have it.
const SECONDS: &str = "40";
const LEFT_OUT: &str = "ctrl|broker:(stop|restart)|/v1/(changes|trace)$";

#[test]
fn nothing_that_is_sent_to_the_api_of_nanomq_is_a_failure_of_the_server() {
    run("^/api/v4");
}

#[test]
fn nothing_that_is_sent_about_devices_is_a_failure_of_the_server() {
    run("^/v1/(products|devices|credentials|claim|registrations|certificate|blocks|imports|exports)");
}

#[test]
fn nothing_else_that_is_sent_is_a_failure_of_the_server() {
    run(
        "^(?!/api/v4|/v1/(products|devices|credentials|claim|registrations|certificate|blocks|imports|exports))",
    );
}

#[track_caller]
fn run(paths: &str) {
    let house = House::new();
    let fleet = house.start(&[]);
    let document = format!("{}/openapi.json", fleet.management);
    let token = format!("Authorization: Bearer {TOKEN}");
    let ran = Command::new(tool("VOUCHMQ_INTEROP_SCHEMATHESIS"))
        .args(["run", &document, "--header", &token, "--max-time", SECONDS, "--max-examples", "40"])
        .args(["--include-path-regex", paths, "--exclude-path-regex", LEFT_OUT])
        .args(["--phases", "examples,coverage,fuzzing", "--request-timeout", "10", "--no-color"])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none"])
        .current_dir(house.data())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains(" generated, "), "nothing was sent: {said}");
    fleet.operator.get("/v1/about");
}
