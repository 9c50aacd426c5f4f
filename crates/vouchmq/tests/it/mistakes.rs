//! What is refused at the start: one line, and exit code 2.

use tempfile::TempDir;

use crate::process::{run, run_in};

/// Every mistake with what it is told, for reading at a glance.
#[test]
fn every_mistake_is_told_in_one_line() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("users"), "alice:secret\n").unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let mistakes: &[&[&str]] = &[
        &[],
        &["sevre"],
        &["serve", "--config", "vouchmq.conf", "--allow-anonymous"],
        &["start", "--conf", "vouchmq.conf"],
        &["serve", "--allow-anonymous", "--listen", "example.com:1883"],
        &["serve", "--allow-anonymous", "--listen", "off", "--listen", "1883"],
        &["serve", "--listen", "off"],
        &["serve", "--api-listen", "example.com:8081"],
        &["serve", "--listen", "127.0.0.1:0", "--api-listen", "0.0.0.0:0"],
        &["serve", "--allow-anonymous", "--shards", "0"],
        &["serve", "--allow-anonymous", "--shards", "65"],
        &["serve", "--allow-anonymous", "--set", "mqtt.max_packet_size"],
        &["serve", "--allow-anonymous", "--set", "mqtt.max_packet_size=10XB"],
        &["serve", "--allow-anonymous", "--set", "mqtt.maximum_packet_size=1MB"],
        &["serve", "--allow-anonymous", "--set", "max_packet_size=1MB"],
        &["serve", "--allow-anonymous", "--data", "file"],
        &["serve", "--allow-anonymous", "--log-level", "loud"],
        &["serve", "--user-file", "missing"],
        &["serve", "--user-file", "users"],
        &["pub", "-t", "a"],
        &["pub", "-m", "x"],
        &["pub", "-t", "a/#", "-m", "x"],
        &["pub", "-t", "a", "-m", "x", "-n"],
        &["pub", "-t", "a", "-f", "missing"],
        &["pub", "-t", "a", "-m", "x", "-q", "3"],
        &["pub", "-t", "a", "-m", "x", "-V", "6"],
        &["pub", "-t", "a", "-m", "x", "-V", "311", "-D", "publish", "content-type", "text"],
        &["pub", "-t", "a", "-m", "x", "-D", "publish", "colour", "red"],
        &["pub", "-t", "a", "-m", "x", "-D", "subscribe", "user-property", "a", "b"],
        &["pub", "-t", "a", "-m", "x", "-c"],
        &["pub", "-t", "a", "-m", "x", "-L", "mqttss://localhost"],
        &["pub", "-t", "a", "-m", "x", "-P", "secret", "-V", "311"],
        &["pub", "-t", "a", "-m", "x", "--will-retain"],
        &["sub"],
        &["sub", "-t", "a/b#"],
        &["sub", "-t", "a", "-F", "%z"],
        &["sub", "-t", "a", "-C", "0"],
        &["sub", "-t", "a", "-R", "--retained-only"],
        &["sub", "-t", "a", "-T", "+x"],
        &["passwd", "missing", "alice", "-b", "secret"],
        &["passwd", "users", "alice", "-b", "secret"],
        &["passwd", "-c", "users", "alice", "-b", "secret"],
        &["passwd", "-c", "new", "al:ice", "-b", "secret"],
        &["passwd", "-c", "new", "alice", "-b", ""],
        &["help", "sevre"],
        &["version", "--foo"],
        &["pub", "-t", "a", "-n", "-k", "70000"],
        &["pub", "-t", "a", "-n", "-p", "-1"],
        &["bench", "pubsub", "--window", "0"],
        &["bench", "pubsub", "--size", "11"],
        &["bench", "pubsub", "--size", "268435456"],
        &["bench", "pubsub", "--pid", "4194305"],
        &["bench", "conn", "--pid", "0"],
        &["bench", "conn", "--pid", "4194305"],
        &["bench", "conn", "--subscribe", "3"],
        &["completions", "tcsh"],
    ];
    let mut told = String::new();
    for mistake in mistakes {
        let ran = run_in(folder.path(), mistake).code(2);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{mistake:?}: {ran:#?}");
        told.push_str(&format!("$ vouchmq {}\n{}\n", mistake.join(" "), ran.stderr));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn who_cannot_connect_says_where_and_what_to_look_at() {
    for command in ["sub", "pub"] {
        let flags: &[&str] = if command == "pub" { &["-t", "a", "-m", "x"] } else { &["-t", "a"] };
        let ran = run(&[&[command, "-h", "127.0.0.1", "-p", "1"], flags].concat()).code(1);
        assert_eq!(
            ran.complaint(),
            "cannot connect to 127.0.0.1:1: Connection refused (os error 111); is a broker running there?"
        );
        let ran = run(&[&[command, "--quiet", "-h", "127.0.0.1", "-p", "1"], flags].concat()).code(1);
        assert_eq!(ran.stderr, "");
    }
}
