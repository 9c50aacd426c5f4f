//! `pub`, `sub`, `bench` and the operator's commands over TLS and WebSocket, with certificates of `vouchmq cert`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Ran, Running, run, run_in, vouchmq};

/// A broker with every kind of listener; it is ended when this is dropped.
struct Secure {
    _process: Running,
    folder: TempDir,
    addresses: Vec<String>,
}

/// An authority, a server's certificate and two devices' in a folder.
fn certificates(folder: &Path) {
    for arguments in [
        &["cert", "ca"][..],
        &["cert", "server", "localhost", "127.0.0.1"],
        &["cert", "device", "hw-1"],
        &["cert", "device", "hw-2"],
    ] {
        run_in(folder, arguments).code(0);
    }
}

impl Secure {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path();
        certificates(path);
        let tls = "certfile = \"server.crt\", keyfile = \"server.key\"";
        let configuration = format!(
            "listeners.ssl {{ bind = \"127.0.0.1:0\", {tls} }}\n\
             listeners.ssl.mutual {{ bind = \"127.0.0.1:0\", {tls}, cacertfile = \"ca.crt\", verify_peer = true, \
             fail_if_no_peer_cert = true }}\n\
             listeners.ws {{ bind = \"127.0.0.1:0/mqtt\" }}\n\
             listeners.wss {{ bind = \"127.0.0.1:0/mqtt\", {tls} }}\n\
             auth.allow_anonymous = true\n"
        );
        let file = path.join("vouchmq.conf");
        fs::write(&file, configuration).unwrap();
        let (file, data) = (file.display().to_string(), path.join("data").display().to_string());
        let mut command = vouchmq(&["serve", "--config", &file, "--data", &data, "--shards", "2"]);
        let mut process = Running::spawn(command.current_dir(path), b"");
        let addresses = (0..4).map(|_| process.wait_for("listening on ").to_owned()).collect();
        Self { _process: process, folder, addresses }
    }

    /// The addresses of a scheme, in the configuration's order.
    fn ports(&self, scheme: &str) -> Vec<String> {
        let of = |line: &String| {
            let (_, rest) = line.split_once(&format!("listening on {scheme}://127.0.0.1:"))?;
            Some(rest.split(|at: char| !at.is_ascii_digit()).next()?.to_owned())
        };
        self.addresses.iter().filter_map(of).collect()
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Publishes a retained message to a URL, and gets it back from there.
    #[track_caller]
    fn there_and_back(&self, url: &str, flags: &[&str]) {
        let arguments = |command, rest: &[&'static str]| {
            let mut all = vec![command, "-L", url, "-t", "t", "-V", "311"];
            all.extend(rest);
            all.iter()
                .map(|it| (*it).to_owned())
                .chain(flags.iter().map(|it| (*it).to_owned()))
                .collect::<Vec<_>>()
        };
        let text = |all: Vec<String>| run(&all.iter().map(String::as_str).collect::<Vec<_>>());
        text(arguments("pub", &["-m", "hello", "-q", "1", "-r"])).code(0);
        let received: Ran = text(arguments("sub", &["-C", "1", "-W", "20"])).code(0);
        assert_eq!(received.stdout, "hello\n", "{url}");
    }
}

#[test]
fn messages_go_over_tls_websocket_and_both() {
    let broker = Secure::start();
    let ca = broker.file("ca.crt");
    let (tls, ws, wss) = (broker.ports("mqtts"), broker.ports("ws"), broker.ports("wss"));
    broker.there_and_back(&format!("mqtts://127.0.0.1:{}", tls[0]), &["--cafile", &ca]);
    broker.there_and_back(&format!("mqtt://localhost:{}", tls[0]), &["--cafile", &ca]);
    broker.there_and_back(&format!("ws://127.0.0.1:{}/mqtt", ws[0]), &[]);
    broker.there_and_back(&format!("mqtt://127.0.0.1:{}", ws[0]), &["--ws"]);
    broker.there_and_back(&format!("wss://127.0.0.1:{}/mqtt", wss[0]), &["--cafile", &ca]);
    broker.there_and_back(&format!("mqtts://127.0.0.1:{}", tls[0]), &["--insecure"]);
}

#[test]
fn a_message_of_megabytes_passes_every_layer() {
    let broker = Secure::start();
    let (ca, big, wss) = (broker.file("ca.crt"), broker.file("big"), broker.ports("wss"));
    fs::write(&big, vec![b'x'; 900_000]).unwrap();
    let url = format!("wss://127.0.0.1:{}/mqtt", wss[0]);
    run(&["pub", "-L", &url, "--cafile", &ca, "-t", "big", "-f", &big, "-r", "-q", "2"]).code(0);
    let received = run(&["sub", "-L", &url, "--cafile", &ca, "-t", "big", "-C", "1", "-W", "20"]).code(0);
    assert_eq!(received.stdout.trim_end().len(), 900_000);
}

