//! mosquitto_pub and mosquitto_sub, whose TLS is OpenSSL.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::{PASSWORD, Secure, USER, file, port};
use crate::process::{Ran, Running, run_in};
use crate::tool::tool;

/// More listeners: each TLS version by itself, and a server by another name.
pub(super) const MORE: &str = r#"
listeners.ssl.old {
    bind = "127.0.0.1:0", certfile = "{folder}/server.crt", keyfile = "{folder}/server.key", max_version = "1.2"
}
listeners.ssl.new {
    bind = "127.0.0.1:0", certfile = "{folder}/server.crt", keyfile = "{folder}/server.key", min_version = "1.3"
}
listeners.ssl.elsewhere {
    bind = "127.0.0.1:0", certfile = "{folder}/elsewhere.crt", keyfile = "{folder}/elsewhere.key"
}
"#;

const ALICE: [&str; 4] = ["-u", USER, "-P", PASSWORD];

/// Starts a program of theirs with its output unbuffered and on standard error, to be waited for.
fn foreign(program: &str, port: &str, arguments: &[&str]) -> Running {
    let script = "exec stdbuf -oL \"$0\" -h 127.0.0.1 \"$@\" 1>&2";
    let program = tool(&format!("VOUCHMQ_INTEROP_MOSQUITTO_{program}"));
    let mut command = Command::new("sh");
    Running::spawn(command.args(["-c", script, &program, "-p", port, "-d"]).args(arguments), b"")
}

/// Publishes by QoS 1 and waits for the end.
fn publish(port: &str, arguments: &[&str]) -> Ran {
    let ran = foreign("PUB", port, &[&["-q", "1", "-t", "t"], arguments].concat()).finish();
    assert_eq!(ran.code == 0, ran.stderr.contains("received PUBACK"), "{ran:#?}");
    ran
}

/// Starts mosquitto_sub, and waits until it is subscribed.
fn subscribe(port: &str, arguments: &[&str]) -> Running {
    let mut subscriber = foreign("SUB", port, &[&["-F", "MSG %p"], arguments].concat());
    subscriber.wait_for("Subscribed (mid: ");
    subscriber
}

fn messages(subscriber: Running) -> Vec<String> {
    let ran = subscriber.finish().code(0);
    ran.stderr.lines().filter_map(|line| line.strip_prefix("MSG ")).map(str::to_owned).collect()
}

/// The listeners that speak one version of TLS only, and that version: Mosquitto's clients take it for the oldest.
fn versions(broker: &Secure) -> [(&str, &'static str); 2] {
    let ports: Vec<&str> = broker.urls("mqtts").map(port).collect();
    [(ports[1], "tlsv1.2"), (ports[2], "tlsv1.3")]
}

#[test]
fn a_password_lets_in_over_each_tls_version_in_every_version_and_qos() {
    let broker = Secure::start_with(MORE);
    let ca = broker.file("ca.crt");
    for (at, tls) in versions(&broker) {
        for (version, qos) in [("mqttv31", "0"), ("mqttv311", "1"), ("mqttv5", "2")] {
            let common = ["--cafile", &ca, "--tls-version", tls, "-V", version, "-q", qos, "-t", "t"];
            let common = [&common[..], &ALICE].concat();
            let subscriber = subscribe(at, &[&common[..], &["-C", "1"]].concat());
            foreign("PUB", at, &[&common[..], &["-m", "hello"]].concat()).finish().code(0);
            assert_eq!(messages(subscriber), ["hello"], "{tls} {version} {qos}");
        }
        let wrong = ["--cafile", &ca, "--tls-version", tls, "-m", "x", "-u", USER, "-P", "wrong"];
        let refused = publish(at, &wrong);
        assert!(refused.code != 0 && refused.stderr.contains("received CONNACK"), "{refused:#?}");
    }
}

#[test]
fn a_server_of_another_authority_or_name_is_refused() {
    let broker = Secure::start_with(MORE);
    let stranger = TempDir::new().unwrap();
    run_in(stranger.path(), &["cert", "ca", "--name", "Stranger"]).code(0);
    let (ca, stranger) = (broker.file("ca.crt"), file(stranger.path(), "ca.crt"));
    let elsewhere = port(broker.urls("mqtts").nth(3).unwrap());
    for (port, authority) in [(broker.tls(), &stranger), (elsewhere, &ca)] {
        let ran = publish(port, &[&["--cafile", authority, "-m", "x"], &ALICE[..]].concat());
        assert!(ran.code != 0 && !ran.stderr.contains("CONNACK"), "{ran:#?}");
    }
    // It is the name alone that is wrong there.
    let ran = publish(elsewhere, &[&["--cafile", &ca, "--insecure", "-m", "x"], &ALICE[..]].concat());
    ran.code(0);
}

/// The flags of a device that shows its certificate.
fn device(broker: &Secure, id: &str) -> Vec<String> {
    let files = [broker.file("ca.crt"), broker.file(&format!("{id}.crt")), broker.file(&format!("{id}.key"))];
    let flags = ["--cafile", "--cert", "--key"].map(str::to_owned).into_iter().zip(files);
    let id = ["-i", id, "-V", "mqttv5"].map(str::to_owned);
    flags.flat_map(|(flag, file)| [flag, file]).chain(id).collect()
}

#[test]
fn a_certificate_lets_its_device_in_until_a_reload_reads_that_it_is_revoked() {
    let broker = Secure::start();
    broker.manage(&["product", "create", "--key", "sensor", "--name", "Sensor", "--kind", "x509"]);
    for id in ["d1", "d2"] {
        broker.enter(id);
    }
    let attempt = |id: &str| {
        let (flags, topic) = (device(&broker, id), format!("dev/{id}/t"));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        publish(broker.tls(), &[&flags[..], &["-t", &topic, "-m", "x"]].concat())
    };
    for id in ["d1", "d2"] {
        attempt(id).code(0);
    }
    // Without a certificate the device is nobody.
    let nobody = ["--cafile", &broker.file("ca.crt"), "-i", "d1", "-V", "mqttv5", "-m", "x"];
    let refused = publish(broker.tls(), &nobody);
    assert!(refused.code != 0 && refused.stderr.contains("received CONNACK"), "{refused:#?}");

    run_in(broker.folder.path(), &["cert", "revoke", "d1.crt"]).code(0);
    attempt("d1").code(0);
    broker.manage(&["reload"]);
    let refused = attempt("d1");
    assert!(refused.code != 0 && !refused.stderr.contains("received CONNACK"), "{refused:#?}");
    assert!(refused.stderr.contains("certificate revoked"), "the alert says why: {refused:#?}");
    attempt("d2").code(0);
}

#[test]
fn a_payload_of_many_records_arrives_whole() {
    let broker = Secure::start_with(MORE);
    let (ca, large) = (broker.file("ca.crt"), broker.file("large"));
    let text: String = (0..12_800).map(|number| format!("{number:08}")).collect();
    fs::write(&large, &text).unwrap();
    for (at, tls) in versions(&broker) {
        let common =
            [&["--cafile", &*ca, "--tls-version", tls, "-q", "2", "-t", "large"], &ALICE[..]].concat();
        let subscriber = subscribe(at, &[&common[..], &["-C", "1"]].concat());
        foreign("PUB", at, &[&common[..], &["-f", &large]].concat()).finish().code(0);
        assert!(messages(subscriber) == [text.as_str()], "{tls}");
    }
}
