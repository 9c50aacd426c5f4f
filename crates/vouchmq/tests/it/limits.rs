//! Limits that are set with `--set`, met and exceeded.

use crate::process::Ran;
use crate::server::Server;

/// What is done at a limit, and beyond it; the code and the end of the complaint then.
struct Case {
    set: &'static str,
    within: &'static [&'static str],
    beyond: &'static [&'static str],
    told: &'static str,
}

const CASES: &[Case] = &[
    Case {
        set: "mqtt.max_packet_size=64",
        within: &["pub", "-t", "a", "-m", "0123456789012345678901234567890123456789", "-q", "1"],
        beyond: &[
            "pub",
            "-t",
            "a",
            "-m",
            "0123456789012345678901234567890123456789012345678901234567890123",
            "-q",
            "1",
        ],
        told: "the message of 64 bytes is larger than the server accepts",
    },
    Case {
        set: "mqtt.max_packet_size=64",
        within: &["pub", "-V", "311", "-t", "a", "-m", "x", "-q", "1"],
        beyond: &[
            "pub",
            "-V",
            "311",
            "-t",
            "a",
            "-q",
            "1",
            "-m",
            "0123456789012345678901234567890123456789012345678901234567890123",
        ],
        told: "messages not acknowledged: 1",
    },
    Case {
        set: "mqtt.max_clientid_size=5",
        within: &["sub", "-t", "a", "-E", "-i", "12345"],
        beyond: &["sub", "-t", "a", "-E", "-i", "123456"],
        told: "refused the connection: Client Identifier not valid (0x85); try another client id with -i",
    },
    Case {
        set: "mqtt.max_topic_levels=3",
        within: &["pub", "-t", "a/b/c", "-m", "x", "-q", "1"],
        beyond: &["pub", "-t", "a/b/c/d", "-m", "x", "-q", "1"],
        told: "Topic Name invalid (0x90)",
    },
    Case {
        set: "mqtt.max_topic_size=6",
        within: &["sub", "-t", "abc/de", "-E"],
        beyond: &["sub", "-t", "abc/def", "-E"],
        told: "Topic Filter invalid (0x8F)",
    },
    Case {
        set: "mqtt.max_subscriptions=1",
        within: &["sub", "-t", "a", "-E"],
        beyond: &["sub", "-t", "a", "-t", "b", "-W", "1"],
        told: "the server refused the subscription to 'b': quota exceeded (0x97)",
    },
    Case {
        set: "mqtt.max_user_properties=1",
        within: &["pub", "-t", "a", "-m", "x", "-q", "1", "-D", "publish", "user-property", "a", "1"],
        beyond: &[
            "pub",
            "-t",
            "a",
            "-m",
            "x",
            "-q",
            "1",
            "-D",
            "publish",
            "user-property",
            "a",
            "1",
            "-D",
            "publish",
            "user-property",
            "b",
            "2",
        ],
        told: "packet too large (0x95)",
    },
    Case {
        set: "retained.max_messages=1",
        within: &["pub", "-t", "a", "-m", "x", "-q", "1", "-r"],
        beyond: &["pub", "-t", "b", "-m", "x", "-q", "1", "-r"],
        told: "quota exceeded (0x97)",
    },
    Case {
        set: "mqtt.max_topic_alias=2",
        within: &["pub", "-t", "a", "-m", "x", "-D", "publish", "topic-alias", "2"],
        beyond: &["pub", "-t", "a", "-m", "x", "-D", "publish", "topic-alias", "3"],
        told: "the server does not take this topic alias",
    },
    Case {
        set: "mqtt.check_payload_format=true",
        within: &["pub", "-t", "a", "-m", "ü", "-q", "1", "-D", "publish", "payload-format-indicator", "1"],
        beyond: &["pub", "-t", "a", "-s", "-q", "1", "-D", "publish", "payload-format-indicator", "1"],
        told: "payload format invalid (0x99)",
    },
];

#[test]
fn what_is_within_is_done_and_what_is_beyond_is_refused() {
    for Case { set, within, beyond, told } in CASES {
        let server = Server::start(&["--set", set]);
        let run = |words: &[&str]| -> Ran {
            let (command, flags) = words.split_first().unwrap();
            server.run_with_input(command, flags, b"\xff")
        };
        run(within).code(0);
        let ran = run(beyond);
        assert_ne!(ran.code, 0, "{set}: {ran:#?}");
        assert!(ran.stderr.lines().any(|line| line.contains(told)), "{set}: {ran:#?}");
        run(within).code(0);
    }
}

#[test]
fn what_clients_have_to_know_is_announced() {
    let server = Server::start(&["--set", "mqtt.max_keep_alive=1m", "--set", "mqtt.max_session_expiry=5m"]);
    let ran = server.run("sub", &["-t", "a", "-E", "-d", "-k", "120", "-i", "x", "-x", "600"]).code(0);
    for told in ["ServerKeepAlive(60)", "SessionExpiryInterval(300)"] {
        assert!(ran.stderr.contains(told), "{ran:?}");
    }
}

#[test]
fn a_full_session_refuses_by_default_and_drops_when_told_to() {
    for (policy, refused, kept) in
        [("reject", true, "1\n2\n"), ("drop_new", false, "1\n2\n"), ("drop_oldest", false, "2\n3\n")]
    {
        let policy = format!("mqtt.queue_full={policy}");
        let server = Server::start(&["--set", "mqtt.max_mqueue_len=2", "--set", &policy]);
        let session = ["-i", "keeper", "-c", "-t", "a", "-q", "1"];
        server.run("sub", &[&session[..], &["-E"]].concat()).code(0);
        let ran = server.run_with_input("pub", &["-t", "a", "-q", "1", "-l", "-M", "1"], b"1\n2\n3\n");
        assert_eq!(
            (ran.code != 0, ran.stderr.contains("quota exceeded (0x97)")),
            (refused, refused),
            "{ran:?}"
        );
        assert_eq!(
            server.run("sub", &[&session[..], &["-C", "2"]].concat()).code(0).stdout,
            kept,
            "{policy}"
        );
    }
}
