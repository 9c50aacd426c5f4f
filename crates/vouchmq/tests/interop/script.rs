//! Scenarios that are written in the language of a foreign client.

use std::process::Command;

use crate::process::Running;
use crate::server::Server;

/// What every client does, as far as it can.
pub(crate) const SCENARIOS: &[&str] = &["qos", "retained", "will", "resume", "shared", "large", "topics"];

/// Runs `interpreter script PORT VERSION SCENARIO` against a fresh broker for each scenario.
#[track_caller]
pub(crate) fn run_all(
    interpreter: &mut dyn FnMut() -> Command,
    script: &str,
    version: &str,
    scenarios: &[&str],
) {
    for scenario in scenarios {
        let server = Server::start(&[]);
        let file = format!("{}/tests/interop/{script}", env!("CARGO_MANIFEST_DIR"));
        let ran = Running::spawn(interpreter().args([&*file, &server.port, version, scenario]), b"").finish();
        assert_eq!(ran.code, 0, "{script} {version} {scenario}: {ran:#?}");
        assert_eq!(ran.stdout.trim(), "ok", "{script} {version} {scenario}: {ran:#?}");
    }
}
