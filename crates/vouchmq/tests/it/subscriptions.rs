//! What `sub` ends with, and what is kept between two runs.

use nix::sys::signal::Signal;

use crate::server::Server;

#[test]
fn the_time_of_w_ends_with_27_and_the_count_of_c_with_0() {
    let server = Server::start(&[]);
    let ran = server.run("sub", &["-t", "a", "-W", "1"]).code(27);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    server.publish(&["-t", "a", "-m", "x", "-r", "-q", "1"]);
    assert_eq!(server.run("sub", &["-t", "a", "-W", "10", "-C", "1"]).code(0).stdout, "x\n");
}

#[test]
fn a_signal_ends_a_subscriber_in_order() {
    let server = Server::start(&[]);
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let subscriber = server.subscribe(&["-t", "a", "--will-topic", "w", "--will-payload", "not sent"]);
        subscriber.signal(signal);
        let ran = subscriber.finish().code(0);
        assert!(ran.stderr.contains("sending DISCONNECT"), "{ran:?}");
    }
}

#[test]
fn a_kept_session_gets_what_was_missed() {
    let server = Server::start(&[]);
    for version in ["31", "311", "5"] {
        let client = format!("keeper-{version}");
        let session = ["-V", version, "-i", &client, "-c", "-t", "a", "-q", "1"];
        server.run("sub", &[&session[..], &["-E"]].concat()).code(0);
        for payload in ["one", "two"] {
            server.publish(&["-t", "a", "-q", "1", "-m", payload]);
        }
        let ran = server.run("sub", &[&session[..], &["-C", "2"]].concat()).code(0);
        assert_eq!(ran.stdout, "one\ntwo\n", "version {version}");
        let unsubscribe = ["-V", version, "-i", &client, "-c", "-U", "a", "-E"];
        server.run("sub", &unsubscribe).code(0);
        server.publish(&["-t", "a", "-q", "1", "-m", "three"]);
        assert_eq!(
            server.run("sub", &["-V", version, "-i", &client, "-c", "-t", "b", "-W", "1"]).code(27).stdout,
            ""
        );
    }
}

#[test]
fn a_session_ends_when_its_time_is_over() {
    let server = Server::start(&[]);
    let session = ["-i", "short", "-c", "-x", "1", "-t", "a", "-q", "1"];
    server.run("sub", &[&session[..], &["-E"]].concat()).code(0);
    let back = ["-i", "short", "-c", "-x", "1", "-t", "b", "-d"];
    let ran = server.run("sub", &[&back[..], &["-E"]].concat()).code(0);
    assert!(ran.stderr.contains("session present: true"), "{ran:?}");
    server.run("sub", &["-i", "clock", "-t", "c", "-W", "2"]).code(27);
    let ran = server.run("sub", &[&back[..], &["-E"]].concat()).code(0);
    assert!(ran.stderr.contains("session present: false"), "{ran:?}");
}

#[test]
fn a_second_client_of_the_same_id_takes_over() {
    let server = Server::start(&[]);
    let first = server.subscribe(&["-t", "a", "-i", "twin"]);
    let _second = server.subscribe(&["-t", "a", "-i", "twin"]);
    let ran = first.finish().code(1);
    assert!(ran.stderr.ends_with("the server ended the connection: session taken over (0x8E)\n"), "{ran:?}");
}

#[test]
fn what_is_shared_goes_to_one() {
    let server = Server::start(&[]);
    let one = server.subscribe(&["-t", "$share/group/jobs", "-C", "2"]);
    let two = server.subscribe(&["-t", "$share/group/jobs", "-C", "2"]);
    server.run_with_input("pub", &["-t", "jobs", "-q", "1", "-l"], b"1\n2\n3\n4\n").code(0);
    let printed = one.finish().code(0).stdout + &two.finish().code(0).stdout;
    let mut jobs: Vec<&str> = printed.lines().collect();
    jobs.sort_unstable();
    assert_eq!(jobs, ["1", "2", "3", "4"]);
}

#[test]
fn a_subscription_that_is_refused_is_told_by_name() {
    let server = Server::start(&["--set", "mqtt.max_subscriptions=1"]);
    let ran = server.run("sub", &["-t", "a", "-t", "b", "-E"]).code(0);
    assert_eq!(ran.complaint(), "the server refused the subscription to 'b': quota exceeded (0x97)");
    let ran = server
        .run("sub", &["-t", "x/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+", "-E"]);
    let ran = ran.code(1);
    assert!(ran.complaint().ends_with("Topic Filter invalid (0x8F)"), "{ran:?}");
}
