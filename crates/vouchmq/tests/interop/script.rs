//! Foreign clients whose scenarios are written in their own language.

use std::process::Command;

use crate::process::Running;
use crate::server::Server;
use crate::tool::tool;

/// What every client does, as far as it can.
const SCENARIOS: &[&str] = &["qos", "retained", "will", "resume", "shared", "large", "topics"];
/// What clients of MQTT 5.0 do besides.
const SCENARIOS_OF_5: &[&str] = &["properties"];

/// A module for each client, and in it a test for each version that it speaks.
macro_rules! clients {
    ($($(#[$doc:meta])+ $client:ident: $script:literal by $interpreter:ident {
        $($test:ident $version:literal),+
    })+) => {
        $($(#[$doc])+
        mod $client {
            $(#[test]
            fn $test() {
                crate::script::run_all(crate::script::$interpreter, $script, $version);
            })+
        })+
    };
}

pub(crate) use clients;

/// Runs `interpreter script PORT VERSION SCENARIO` against a fresh broker for each scenario.
#[track_caller]
pub(crate) fn run_all(interpreter: fn() -> Command, script: &str, version: &str) {
    let of_version = if version == "5" { SCENARIOS_OF_5 } else { &[] };
    for scenario in SCENARIOS.iter().chain(of_version) {
        let server = Server::start(&[]);
        let file = format!("{}/tests/interop/{script}", env!("CARGO_MANIFEST_DIR"));
        let ran = Running::spawn(interpreter().args([&*file, &server.port, version, scenario]), b"").finish();
        assert_eq!(ran.code, 0, "{script} {version} {scenario}: {ran:#?}");
        assert_eq!(ran.stdout.trim(), "ok", "{script} {version} {scenario}: {ran:#?}");
    }
}

pub(crate) fn python() -> Command {
    Command::new(tool("VOUCHMQ_INTEROP_PYTHON"))
}

pub(crate) fn node() -> Command {
    let mut node = Command::new(tool("VOUCHMQ_INTEROP_NODE"));
    node.env("NODE_PATH", tool("VOUCHMQ_INTEROP_NODE_MODULES"));
    node
}
