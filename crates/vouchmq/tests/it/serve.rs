//! The life of a broker: starting, being the only one, ending.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::process::{Running, run, run_in, vouchmq};
use crate::server::Server;

#[test]
fn it_tells_where_it_listens_on_both_outputs() {
    let server = Server::start(&["--listen", "127.0.0.1:0"]);
    server.signal(Signal::SIGTERM);
    let ran = server.finish().code(0);
    let said: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(said.len(), 2, "{ran:?}");
    assert!(said.iter().all(|line| line.starts_with("listening on mqtt://127.0.0.1:")), "{ran:?}");
}

#[test]
fn anonymous_clients_are_warned_of() {
    let server = Server::start(&[]);
    server.signal(Signal::SIGTERM);
    let ran = server.finish().code(0);
    assert!(
        ran.stderr.contains("WARN  clients without a user name are let in, because of --allow-anonymous"),
        "{ran:?}"
    );
}

#[test]
fn a_second_broker_on_the_same_port_or_data_directory_is_refused() {
    let server = Server::start(&[]);
    let folder = TempDir::new().unwrap();
    let port = run_in(folder.path(), &["serve", "--allow-anonymous", "--listen", &server.port]).code(2);
    assert_eq!(
        port.complaint(),
        format!(
            "cannot listen on 127.0.0.1:{}: Address already in use (os error 98); choose another address with \
             --listen, or end what uses it",
            server.port
        )
    );
    let data = server.data();
    let data = data.to_str().unwrap();
    let locked = run(&["serve", "--allow-anonymous", "--listen", "0", "--data", data]).code(2);
    assert!(
        locked
            .complaint()
            .starts_with(&format!("the data directory {data} is used by another vouchmq (process "))
    );
    assert_eq!(locked.stderr.lines().count(), 1, "{locked:?}");
    assert_eq!(locked.stdout, "");
}

#[test]
fn the_data_directory_is_for_its_owner_only_and_free_after_a_crash() {
    let mut server = Server::start(&[]);
    let mode = std::fs::metadata(server.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let data = server.data();
    let data = data.to_str().unwrap();
    server.kill();
    let mut again = Running::spawn(
        &mut vouchmq(&["serve", "--allow-anonymous", "--listen", "127.0.0.1:0", "--data", data]),
        b"",
    );
    again.wait_for("listening on mqtt://");
}

#[test]
fn sigterm_and_sigint_drain_and_tell_clients_why() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let server = Server::start(&[]);
        let mut five = server.subscribe(&["-t", "a", "-V", "5"]);
        let mut three = server.subscribe(&["-t", "a", "-V", "311"]);
        server.signal(signal);
        server.finish().code(0);
        five.wait_for("the server ended the connection: server shutting down (0x8B); connecting again");
        three.wait_for("the server closed the connection; connecting again");
    }
}

#[test]
fn a_second_signal_ends_a_broker_that_waits_for_a_client() {
    let mut server = Server::start(&["--set", "system.drain_timeout=10m"]);
    let mut deaf = server.dial();
    deaf.write_all(b"\x10\x10\0\x04MQTT\x04\x02\0\0\0\x04deaf\x82\x06\0\x01\0\x01a\0").unwrap();
    deaf.read_exact(&mut [0; 9]).unwrap();
    let file = server.folder().join("large");
    std::fs::write(&file, vec![b'x'; 1_000_000]).unwrap();
    // More than the sockets of both sides and the broker's buffer take.
    server.publish(&["-t", "a", "-q", "1", "-f", file.to_str().unwrap(), "--repeat", "20"]);
    server.signal(Signal::SIGTERM);
    server.wait_for("draining");
    server.signal(Signal::SIGTERM);
    let ran = server.finish().code(1);
    assert!(
        ran.stderr.ends_with("vouchmq: ended by a second signal before all clients were gone\n"),
        "{ran:?}"
    );
}

/// Without a file there is nothing to read but what files the flags name.
#[test]
fn sighup_of_a_broker_without_a_file_changes_nothing() {
    let mut server = Server::start(&[]);
    server.signal(Signal::SIGHUP);
    server.wait_for("the configuration was read again");
    server.publish(&["-t", "a", "-m", "still here", "-q", "1"]);
}

#[test]
fn a_listener_on_a_unix_socket_serves_too() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("mqtt.sock");
    let socket = socket.to_str().unwrap();
    let listen = format!("unix:{socket}");
    let server = Server::start(&["--listen", &listen]);
    let subscriber = server.subscribe(&["-t", "a", "-C", "1"]);
    run(&["pub", "--unix", socket, "-t", "a", "-m", "over the socket", "-q", "1"]).code(0);
    assert_eq!(subscriber.finish().code(0).stdout, "over the socket\n");
}

#[test]
fn configuration_comes_from_the_environment_too() {
    let folder = TempDir::new().unwrap();
    let mut command = vouchmq(&["serve"]);
    command
        .env("VOUCHMQ_LISTEN", "127.0.0.1:0,127.0.0.1:0")
        .env("VOUCHMQ_DATA", folder.path().join("data"))
        .env("VOUCHMQ_ALLOW_ANONYMOUS", "yes")
        .env("VOUCHMQ_SHARDS", "1")
        .env("VOUCHMQ_LOG_FORMAT", "json")
        .env("VOUCHMQ_SERVICE_HOST", "10.0.0.1")
        .env("VOUCHMQ_MQTT_RECEIVE_MAXIMUM", "9");
    let mut server = Running::spawn(&mut command, b"");
    let line = server.wait_for("listening on mqtt://127.0.0.1:").to_owned();
    let port = line.split("mqtt://127.0.0.1:").nth(1).unwrap().split('"').next().unwrap();
    assert!(line.starts_with("{\"time\":\"20") && line.contains("\"shards\":1"), "{line}");
    let ran = run(&["sub", "-h", "127.0.0.1", "-p", port, "-t", "a", "-E", "-d"]).code(0);
    assert!(ran.stderr.contains("ReceiveMaximum(9)"), "{ran:?}");
}

#[test]
fn a_mistyped_variable_is_refused() {
    for (name, told) in [
        ("VOUCHMQ_MQTT_RECEIVE_MAXIMUMS", "did you mean VOUCHMQ_MQTT_RECEIVE_MAXIMUM?"),
        ("VOUCHMQ_COLOUR", "'vouchmq serve --help' lists what there is"),
    ] {
        let mut command = vouchmq(&["serve", "--allow-anonymous", "--listen", "off"]);
        let ran = Running::spawn(command.env(name, "9"), b"").finish().code(2);
        let expected = format!("the environment variable {name} means nothing; {told}");
        assert_eq!((ran.complaint(), ran.stderr.lines().count()), (&*expected, 1));
    }
}

#[test]
fn a_client_that_says_nothing_is_closed_at_the_deadline() {
    let server = Server::start(&["--set", "mqtt.connect_timeout=1s"]);
    let mut stream = server.dial();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "closed without a word");
}
