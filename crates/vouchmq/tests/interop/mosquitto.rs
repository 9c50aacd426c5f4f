//! mosquitto_pub and mosquitto_sub, with themselves and with ours.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

mod acl;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::process::Command;

use crate::process::{Ran, Running};
use crate::server::Server;
use crate::tool::tool;

const VERSIONS: [&str; 3] = ["mqttv31", "mqttv311", "mqttv5"];

/// Starts a foreign program with its output unbuffered and on standard error, to be waited for.
fn foreign(server: &Server, variable: &str, arguments: &[&str]) -> Running {
    let script = "exec stdbuf -oL \"$0\" -h 127.0.0.1 \"$@\" 1>&2";
    let mut command = Command::new("sh");
    command.args(["-c", script, &tool(variable), "-p", &server.port]).args(arguments);
    Running::spawn(&mut command, b"")
}

fn publish(server: &Server, arguments: &[&str]) -> Ran {
    foreign(server, "VOUCHMQ_INTEROP_MOSQUITTO_PUB", arguments).finish().code(0)
}

/// Starts mosquitto_sub, and waits until it is subscribed. Its messages begin with `MSG`.
fn subscribe(server: &Server, arguments: &[&str]) -> Running {
    let arguments = [&["-d", "-F", "MSG %t %q %r %p"], arguments].concat();
    let mut subscriber = foreign(server, "VOUCHMQ_INTEROP_MOSQUITTO_SUB", &arguments);
    subscriber.wait_for("Subscribed (mid: ");
    subscriber
}

/// The messages that mosquitto_sub has printed when it ended.
fn messages(subscriber: Running) -> Vec<String> {
    let ran = subscriber.finish().code(0);
    ran.stderr.lines().filter_map(|line| line.strip_prefix("MSG ")).map(str::to_owned).collect()
}

#[test]
fn messages_go_through_in_every_version_and_qos() {
    let server = Server::start(&[]);
    for version in VERSIONS {
        for qos in ["0", "1", "2"] {
            let subscriber = subscribe(&server, &["-V", version, "-q", qos, "-t", "a/+", "-C", "3"]);
            let common = ["-V", version, "-q", qos, "-t", "a/b", "-m", "hello", "--repeat", "2"];
            publish(&server, &common);
            server.publish(&["-q", qos, "-t", "a/ours", "-m", "mixed"]);
            let expected =
                [format!("a/b {qos} 0 hello"), format!("a/b {qos} 0 hello"), format!("a/ours {qos} 0 mixed")];
            assert_eq!(messages(subscriber), expected, "{version} QoS {qos}");
            let ours = server.subscribe(&["-q", qos, "-t", "a/b", "-C", "1"]);
            publish(&server, &["-V", version, "-q", qos, "-t", "a/b", "-m", "to us"]);
            assert_eq!(ours.finish().code(0).stdout, "to us\n");
        }
    }
}

#[test]
fn retained_messages_and_wills() {
    let server = Server::start(&[]);
    for version in VERSIONS {
        publish(&server, &["-V", version, "-q", "1", "-t", "r/a", "-m", "kept", "-r"]);
        let subscriber = subscribe(&server, &["-V", version, "-q", "1", "-t", "r/#", "-C", "1"]);
        assert_eq!(messages(subscriber), ["r/a 1 1 kept"]);
        publish(&server, &["-V", version, "-q", "1", "-t", "r/a", "-n", "-r"]);
        let watcher = subscribe(&server, &["-V", version, "-q", "1", "-t", "r/#", "-t", "w", "-C", "1"]);
        let dying = subscribe(
            &server,
            &["-V", version, "-t", "x", "--will-topic", "w", "--will-payload", "bye", "--will-qos", "1"],
        );
        dying.signal(nix::sys::signal::Signal::SIGKILL);
        assert_eq!(
            messages(watcher),
            ["w 1 0 bye"],
            "{version}: nothing retained is left, and the will came"
        );
    }
}

#[test]
fn sessions_are_resumed() {
    let server = Server::start(&[]);
    for version in VERSIONS {
        for qos in ["1", "2"] {
            let session = ["-V", version, "-i", "keeper", "-c", "-q", qos, "-t", "missed"];
            foreign(&server, "VOUCHMQ_INTEROP_MOSQUITTO_SUB", &[&session[..], &["-E"]].concat())
                .finish()
                .code(0);
            for payload in ["one", "two"] {
                publish(&server, &["-V", version, "-q", qos, "-t", "missed", "-m", payload]);
            }
            let again = foreign(
                &server,
                "VOUCHMQ_INTEROP_MOSQUITTO_SUB",
                &[&session[..], &["-C", "2", "-F", "MSG %t %q %r %p"]].concat(),
            );
            assert_eq!(messages(again), [format!("missed {qos} 0 one"), format!("missed {qos} 0 two")]);
        }
    }
}

