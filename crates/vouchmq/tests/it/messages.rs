//! `pub` and `sub` with each other.

use crate::server::Server;

const VERSIONS: [&str; 3] = ["mqttv31", "mqttv311", "mqttv5"];

/// MQTT5-4.2-1 MQTT3-7.1.1-1
#[test]
fn messages_arrive_in_every_version_and_qos() {
    let server = Server::start(&[]);
    for version in VERSIONS {
        for qos in ["0", "1", "2"] {
            let topic = format!("room/{version}/{qos}");
            let subscriber = server.subscribe(&[
                "-V",
                version,
                "-q",
                qos,
                "-t",
                "room/+/#",
                "-C",
                "3",
                "-F",
                "%t %q %r %p",
            ]);
            server.publish(&["-V", version, "-q", qos, "-t", &topic, "-m", "-one"]);
            let ran =
                server.run_with_input("pub", &["-V", version, "-q", qos, "-t", &topic, "-l"], b"two\nthree");
            ran.code(0);
            let expected: String =
                ["-one", "two", "three"].map(|text| format!("{topic} {qos} 0 {text}\n")).concat();
            assert_eq!(subscriber.finish().code(0).stdout, expected);
        }
    }
}

#[test]
fn every_source_of_a_payload_is_read() {
    let server = Server::start(&[]);
    let file = server.folder().join("payload");
    std::fs::write(&file, b"from a file\n").unwrap();
    let file = file.to_str().unwrap();
    let subscriber = server.subscribe(&["-t", "a", "-C", "6", "-F", "%p|", "-N", "-q", "1"]);
    let publish = ["-t", "a", "-q", "1"];
    server.publish(&[&publish[..], &["-m", "text"]].concat());
    server.publish(&[&publish[..], &["-f", file]].concat());
    server.publish(&[&publish[..], &["-n"]].concat());
    server.run_with_input("pub", &[&publish[..], &["-s"]].concat(), b"all\nof it\n").code(0);
    server.publish(&[&publish[..], &["-m", "again", "--repeat", "2", "--repeat-delay", "0.01"]].concat());
    assert_eq!(subscriber.finish().code(0).stdout, "text|from a file\n||all\nof it\n|again|again|");
}

#[test]
fn many_lines_keep_their_order_within_the_receive_maximum() {
    let server = Server::start(&["--set", "mqtt.receive_maximum=7"]);
    let lines: String = (0..2000).map(|number| format!("{number}\n")).collect();
    for (version, qos) in [("5", "1"), ("5", "2"), ("311", "1"), ("5", "0")] {
        let subscriber = server.subscribe(&["-V", version, "-q", qos, "-t", "a", "-C", "2000"]);
        let flags = ["-V", version, "-q", qos, "-t", "a", "-l", "-M", "5"];
        server.run_with_input("pub", &flags, lines.as_bytes()).code(0);
        assert_eq!(subscriber.finish().code(0).stdout, lines, "QoS {qos} of version {version}");
    }
}

#[test]
fn retained_messages_are_kept_printed_and_removed() {
    let server = Server::start(&[]);
    server.publish(&["-t", "state/a", "-m", "on", "-r", "-q", "1"]);
    server.publish(&["-t", "state/b", "-m", "off", "-r"]);
    let sub = |flags: &[&str]| server.run("sub", &[&["-t", "state/#", "-v"], flags].concat());
    let printed = sub(&["-C", "2", "-F", "%t %p %r"]).code(0).stdout;
    let mut lines: Vec<&str> = printed.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["state/a on 1", "state/b off 1"]);
    assert_eq!(sub(&["-T", "state/b", "-C", "1"]).code(0).stdout, "state/a on\n");
    assert_eq!(sub(&["-R", "-W", "1"]).code(27).stdout, "");
    sub(&["--remove-retained", "-C", "2"]).code(0);
    assert_eq!(sub(&["-W", "1"]).code(27).stdout, "");
}

