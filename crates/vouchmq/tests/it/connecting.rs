//! Connections that are not answered, lost, and made again.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::process::{Running, run};
use crate::server::Server;

const VERSIONS: [&str; 3] = ["31", "311", "5"];

/// A server that accepts connections, as the system does before it is asked, and says nothing.
fn mute() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    (listener, port)
}

fn start(command: &str, port: &str, flags: &[&str]) -> Running {
    Running::start(&[&[command, "-h", "127.0.0.1", "-p", port, "-t", "a"], flags].concat())
}

/// Passes one connection after the other on to a broker; each one is handed out, to be cut.
fn proxy(server: &Server) -> (String, Receiver<TcpStream>) {
    let (listener, port) = mute();
    let address = format!("127.0.0.1:{}", server.port);
    let (send, connections) = channel();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let broker = TcpStream::connect(&address).unwrap();
            for (mut from, mut to) in [(&client, &broker), (&broker, &client)]
                .map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()))
            {
                std::thread::spawn(move || {
                    // What one side has ended is over for the other.
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
            if send.send(client).is_err() {
                return;
            }
        }
    });
    (port, connections)
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let (_listener, port) = mute();
    let waiting = [start("sub", &port, &[]), start("pub", &port, &["-m", "x"])];
    for command in waiting {
        let ran = command.finish().code(1);
        let told =
            format!("cannot connect to 127.0.0.1:{port}: no answer within 10 s; is it an MQTT server?");
        assert_eq!((ran.complaint(), ran.stderr.lines().count()), (&*told, 1));
    }
}

#[test]
fn signals_and_w_count_before_the_server_has_answered() {
    let (_listener, port) = mute();
    let timed = start("sub", &port, &["-W", "1"]);
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut subscriber = start("sub", &port, &["-d"]);
        subscriber.wait_for("sending CONNECT");
        subscriber.signal(signal);
        subscriber.finish().code(0);
        let mut publisher = start("pub", &port, &["-d", "-m", "x"]);
        publisher.wait_for("sending CONNECT");
        publisher.signal(signal);
        assert_eq!(publisher.finish().code, -1, "ended by the signal");
    }
    let ran = timed.finish().code(27);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn a_subscriber_outlives_a_restart_of_the_broker() {
    for version in VERSIONS {
        let mut server = Server::start(&[]);
        let mut subscriber = server.subscribe(&["-V", version, "-t", "a", "-t", "b", "-q", "1", "-C", "2"]);
        server.publish(&["-t", "a", "-m", "before", "-q", "1"]);
        server.kill();
        subscriber.wait_for("connecting again");
        server.restart(&[]);
        subscriber.wait_for("received SUBACK");
        server.publish(&["-t", "b", "-m", "after", "-q", "1"]);
        let ran = subscriber.finish().code(0);
        assert_eq!(ran.stdout, "before\nafter\n", "version {version}");
        assert_eq!(ran.stderr.matches("connecting again").count(), 1, "{ran:?}");
    }
}

#[test]
fn a_kept_session_goes_on_when_the_connection_is_made_again() {
    let server = Server::start(&[]);
    let kept: [&[&str]; 3] = [&["-V", "311", "-c"], &["-V", "5", "-c"], &["-V", "5", "-x", "60"]];
    for flags in kept {
        let (port, connections) = proxy(&server);
        let session = ["-i", "keeper", "-q", "2", "-d", "-C", "2"];
        let mut subscriber = start("sub", &port, &[flags, &session[..]].concat());
        subscriber.wait_for("received SUBACK");
        server.publish(&["-t", "a", "-m", "one", "-q", "2"]);
        subscriber.wait_for("received PUBREL");
        connections.recv().unwrap().shutdown(Shutdown::Both).unwrap();
        let again = subscriber.wait_for("received CONNACK").to_owned();
        assert!(again.contains("session present: true"), "{flags:?}: {again}");
        server.publish(&["-t", "a", "-m", "two", "-q", "2"]);
        assert_eq!(subscriber.finish().code(0).stdout, "one\ntwo\n", "{flags:?}");
    }
}

#[test]
fn signals_and_w_count_while_the_broker_is_away() {
    let mut server = Server::start(&[]);
    let timed = server.subscribe(&["-t", "a", "-W", "3"]);
    let signals = [Signal::SIGINT, Signal::SIGTERM];
    let waiting = signals.map(|signal| (signal, server.subscribe(&["-t", "a"])));
    server.kill();
    for (signal, mut subscriber) in waiting {
        subscriber.wait_for("connecting again");
        subscriber.signal(signal);
        subscriber.finish().code(0);
    }
    let ran = timed.finish().code(27);
    assert_eq!(ran.stderr.matches("connecting again").count(), 1, "{ran:?}");
}

#[test]
fn who_is_refused_afterwards_ends() {
    let folder = TempDir::new().unwrap();
    let users = folder.path().join("users");
    let users = users.to_str().unwrap();
    run(&["passwd", "-c", users, "alice", "-b", "wonderland"]).code(0);
    let mut server = Server::start(&[]);
    let subscriber = server.subscribe(&["-t", "a", "-u", "bob", "-P", "x"]);
    let quiet = server.subscribe(&["-t", "a", "-u", "bob", "-P", "x", "--quiet"]);
    server.kill();
    server.restart(&["--user-file", users]);
    let ran = subscriber.finish().code(1);
    assert!(
        ran.stderr.ends_with("refused the connection: bad user name or password (0x86); check -u and -P\n"),
        "{ran:?}"
    );
    let ran = quiet.finish().code(1);
    assert!(!ran.stderr.contains("vouchmq: "), "{ran:?}");
}