#[test]
fn a_group_shares_its_messages() {
    let server = Server::start(&[]);
    let members =
        [(); 2].map(|()| subscribe(&server, &["-V", "mqttv5", "-q", "1", "-t", "$share/g/jobs", "-C", "3"]));
    for number in 0..6 {
        publish(&server, &["-V", "mqttv5", "-q", "1", "-t", "jobs", "-m", &number.to_string()]);
    }
    let mut all: Vec<String> = members.into_iter().flat_map(messages).collect();
    all.sort_unstable();
    let expected: Vec<String> = (0..6).map(|number| format!("jobs 1 0 {number}")).collect();
    assert_eq!(all, expected);
}

#[test]
fn large_payloads_arrive_whole() {
    let server = Server::start(&[]);
    let file = server.folder().join("large");
    let text: String = (0..110_000).map(|number| format!("{number:08}")).collect();
    std::fs::write(&file, &text).unwrap();
    for qos in ["0", "1", "2"] {
        let ours = server.subscribe(&["-q", qos, "-t", "large", "-C", "1", "-N"]);
        publish(&server, &["-q", qos, "-t", "large", "-f", file.to_str().unwrap()]);
        assert!(ours.finish().code(0).stdout == text, "QoS {qos}");
        let subscriber = subscribe(&server, &["-q", qos, "-t", "large", "-C", "1"]);
        server.publish(&["-q", qos, "-t", "large", "-f", file.to_str().unwrap()]);
        assert!(messages(subscriber) == [format!("large {qos} 0 {text}")], "QoS {qos}");
    }
}

/// One message to each of so many topics. A process for each would take minutes, so it is said by hand; QoS 0.
fn publish_to_many(server: &Server, count: u32) {
    let mut stream = server.dial();
    stream.write_all(b"\x10\x10\0\x04MQTT\x04\x02\0\0\0\x04many").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    for number in 0..count {
        let topic = format!("many/{number}/x");
        let bytes = [topic.as_bytes(), b"hello"].concat();
        let length = |length: usize| u8::try_from(length).unwrap();
        let header = [0x30, length(2 + bytes.len()), 0, length(topic.len())];
        stream.write_all(&[&header[..], &bytes].concat()).unwrap();
    }
    stream.write_all(b"\xE0\0").unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "closed after DISCONNECT: all of it was read");
}

#[test]
fn thousands_of_topics() {
    for version in VERSIONS {
        let server = Server::start(&[]);
        let every = subscribe(&server, &["-V", version, "-q", "1", "-t", "many/#", "-C", "3000"]);
        let filters: Vec<String> = (0..1000).map(|number| format!("many/{number}/x")).collect();
        let filters = filters.iter().flat_map(|filter| ["-t", filter.as_str()]);
        let some = ["-V", version, "-q", "1", "-C", "1000"].into_iter().chain(filters);
        let some = subscribe(&server, &some.collect::<Vec<_>>());
        publish_to_many(&server, 3000);
        for (subscriber, count) in [(every, 3000), (some, 1000)] {
            let expected: BTreeSet<String> =
                (0..count).map(|number| format!("many/{number}/x 0 0 hello")).collect();
            assert_eq!(messages(subscriber).into_iter().collect::<BTreeSet<_>>(), expected, "{version}");
        }
    }
}

#[test]
fn properties_go_through_both_ways() {
    let server = Server::start(&[]);
    let properties = [
        "-V",
        "mqttv5",
        "-t",
        "p",
        "-m",
        "x",
        "-D",
        "publish",
        "content-type",
        "text/plain",
        "-D",
        "publish",
        "user-property",
        "k",
        "v",
        "-D",
        "publish",
        "response-topic",
        "r",
        "-D",
        "publish",
        "correlation-data",
        "c",
        "-D",
        "publish",
        "payload-format-indicator",
        "1",
    ];
    let format = "MSG %C %P %R %D %F";
    let ours = server.subscribe(&["-t", "p", "-C", "1", "-F", format]);
    publish(&server, &properties);
    assert_eq!(ours.finish().code(0).stdout, "MSG text/plain k:v r c 1\n");
    let arguments = ["-d", "-V", "mqttv5", "-t", "p", "-C", "1", "-F", format];
    let mut theirs = foreign(&server, "VOUCHMQ_INTEROP_MOSQUITTO_SUB", &arguments);
    theirs.wait_for("Subscribed (mid: ");
    server.publish(&properties);
    assert_eq!(messages(theirs), ["text/plain k:v r c 1"]);
}
