//! `vouchmq bench`: that it measures, not what.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use serde_json::Value;

use crate::process::{Ran, run};
use crate::server::Server;

fn bench(server: &Server, words: &str) -> Ran {
    let mut arguments = vec!["bench"];
    arguments.extend(words.split(' '));
    arguments.extend(["--port", &server.port]);
    run(&arguments)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn pubsub_delivers_in_every_version_and_qos() {
    let server = Server::start(&[]);
    for version in ["31", "311", "5"] {
        for qos in ["0", "1", "2"] {
            let words = format!(
                "pubsub --pubs 3 --topics 2 --subs 2 --qos {qos} --version {version} --window 20 --batch 4 --warm 0 \
                 --secs 0.2 --json --pid {}",
                std::process::id()
            );
            let ran = bench(&server, &words).code(0);
            let found: Value = serde_json::from_str(&ran.stdout).unwrap();
            assert!(found["msgs_per_s"].as_u64().unwrap() > 0, "{found}");
            assert!(
                found["p50_us"].as_u64() <= found["max_us"].as_u64() && found["rss_kb"].as_u64() > Some(0),
                "{found}"
            );
            assert!(
                found["undelivered"].as_u64() <= Some(3 * 2 * 20),
                "never more than the windows: {found}"
            );
        }
    }
}

#[test]
fn a_paced_run_keeps_its_rate() {
    let server = Server::start(&[]);
    let ran = bench(&server, "pubsub --pubs 4 --topics 4 --rate 400 --warm 0.2 --secs 1 --json").code(0);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let rate = found["msgs_per_s"].as_f64().unwrap();
    assert!(rate <= 440.0, "{found}");
}

#[test]
fn connections_are_counted_and_held() {
    let server = Server::start(&["--set", "connections.max_per_address=0"]);
    let ran = bench(&server, "conn --n 300 --conc 20 --hold 0.1 --subscribe 1 --json").code(0);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (found["ok"].as_u64(), found["refused"].as_u64(), found["errors"].as_u64()),
        (Some(300), Some(0), Some(0))
    );
}

/// A script that compares generators reads these.
#[test]
fn the_keys_stay() {
    let server = Server::start(&[]);
    let ran = bench(&server, "pubsub --pubs 1 --topics 1 --warm 0 --secs 0.1 --json").code(0);
    let mut expected = [
        "mode",
        "pubs",
        "topics",
        "subs",
        "qos",
        "size",
        "batch",
        "window",
        "msgs_per_s",
        "broker_cpu_us_per_msg",
        "broker_user_us",
        "broker_cores",
        "gen_cpu_us_per_msg",
        "rss_kb",
        "p50_us",
        "p99_us",
        "p999_us",
        "max_us",
        "undelivered",
    ];
    expected.sort_unstable();
    assert_eq!(keys(&serde_json::from_str(&ran.stdout).unwrap()), expected);
    let ran = bench(&server, "conn --n 5 --hold 0 --json").code(0);
    let mut expected = [
        "mode",
        "n",
        "conc",
        "ok",
        "refused",
        "errors",
        "conns_per_s",
        "broker_cpu_us_per_conn",
        "rss_before_kb",
        "rss_kb",
        "bytes_per_conn",
        "idle_cores",
        "p50_us",
        "p99_us",
        "p999_us",
        "max_us",
    ];
    expected.sort_unstable();
    assert_eq!(keys(&serde_json::from_str(&ran.stdout).unwrap()), expected);
}

#[test]
fn a_table_is_for_people() {
    let server = Server::start(&[]);
    let ran = bench(&server, "pubsub --pubs 1 --topics 1 --warm 0 --secs 0.1").code(0);
    assert!(
        ran.stdout.contains("messages per second") && ran.stdout.contains("latency µs, 99 %"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stderr, "", "no progress bar when nobody watches");
}

#[test]
fn a_broker_that_is_not_there_or_refuses_is_told() {
    let ran = run(&["bench", "pubsub", "--port", "1"]).code(1);
    assert!(ran.complaint().starts_with("cannot load 127.0.0.1:1: Connection refused"), "{ran:?}");
    let folder = tempfile::TempDir::new().unwrap();
    let users = folder.path().join("users");
    run(&["passwd", "-c", users.to_str().unwrap(), "a", "-b", "b"]).code(0);
    let server = Server::start_with(&["--user-file", users.to_str().unwrap()]);
    let ran = bench(&server, "pubsub --warm 0 --secs 0.1").code(1);
    assert!(ran.complaint().contains("the connection was refused: not authorized (0x87)"), "{ran:?}");
    let ran = bench(&server, "conn --n 3 --hold 0 --json").code(1);
    assert!(ran.stdout.contains("\"ok\":0,\"refused\":3"), "{ran:?}");
}
