//! `vouchmq bench`: that it measures, not what.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::process::{Ran, Running, run};
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

#[test]
fn connections_subscribe_at_qos_0_or_not_at_all() {
    let server = Server::start(&["--set", "mqtt.max_topic_levels=3"]);
    bench(&server, "conn --n 3 --hold 0 --json").code(0);
    let ran = bench(&server, "conn --n 3 --hold 0 --subscribe 0 --json").code(1);
    assert!(ran.stderr.contains("the subscription was refused"), "its topics have four levels: {ran:?}");
}

#[test]
fn a_broker_that_is_not_named_is_not_measured() {
    let server = Server::start(&[]);
    let runs = ["pubsub --pubs 1 --topics 1 --warm 0 --secs 0.1 --size 12", "conn --n 5 --hold 0.1"];
    for words in runs {
        let table = bench(&server, words).code(0).stdout;
        assert!(table.contains("µs") && !table.contains("broker: "), "{table}");
        let json = bench(&server, &format!("{words} --json")).code(0).stdout;
        let found: Value = serde_json::from_str(&json).unwrap();
        let of_broker = |key: &&str| key.starts_with("broker_") || key.starts_with("rss_");
        let keys = keys(&found);
        assert!(keys.iter().filter(|key| of_broker(key)).count() >= 3, "{found}");
        assert!(keys.iter().filter(|key| of_broker(key)).all(|key| found[key].is_null()), "{found}");
        let measured = bench(&server, &format!("{words} --pid {}", std::process::id())).code(0).stdout;
        assert!(measured.contains("broker: CPU µs") && measured.contains("KiB"), "{measured}");
    }
}

#[test]
fn threads_share_the_connections_and_hold_them() {
    let server = Server::start(&["--set", "connections.max_per_address=0"]);
    let words = "conn --n 101 --conc 8 --threads 3 --rate 2000 --hold 0.1 --json";
    let found: Value = serde_json::from_str(&bench(&server, words).code(0).stdout).unwrap();
    assert_eq!((&found["ok"], &found["errors"]), (&101.into(), &0.into()), "{found}");
}

#[test]
fn clients_come_again_by_number_or_from_a_file_and_refusals_are_told_apart() {
    let folder = tempfile::TempDir::new().unwrap();
    let users = folder.path().join("users");
    for (user, create) in [("u-0", Some("-c")), ("u-1", None)] {
        let words = [Some("passwd"), create, users.to_str(), Some(user), Some("-b"), Some("right")];
        run(&words.into_iter().flatten().collect::<Vec<_>>()).code(0);
    }
    let server = Server::start_with(&["--user-file", users.to_str().unwrap()]);
    let found = |words: &str| -> Value {
        serde_json::from_str(&bench(&server, &format!("conn --hold 0 --json {words}")).code(0).stdout)
            .unwrap()
    };
    let numbered = found("--n 6 --same-user 3 --id c%i --user u-%i --pass right --version 5");
    assert_eq!((&numbered["ok"], &numbered["refusals"]["0x86"]), (&4.into(), &2.into()), "{numbered}");
    let clients = folder.path().join("clients");
    std::fs::write(&clients, "c\tu-0\tright\nd\tu-1\twrong\n").unwrap();
    let listed = found(&format!("--n 4 --who {}", clients.to_str().unwrap()));
    assert_eq!((&listed["ok"], &listed["refused"]), (&2.into(), &2.into()), "{listed}");
    let refused = found("--n 2 --user u-0 --pass wrong --expect-refusal");
    assert_eq!((&refused["ok"], &refused["refused"]), (&0.into(), &2.into()), "{refused}");
}

/// A process that is no broker, but can be measured like one, and ended at will.
fn victim() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

#[track_caller]
fn ended(mut victim: Child, then: impl FnOnce() -> Ran) {
    victim.kill().unwrap();
    victim.wait().unwrap();
    let ran = then().code(1);
    let pid = victim.id();
    let told =
        format!("--pid: what process {pid} uses cannot be read: No such file or directory (os error 2)");
    assert_eq!(ran.complaint(), told);
    assert!(ran.stdout.contains("\"rss_kb\":null"), "{ran:?}");
}

#[test]
fn a_process_that_ends_while_messages_are_counted_is_told() {
    let server = Server::start(&[]);
    let watcher = server.subscribe(&["-t", "+/t0/d", "-C", "1"]);
    let victim = victim();
    let words = "bench pubsub --pubs 1 --topics 1 --warm 0 --secs 1 --json";
    let words = format!("{words} --port {} --pid {}", server.port, victim.id());
    let measuring = Running::start(&words.split(' ').collect::<Vec<_>>());
    watcher.finish().code(0);
    ended(victim, || measuring.finish());
}

#[test]
fn a_process_that_ends_while_connections_are_counted_is_told() {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = broker.local_addr().unwrap().port();
    let victim = victim();
    let words = format!("bench conn --n 1 --hold 0 --json --port {port} --pid {}", victim.id());
    let measuring = Running::start(&words.split(' ').collect::<Vec<_>>());
    let (mut stream, _) = broker.accept().unwrap();
    ended(victim, || {
        stream.write_all(b"\x20\x02\0\0").unwrap();
        measuring.finish()
    });
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
        "resumed",
        "refused",
        "refusals",
        "errors",
        "conns_per_s",
        "answers_per_s",
        "broker_cpu_us_per_conn",
        "gen_cpu_us_per_conn",
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
    assert!(ran.stdout.contains("\"ok\":0,\"resumed\":0,\"refused\":3"), "{ran:?}");
}
