//! Clients that are libraries of other languages, over each transport that they know.

use std::process::Command;

use super::{PASSWORD, Secure, USER};
use crate::process::{Ran, Running};
use crate::script::{node, python};

/// Runs `interpreter script URL VERSION CAFILE USER PASSWORD`.
fn speak(broker: &Secure, mut interpreter: Command, script: &str, rest: [&str; 3]) -> Ran {
    let path = format!("{}/tests/interop/{script}", env!("CARGO_MANIFEST_DIR"));
    let [url, version, authority] = rest;
    let arguments = [&*path, url, version, &broker.file(authority), USER, PASSWORD];
    Running::spawn(interpreter.args(arguments), b"").finish()
}

/// Messages of each QoS and a large one go over these listeners, in each version.
#[track_caller]
fn expect_messages(interpreter: fn() -> Command, script: &str, schemes: &[&str]) {
    let broker = Secure::start();
    for scheme in schemes {
        for version in ["31", "311", "5"] {
            let ran = speak(&broker, interpreter(), script, [broker.url(scheme), version, "ca.crt"]);
            assert_eq!((ran.code, ran.stdout.trim()), (0, "ok"), "{scheme} {version}: {ran:#?}");
        }
    }
}

/// Whoever trusts somebody else does not speak with this server.
#[track_caller]
fn expect_distrust(interpreter: fn() -> Command, script: &str, schemes: &[&str]) {
    let broker = Secure::start();
    for scheme in schemes {
        // A certificate that has not signed the server's.
        let ran = speak(&broker, interpreter(), script, [broker.url(scheme), "5", "elsewhere.crt"]);
        assert_ne!(ran.code, 0, "{scheme}: {ran:#?}");
        assert!(ran.stderr.to_lowercase().contains("certificate"), "{scheme}: {ran:#?}");
    }
}

#[test]
fn paho_speaks_over_tls_websocket_and_both() {
    expect_messages(python, "paho_secure.py", &["mqtts", "ws", "wss"]);
}

#[test]
fn paho_refuses_a_server_of_another_authority() {
    expect_distrust(python, "paho_secure.py", &["mqtts", "wss"]);
}

#[test]
fn mqttjs_speaks_over_tls_websocket_and_both() {
    expect_messages(node, "mqttjs_secure.js", &["mqtts", "ws", "wss"]);
}

#[test]
fn mqttjs_refuses_a_server_of_another_authority() {
    expect_distrust(node, "mqttjs_secure.js", &["mqtts", "wss"]);
}