#[test]
fn retained_only_ends_with_the_first_other_message() {
    let server = Server::start(&[]);
    server.publish(&["-t", "state/a", "-m", "on", "-r", "-q", "1"]);
    let mut subscriber = server.subscribe(&["-t", "state/#", "--retained-only"]);
    subscriber.wait_for("received PUBLISH");
    server.publish(&["-t", "state/b", "-m", "live", "-q", "1"]);
    assert_eq!(subscriber.finish().code(0).stdout, "on\n");
}

#[test]
fn a_will_is_published_when_its_client_dies() {
    let server = Server::start(&[]);
    for version in VERSIONS {
        let watcher = server.subscribe(&["-t", "gone/#", "-C", "1", "-v", "-F", "%t %p %q %r", "-q", "1"]);
        let dying = server.subscribe(&[
            "-V",
            version,
            "-t",
            "x",
            "-i",
            "dying",
            "--will-topic",
            "gone/dying",
            "--will-payload",
            "bye",
            "--will-qos",
            "1",
        ]);
        dying.signal(nix::sys::signal::Signal::SIGKILL);
        assert_eq!(watcher.finish().code(0).stdout, "gone/dying bye 1 0\n");
    }
}

#[test]
fn properties_travel() {
    let server = Server::start(&[]);
    let subscriber = server.subscribe(&[
        "-t",
        "a",
        "-C",
        "1",
        "-D",
        "subscribe",
        "subscription-identifier",
        "7",
        "-F",
        "%C|%R|%D|%P|%F|%S|%E",
    ]);
    server.publish(&[
        "-t",
        "a",
        "-m",
        "x",
        "-D",
        "publish",
        "content-type",
        "text/plain",
        "-D",
        "publish",
        "response-topic",
        "b",
        "-D",
        "publish",
        "correlation-data",
        "c1",
        "-D",
        "publish",
        "user-property",
        "k",
        "-v",
        "-D",
        "publish",
        "user-property",
        "k",
        "w",
        "-D",
        "publish",
        "payload-format-indicator",
        "1",
        "-D",
        "PUBLISH",
        "message-expiry-interval",
        "60",
    ]);
    assert_eq!(subscriber.finish().code(0).stdout, "text/plain|b|c1|k:-v k:w|1|7|60\n");
}

#[test]
fn json_is_json() {
    let server = Server::start(&[]);
    let subscriber = server.subscribe(&["-t", "a", "-C", "2", "-F", "%J"]);
    server.publish(&["-t", "a", "-m", "no json", "-q", "1"]);
    server.publish(&["-t", "a", "-m", r#"{"temperature": 21.5}"#, "-q", "1"]);
    let ran = subscriber.finish().code(0);
    let message: serde_json::Value = serde_json::from_str(ran.stdout.trim()).unwrap();
    assert_eq!(message["payload"]["temperature"], 21.5);
    assert_eq!((&message["topic"], &message["qos"], &message["retain"]), (&"a".into(), &0.into(), &0.into()));
    assert!(ran.stderr.contains("a message to 'a' cannot be printed: its payload is no JSON"), "{ran:?}");
}

#[test]
fn a_url_names_everything_at_once() {
    let server = Server::start(&[]);
    let url = format!("mqtt://127.0.0.1:{}/from/url", server.port);
    let mut subscriber = crate::process::Running::start(&["sub", "-L", &url, "-C", "1", "-d"]);
    subscriber.wait_for("received SUBACK");
    crate::process::run(&["pub", "-L", &url, "-m", "hello", "-q", "2"]).code(0);
    assert_eq!(subscriber.finish().code(0).stdout, "hello\n");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let server = Server::start(&[]);
    let script = format!("\"$0\" sub -h 127.0.0.1 -p {} -t a -W 15 | head -n 1", server.port);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).arg(crate::process::vouchmq(&[]).get_program());
    let pipe = crate::process::Running::spawn(&mut command, b"");
    let mut subscriber = server.subscribe(&["-t", "a"]);
    for number in 0.. {
        server.publish(&["-t", "a", "-m", "x", "-q", "1"]);
        subscriber.wait_for("received PUBLISH");
        if number > 5 {
            break;
        }
    }
    let ran = pipe.finish().code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("x\n", ""));
}
