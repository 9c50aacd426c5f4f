//! TLS, WebSocket and certificates of clients, as an operator configures them.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, too")]

use std::path::Path;

use tempfile::TempDir;

use super::{Configured, FILE, write};
use crate::process::{Ran, Running, run, run_in};

const TEXT: &str = r#"
listeners.tcp.bind = "127.0.0.1:0"
listeners.ssl {
    bind = "127.0.0.1:0"
    certfile = "{folder}/server.crt"
    keyfile = "{folder}/server.key"
    cacertfile = "{folder}/ca.crt"
    verify_peer = true
    fail_if_no_peer_cert = false
    crlfiles = ["{folder}/ca.crl"]
}
listeners.ws.bind = "127.0.0.1:0/mqtt"
listeners.wss.bind = "127.0.0.1:0/mqtt"
auth.password { alice = wonderland }
"#;

/// An authority, a server, two devices, and an empty revocation list.
fn pki(folder: &Path) {
    run_in(folder, &["cert", "ca"]).code(0);
    run_in(folder, &["cert", "server", "localhost", "127.0.0.1"]).code(0);
    run_in(folder, &["cert", "revoke"]).code(0);
    for device in ["d1", "d2"] {
        run_in(folder, &["cert", "device", device]).code(0);
    }
}

fn start() -> Configured {
    let folder = TempDir::new().expect("a folder");
    pki(folder.path());
    Configured::start_in(folder, TEXT, &[])
}

/// A command at a listener, as Alice, with TLS where it has that.
fn at<'a>(broker: &'a Configured, command: &'a str, number: usize, files: &'a [String; 3]) -> Vec<&'a str> {
    let mut words = vec![command, "-h", "127.0.0.1", "-p", broker.port(number)];
    if number == 1 || number == 3 {
        words.extend(["--cafile", &files[0]]);
    }
    if number >= 2 {
        words.push("--ws");
    }
    words
}

/// The authority's certificate, and that of a device with its key.
fn files(broker: &Configured, device: &str) -> [String; 3] {
    ["ca.crt".to_owned(), format!("{device}.crt"), format!("{device}.key")]
        .map(|name| broker.path(&name).to_str().expect("UTF-8").to_owned())
}

const ALICE: [&str; 4] = ["-u", "alice", "-P", "wonderland"];

#[test]
fn the_same_users_get_in_over_every_transport() {
    let broker = start();
    let files = files(&broker, "d1");
    let schemes: Vec<&str> = broker.urls.iter().filter_map(|url| Some(url.split_once(':')?.0)).collect();
    assert_eq!(schemes, ["mqtt", "mqtts", "ws", "wss"]);
    for number in 0..4 {
        let mut subscriber = Running::start(
            &[&at(&broker, "sub", number, &files)[..], &["-d", "-t", "t", "-C", "4"], &ALICE].concat(),
        );
        subscriber.wait_for("received SUBACK");
        for other in 0..4 {
            let message = ["-t", "t", "-m", "x", "-q", "2"];
            run(&[&at(&broker, "pub", other, &files)[..], &message, &ALICE].concat()).code(0);
        }
        assert_eq!(subscriber.finish().code(0).stdout, "x\nx\nx\nx\n");
        let wrong = ["-t", "t", "-m", "x", "-u", "alice", "-P", "wrong"];
        let ran = run(&[&at(&broker, "pub", number, &files)[..], &wrong].concat()).code(1);
        assert!(ran.complaint().contains("bad user name or password"), "{ran:?}");
    }
}

/// Messages flow while certificates are replaced; files that are none change nothing.
#[test]
fn certificates_are_replaced_while_messages_flow_and_nobody_is_dropped() {
    const MESSAGES: usize = 200;
    let broker = start();
    let files = files(&broker, "d1");
    let count = MESSAGES.to_string();
    let mut subscriber = Running::start(
        &[&at(&broker, "sub", 1, &files)[..], &["-d", "-t", "t", "-q", "2", "-C", &count], &ALICE].concat(),
    );
    subscriber.wait_for("received SUBACK");
    let repeat = ["-t", "t", "-m", "x", "-q", "2", "--repeat", &count, "--repeat-delay", "0.02"];
    let publisher = Running::start(&[&at(&broker, "pub", 1, &files)[..], &repeat, &ALICE].concat());
    for round in 0..20 {
        let ran = if round == 10 {
            broker.write("server.crt", "no certificate at all");
            let ran = broker.reload().code(1);
            assert!(ran.stderr.contains("server.crt"), "{ran:?}");
            ran
        } else {
            run_in(broker.folder(), &["cert", "server", "localhost", "127.0.0.1", "--force"]).code(0);
            broker.reload().code(0)
        };
        assert!(round == 10 || ran.stdout.contains("certificates of the server"), "{ran:?}");
        assert!(round == 10 || ran.stdout.contains("0 sessions closed"), "{ran:?}");
    }
    // A newcomer sees the newest one.
    run(&[&at(&broker, "pub", 1, &files)[..], &["-t", "other", "-m", "x"], &ALICE].concat()).code(0);
    publisher.finish().code(0);
    assert_eq!(subscriber.finish().code(0).stdout.lines().count(), MESSAGES);
}

