use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use super::api::Observed;

#[test]
fn a_level_counts_at_once_and_falls_back_by_itself() {
    let mut observed = Observed::start(&[]);
    assert_eq!(observed.api.json("GET", "/v1/log", "")["level"], "info");
    let told = observed.api.json("PUT", "/v1/log", r#"{"level":"debug","for":"1s"}"#);
    assert_eq!((&told["level"], &told["configured_level"]), (&Value::from("debug"), &Value::from("info")));
    observed.api.get("/healthz");
    // Said at the level debug.
    observed.server.wait_for("answered");
    observed.server.wait_for("what is logged is as the configuration says again");
    assert_eq!(observed.api.json("GET", "/v1/log", "")["level"], "info");
    let told = observed.api.json("PUT", "/v1/log", r#"{"targets":{"vouchmq_broker":"off"}}"#);
    assert_eq!(told["targets"]["vouchmq_broker"], "off");
    observed.server.publish(&["-t", "t", "-m", "x", "-i", "unseen"]);
    let told = observed.api.json("PUT", "/v1/log", "{}");
    assert!(told["targets"].as_object().is_some_and(serde_json::Map::is_empty));
    observed.server.publish(&["-t", "t", "-m", "x", "-i", "seen"]);
    let line = observed.server.wait_for("client_id=").to_owned();
    assert!(line.contains("client_id=seen"), "{line}");
    assert_eq!(observed.api.get("/v1/audit?limit=200").matches("log.level").count(), 3);
}

#[test]
fn files_are_rotated_under_load_and_each_line_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logs/broker.log");
    let set = [
        format!("log.dir={}", folder.path().join("logs").display()),
        "log.file=broker.log".to_owned(),
        "log.to=[file, console]".to_owned(),
        "log.rotation.size=4KB".to_owned(),
        "log.rotation.count=3".to_owned(),
    ];
    let mut flags = vec!["--log-format", "json", "--log-level", "debug"];
    set.iter().for_each(|set| flags.extend(["--set", set]));
    let mut observed = Observed::start(&flags);
    let hostile = "x\" level=ERROR \u{1b}[2J{\"a\":1}\\";
    for _ in 0..8 {
        observed.server.publish(&["-t", "t", "-m", "x", "-i", hostile]);
    }
    for _ in 0..60 {
        observed.api.get("/healthz");
    }
    observed.server.wait_for("answered");
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path().join("logs")).unwrap().flatten().collect();
        names.sort_by_key(fs::DirEntry::file_name);
        names
    };
    let deadline = vouchmq_broker::Monotonic::start();
    while names().len() < 3 {
        assert!(deadline.now().since(vouchmq_mqtt::time::Timestamp::ZERO) < crate::process::DEADLINE);
        observed.api.get("/healthz");
    }
    drop(observed);
    let names = names();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        let text = fs::read_to_string(name.path()).unwrap();
        let metadata = name.metadata().unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o600);
        assert!(metadata.len() <= 4096, "{metadata:?}");
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            assert!(line["message"].is_string() && line["level"] != "ERROR");
        }
        assert!(text.ends_with('\n'));
    }
    assert!(file.exists());
}

/// The broker serves on, and its lines are not lost.
#[test]
fn a_log_that_cannot_be_written_goes_to_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let dir = format!("log.dir={}", folder.path().display());
    let flags = ["--set", &dir, "--set", "log.rotation.size=4KB", "--log-level", "debug"];
    let mut observed = Observed::start(&flags);
    assert_eq!(observed.api.status("GET", "/healthz"), 200);
    observed.api.ask("PATCH", "/v1/config", "{\"log.to\": [\"file\"]}");
    // It is never renamed or deleted, so that the log cannot be begun anew.
    let older = folder.path().join("vouchmq.log.1");
    fs::write(&older, "precious").unwrap();
    for _ in 0..200 {
        observed.api.get("/healthz");
    }
    observed.server.wait_for("the log file cannot be written");
    assert_eq!(fs::read_to_string(older).unwrap(), "precious");
}
