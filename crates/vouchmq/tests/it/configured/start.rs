//! What a file starts, and what starts nothing.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, too")]

use tempfile::TempDir;

use super::{Configured, FILE, write};
use crate::process::Running;
use crate::process::{Ran, run, vouchmq};

/// As NanoMQ's package has it, but for ports and folders.
const PACKAGED: &str = r#"
mqtt {
    property_size = 32
    max_packet_size = 256MB
    max_mqueue_len = 2048
    retry_interval = 10s
    keepalive_multiplier = 1.25
}
listeners.tcp { bind = "127.0.0.1:0" }
listeners.ws { bind = "127.0.0.1:0/mqtt" }
http_server { port = 8081, limit_conn = 2, username = admin, password = public, auth_type = basic }
log { to = [file, console], level = info, dir = "{folder}", file = "nanomq.log", rotation { size = 10MB, count = 5 } }
auth {
    allow_anonymous = true
    no_match = allow
    deny_action = ignore
    password = { include "{folder}/pwd.conf" }
    acl = { include "{folder}/acl.conf" }
}
"#;

fn packaged() -> Configured {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "pwd.conf", "\"alice\": \"wonderland\"\n\"bob\": \"builder123\"\n");
    write(
        folder.path(),
        "acl.conf",
        r##"rules = [
            { permit = deny, action = subscribe, topics = ["secret/#"], username = "bob" }
            { permit = allow, username = "alice" }
        ]"##,
    );
    Configured::start_in(folder, PACKAGED, &[])
}

#[test]
fn a_file_in_the_shape_of_nanomqs_starts_a_broker_that_is_safer() {
    let broker = packaged();
    broker.publish(&[]).code(0);
    broker.publish(&["-u", "alice", "-P", "wonderland"]).code(0);
    // NanoMQ lets a wrong password in where anonymous clients may come.
    let told = broker.publish(&["-u", "alice", "-P", "wrong"]).code(1);
    assert!(told.complaint().contains("bad user name or password"), "{told:?}");
    broker.publish(&["-u", "nobody", "-P", "x"]).code(1);
    assert_eq!(broker.urls.len(), 2, "{:?}", broker.urls);
    assert!(broker.urls[1].starts_with("ws://127.0.0.1:") && broker.urls[1].ends_with("/mqtt"));
    let log = std::fs::read_to_string(broker.path("nanomq.log")).expect("a log file");
    assert!(log.contains("ANYBODY MAY CONNECT"), "{log}");
    assert!(log.contains("listening on mqtt://"), "{log}");
}

/// `deny secret/#` does not end where the filter is wider, or shared.
#[test]
fn a_denied_topic_is_not_reached_by_a_wider_filter() {
    let broker = packaged();
    let bob = ["-u", "bob", "-P", "builder123"];
    for filter in ["secret/x", "secret/#", "$share/g/secret/x"] {
        let ran = broker.run("sub", &[&["-t", filter, "-E"][..], &bob].concat()).code(1);
        assert!(ran.complaint().contains("not authorized"), "{filter}: {ran:?}");
    }
    let mut wide = Running::start(&[
        "sub",
        "-d",
        "-h",
        "127.0.0.1",
        "-p",
        broker.port(0),
        "-t",
        "#",
        "-u",
        "bob",
        "-P",
        "builder123",
        "-C",
        "1",
    ]);
    wide.wait_for("received SUBACK");
    broker
        .run("pub", &["-t", "secret/x", "-m", "hidden", "-q", "1", "-u", "alice", "-P", "wonderland"])
        .code(0);
    broker.run("pub", &["-t", "open/x", "-m", "seen", "-q", "1", "-u", "alice", "-P", "wonderland"]).code(0);
    assert_eq!(wide.finish().code(0).stdout, "seen\n");
}

fn start(text: &str) -> Ran {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), FILE, text);
    let (file, data) = (folder.path().join(FILE), folder.path().join("data"));
    let (file, data) = (file.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    run(&["serve", "--config", file, "--data", data])
}

/// NanoMQ starts with its defaults then: anonymous, on all addresses.
#[test]
fn a_file_with_a_mistake_starts_nothing() {
    for (text, told) in [
        ("auth { allow_anonymous = maybe }", "broker.conf:1:"),
        ("listeners.tcp { bind = \"127.0.0.1:0\"", "broker.conf:1:"),
        ("mqtt { max_packet_sise = 1MB }", "did you mean"),
        ("auth { password = { include \"{folder}/missing.conf\" } }", "missing.conf is missing"),
        ("auth { acl = { rules = [{ permit = allow, usrname = \"x\", topics = [\"a\"] }] } }", "usrname"),
        ("auth { password_file = \"{folder}/missing\" }", "cannot read"),
        ("auth { order = [] }", "auth.order"),
        (
            "listeners.ssl { bind = \"127.0.0.1:0\", certfile = \"{folder}/no.crt\", keyfile = \"{folder}/no.key\" }",
            "no.crt",
        ),
        ("listeners.tcp { bind = \"127.0.0.1:0\" }\nmqtt.max_keep_alive = 99999999", "broker.conf:2:"),
    ] {
        let ran = start(text).code(2);
        assert!(ran.stderr.contains(told), "{text}: {ran:#?}");
        assert_eq!(ran.stdout, "", "{text}");
    }
    let ran = run(&["serve", "--config", "/nowhere/at/all.conf"]).code(2);
    assert!(ran.complaint().contains("/nowhere/at/all.conf"), "{ran:?}");
}

#[test]
fn what_is_stronger_wins() {
    let folder = TempDir::new().expect("a folder");
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    let text = "mqtt.receive_maximum = 10\nmqtt.max_topic_alias = 1\nmqtt.max_subscriptions = 7\n\
                listeners.tcp.bind = \"127.0.0.1:0\"\nauth.allow_anonymous = true";
    write(folder.path(), FILE, text);
    write(folder.path(), "data/overrides.conf", "mqtt { receive_maximum = 11, max_topic_alias = 2 }");
    let (file, data) = (folder.path().join(FILE), folder.path().join("data"));
    let mut command = vouchmq(&["serve", "--config", file.to_str().expect("UTF-8")]);
    command.args(["--data", data.to_str().expect("UTF-8"), "--set", "mqtt.receive_maximum=13"]);
    command.env("VOUCHMQ_MQTT_RECEIVE_MAXIMUM", "12");
    let mut process = Running::spawn(&mut command, b"");
    let line = process.wait_for("listening on mqtt://127.0.0.1:").to_owned();
    let port =
        line.rsplit_once("127.0.0.1:").expect("a port").1.split(' ').next().expect("a port").to_owned();
    let ran = run(&["sub", "-h", "127.0.0.1", "-p", &port, "-t", "a", "-E", "-d"]).code(0);
    assert!(ran.stderr.contains("ReceiveMaximum(13)"), "the flag: {ran:?}");
    assert!(ran.stderr.contains("TopicAliasMaximum(2)"), "what the API wrote, over the file: {ran:?}");
}

/// NanoMQ's own command line.
#[test]
fn start_with_conf_means_the_same() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), FILE, "listeners.tcp.bind = \"127.0.0.1:0\"\nauth.allow_anonymous = true");
    let (file, data) = (folder.path().join(FILE), folder.path().join("data"));
    let mut command = vouchmq(&["start", "--conf", file.to_str().expect("UTF-8")]);
    command.args([
        "--data",
        data.to_str().expect("UTF-8"),
        "--api-listen",
        "off",
        "--register-listen",
        "off",
    ]);
    Running::spawn(&mut command, b"").wait_for("listening on mqtt://127.0.0.1:");
}