#[test]
fn a_certificate_lets_in_where_one_is_required() {
    let broker = Secure::start();
    let [ca, certificate, key] = ["ca.crt", "hw-1.crt", "hw-1.key"].map(|name| broker.file(name));
    let url = format!("mqtts://127.0.0.1:{}", broker.ports("mqtts")[1]);
    broker.there_and_back(&url, &["--cafile", &ca, "--cert", &certificate, "--key", &key]);
    let refused = run(&["pub", "-L", &url, "-t", "t", "-m", "x", "--cafile", &ca]).code(1);
    assert!(refused.complaint().contains("it wants a certificate (--cert and --key)"), "{refused:?}");
}

#[test]
fn a_server_that_is_not_the_right_one_is_refused_with_what_to_do() {
    let broker = Secure::start();
    let other = TempDir::new().unwrap();
    certificates(other.path());
    let stranger = other.path().join("ca.crt").display().to_string();
    let [ca, device] = ["ca.crt", "hw-1.crt"].map(|name| broker.file(name));
    let (tls, ws) = (&broker.ports("mqtts")[0], &broker.ports("ws")[0]);
    let try_it = |url: &str, flags: &[&str]| {
        run(&[&["pub", "-L", url, "-t", "t", "-m", "x"], flags].concat()).code(1).complaint().to_owned()
    };
    let secure = format!("mqtts://127.0.0.1:{tls}");
    let told = try_it(&secure, &["--cafile", &stranger]);
    assert!(told.contains("no known authority has signed it (--cafile names one)"), "{told}");
    let told = try_it(&format!("mqtts://127.0.0.2:{tls}"), &["--cafile", &ca]);
    assert!(told.contains("cannot connect"), "{told}");
    let told = try_it(&format!("mqtts://127.0.0.1:{ws}"), &["--cafile", &ca]);
    assert!(told.contains("does not speak TLS"), "{told}");
    let told = try_it(&format!("ws://127.0.0.1:{ws}/elsewhere"), &[]);
    assert!(told.contains("404"), "{told}");
    let ran = run(&["pub", "-L", &secure, "-t", "t", "-m", "x", "--cafile", "/nowhere"]).code(2);
    assert!(ran.complaint().contains("/nowhere"), "{ran:?}");
    let ran = run(&["pub", "-L", &secure, "-t", "t", "-m", "x", "--cafile", &ca, "--cert", &device]).code(2);
    assert!(ran.complaint().contains("--key"), "{ran:?}");
}

#[test]
fn bench_runs_over_tls_and_websocket() {
    let broker = Secure::start();
    let ca = broker.file("ca.crt");
    let (tls, wss) = (broker.ports("mqtts"), broker.ports("wss"));
    let bench = |arguments: &[&str]| {
        let ran = run(&[&["bench"], arguments, &["--cafile", &ca, "--json"]].concat()).code(0);
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()
    };
    let conn = ["conn", "--n", "40", "--hold", "0", "--conc", "1", "--port", &tls[0]];
    let full = bench(&conn);
    assert_eq!((&full["ok"], &full["resumed"]), (&40.into(), &0.into()));
    let resumed = bench(&[&conn[..], &["--resume"]].concat());
    assert_eq!(resumed["ok"], 40);
    assert!(resumed["resumed"].as_u64().unwrap() > 30, "{resumed}");
    for flags in [&["--port", &tls[0]][..], &["--port", &wss[0], "--ws"]] {
        let flow = ["pubsub", "--pubs", "2", "--subs", "2", "--warm", "0.1", "--secs", "0.3"];
        bench(&[&flow[..], flags].concat());
    }
}

/// Where they are installed: the clients that everybody has.
#[test]
fn mosquitto_s_clients_are_served() {
    let broker = Secure::start();
    let [ca, certificate, key] =
        ["ca.crt", "hw-1.crt", "hw-1.key"].map(|name| PathBuf::from(broker.file(name)));
    for (port, has_certificate) in broker.ports("mqtts").iter().zip([false, true]) {
        let mut command = std::process::Command::new("mosquitto_pub");
        command
            .args(["-h", "127.0.0.1", "-p", port, "-t", "m", "-m", "hello", "-q", "1", "-r", "--cafile"])
            .arg(&ca);
        if has_certificate {
            command.arg("--cert").arg(&certificate).arg("--key").arg(&key);
        }
        let Ok(ran) = command.output() else { return };
        assert!(ran.status.success(), "{ran:?}");
    }
}