fn manage(broker: &Configured, arguments: &[&str]) -> Ran {
    let token = broker.path("data/admin-token");
    let common = ["--api", &broker.api, "--token-file", token.to_str().expect("UTF-8")];
    run(&[arguments, &common].concat())
}

/// A subscriber that shows nothing but its certificate.
fn device(broker: &Configured, files: &[String; 3], id: &str, flags: &[&str]) -> Vec<String> {
    let [ca, certificate, key] = files;
    let topic = format!("dev/{id}/t");
    let words = ["sub", "-d", "-h", "127.0.0.1", "-p", broker.port(1), "-i", id, "-t", &topic, "-V", "5"];
    let tls = ["--cafile", ca, "--cert", certificate, "--key", key];
    [&words[..], &tls, flags].concat().into_iter().map(str::to_owned).collect()
}

fn started(words: &[String]) -> Running {
    Running::start(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn ran(words: &[String]) -> Ran {
    run(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_device_is_known_by_its_certificate_until_that_is_revoked() {
    let broker = start();
    manage(&broker, &["product", "create", "--key", "sensor", "--name", "Sensor", "--kind", "x509"]).code(0);
    for id in ["d1", "d2"] {
        manage(&broker, &["device", "create", "--product", "sensor", "--id", id]).code(0);
        let certificate = broker.path(&format!("{id}.crt"));
        let certificate = certificate.to_str().expect("UTF-8");
        manage(&broker, &["credential", "add", id, "--certificate", certificate]).code(0);
    }
    let (one, two) = (files(&broker, "d1"), files(&broker, "d2"));
    let mut first = started(&device(&broker, &one, "d1", &[]));
    first.wait_for("received SUBACK");
    let mut second = started(&device(&broker, &two, "d2", &[]));
    second.wait_for("received SUBACK");
    // Somebody else's certificate is no way in.
    ran(&device(&broker, &two, "d1", &["-E"])).code(1);

    // What the authority takes back is off at once, and does not come back, by a ticket or otherwise.
    run_in(broker.folder(), &["cert", "revoke", "d1.crt"]).code(0);
    let told = broker.reload().code(0);
    assert!(told.stdout.contains("1 session closed"), "{told:?}");
    first.wait_for("not authorized (0x87)");
    ran(&device(&broker, &one, "d1", &["-E"])).code(1);
    // The other one was connected all the time: an operator ends its connection, not the list.
    manage(&broker, &["device", "suspend", "d2"]).code(0);
    second.wait_for("not authorized (0x87)");
}

#[test]
fn a_certificate_of_a_products_authority_registers_its_device() {
    let broker = start();
    let strategy =
        ["product", "create", "--key", "sensor", "--name", "Sensor", "--kind", "x509", "--strategy", "auto"];
    manage(&broker, &strategy).code(0);
    let authority = broker.path("ca.crt");
    let authority = authority.to_str().expect("UTF-8");
    manage(&broker, &["authority", "add", "--product", "sensor", "--certificate", authority]).code(0);
    let files = files(&broker, "d1");
    started(&device(&broker, &files, "d1", &[])).wait_for("received SUBACK");
    let known = manage(&broker, &["device", "show", "d1", "--json"]).code(0);
    assert!(known.stdout.contains("\"state\": \"active\""), "{known:?}");
    // Retired, it is not registered again by the same certificate.
    manage(&broker, &["device", "retire", "d1"]).code(0);
    ran(&device(&broker, &files, "d1", &["-E"])).code(1);
}

#[test]
fn what_a_listener_shows_is_refused_with_the_command_that_mends_it() {
    let folder = TempDir::new().expect("a folder");
    pki(folder.path());
    let key = folder.path().join("server.key");
    let encrypted = std::process::Command::new("openssl")
        .args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret", "-in"])
        .arg(&key)
        .arg("-out")
        .arg(folder.path().join("locked.key"))
        .status();
    // Where there is no openssl there is no such key to try.
    if !encrypted.is_ok_and(|status| status.success()) {
        return;
    }
    write(folder.path(), FILE, &TEXT.replace("server.key", "locked.key"));
    let (file, data) = (folder.path().join(FILE), folder.path().join("data"));
    let (file, data) = (file.to_str().expect("UTF-8"), data.to_str().expect("UTF-8"));
    let ran = run(&["serve", "--config", file, "--data", data]).code(2);
    assert!(ran.stderr.contains("locked.key") && ran.stderr.contains("openssl"), "{ran:?}");
}
