//! What whoever may change the configuration over the API cannot reach by it: other files of the machine, and what the
//! environment says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::stat::Mode;
use tempfile::TempDir;

use super::{Configured, FILE};
use crate::process::Ran;

const LISTEN: &str = "listeners.tcp.bind = \"127.0.0.1:0\"\nauth.allow_anonymous = true\n";

fn replace(broker: &Configured, text: &str) -> Ran {
    let elsewhere = TempDir::new().unwrap();
    super::write(elsewhere.path(), "wanted", text);
    broker.operate(&["config", "replace", elsewhere.path().join("wanted").to_str().unwrap()])
}

fn set(broker: &Configured, changes: &[&str]) -> Ran {
    broker.operate(&[&["config", "set"], changes].concat())
}

fn now(broker: &Configured) -> String {
    fs::read_to_string(broker.path(FILE)).unwrap()
}

#[test]
fn a_text_includes_no_other_file_of_the_machine_and_nothing_of_one_is_told() {
    let (folder, shared) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let at = |name: &str| shared.path().join(name).display().to_string();
    super::write(shared.path(), "known.conf", "mqtt.max_keep_alive = 60s\n");
    super::write(shared.path(), "secret", "swordfish is secret\n");
    super::write(folder.path(), "beside", "swordfish is secret\nmqtt.max_packet_size = swordfish\n");
    let text = format!("include \"{}\"\n{LISTEN}", at("known.conf"));
    let broker = Configured::start_in(folder, &text, &[]);
    let token = fs::read_to_string(broker.path("data/admin-token")).unwrap();
    let token_file = broker.path("data/admin-token").display().to_string();
    for (name, told) in [
        (&*at("secret"), "cannot be read: a text over the API includes what"),
        (&*at("nothing"), "cannot be read: a text over the API includes what"),
        ("/etc/passwd", "cannot be read: a text over the API includes what"),
        (&*token_file, "cannot be read: a text over the API includes what"),
        ("data/admin-token", "cannot be read: a text over the API includes what"),
        ("beside", "beside:1:1: there is a mistake here, which is told on this machine only"),
    ] {
        for include in [format!("include \"{name}\""), format!("include required(file(\"{name}\"))")] {
            let ran = replace(&broker, &format!("{text}{include}\n")).code(1);
            assert!(ran.stderr.contains(told), "{include}: {ran:#?}");
            assert!(!ran.stderr.contains("swordfish") && !ran.stderr.contains("root:"), "{ran:#?}");
            assert!(!ran.stderr.contains(token.trim()), "{ran:#?}");
            assert_eq!(now(&broker), text);
        }
    }
    // What the file includes already may stay, and a file of its folder may come.
    broker.write("none.conf", "mqtt.max_packet_size = 2MB\n");
    replace(&broker, &format!("{text}mqtt.receive_maximum = 9\ninclude \"none.conf\"\n")).code(0);
    assert!(broker.operate(&["config", "show", "mqtt.max_keep_alive"]).code(0).stdout.contains("1m"));
    // A reload tells no more.
    broker.write("none.conf", "swordfish is secret\n");
    let ran = broker.reload().code(1);
    assert!(ran.stderr.contains("none.conf:1:1") && !ran.stderr.contains("swordfish"), "{ran:#?}");
}

#[test]
fn no_text_brings_out_what_the_environment_says() {
    let variables = [
        ("VOUCHMQ_ADMIN_TOKEN", "0123456789abcdef0123456789abcdef"),
        ("NAMED", "deep-secret"),
        ("OTHER", "other-secret"),
    ];
    let text = format!("{LISTEN}log.file = \"x-\"${{NAMED}}\n");
    let folder = TempDir::new().unwrap();
    let broker = Configured::start_with("127.0.0.1:0", folder, &text, &[], &variables);
    // The token of the environment counts, so that there is no file of it.
    fs::write(broker.path("data/admin-token"), "0123456789abcdef0123456789abcdef").unwrap();
    let shown = broker.operate(&["config", "show"]).code(0).stdout;
    assert!(shown.contains("(hidden)") && !shown.contains("deep-secret"), "{shown}");
    for (more, told) in [
        ("log.file = ${VOUCHMQ_ADMIN_TOKEN}", "VOUCHMQ_ADMIN_TOKEN"),
        ("log.file = ${OTHER}", "OTHER"),
        ("mqtt.max_packet_size = ${NAMED}", "which is told on this machine only"),
        ("mqtt { a = ${NAMED}, max_packet_size = ${mqtt.a}${mqtt.a} }", "which is told on this machine only"),
        ("auth.password_file = \"/\"${NAMED}", "which is told on this machine only"),
    ] {
        let ran = replace(&broker, &format!("{text}{more}\n")).code(1);
        assert!(ran.stderr.contains(told), "{more}: {ran:#?}");
        assert!(!ran.stderr.contains("deep-secret") && !ran.stderr.contains("0123456789abcdef"), "{ran:#?}");
        assert!(!ran.stderr.contains("other-secret"), "{ran:#?}");
    }
    // An optional one is as if it were not there, and a change does not tell what it was.
    let ran = replace(&broker, &format!("{LISTEN}log.file = \"y-\"${{NAMED}}\nlog.level = ${{?OTHER}}\n"));
    let ran = ran.code(0);
    assert!(ran.stdout.contains("log.file: (hidden) -> (hidden)"), "{ran:#?}");
    assert!(!ran.stdout.contains("other-secret"), "{ran:#?}");
}

#[test]
fn logs_go_nowhere_else_over_the_api_and_into_no_file_that_is_none() {
    let elsewhere = TempDir::new().unwrap();
    let dir = format!("log.dir={}", elsewhere.path().display());
    let broker = Configured::start(LISTEN);
    fs::write(broker.path("data/script"), "#!/bin/sh\n").unwrap();
    nix::unistd::mkfifo(&broker.path("data/pipe"), Mode::S_IRWXU).unwrap();
    for (changes, told) in [
        (
            &["log.to=[file]", &*dir][..],
            "lies neither below the folder of the log nor below the data directory",
        ),
        (&["log.to=[file]", "log.file=/etc/cron.d/x"], "lies neither below"),
        (&["log.to=[file]", "log.file=../x.log"], "lies neither below"),
        (&["log.to=[file]", "log.file=script"], "was not written by the broker"),
        (&["log.to=[file]", "log.file=admin-token"], "keeps for another file"),
        (&["log.to=[file]", "log.file=pipe"], "is no regular file"),
    ] {
        let ran = set(&broker, changes).code(1);
        assert!(ran.stderr.contains(told), "{changes:?}: {ran:#?}");
    }
    let ran =
        replace(&broker, &format!("{LISTEN}log {{ to = [file], dir = {:?} }}\n", elsewhere.path())).code(1);
    assert!(ran.stderr.contains("lies neither below"), "{ran:#?}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(broker.path("data/script")).unwrap(), "#!/bin/sh\n");
    set(&broker, &["log.to=[file, console]", "log.file=logs/x.log"]).code(0);
    assert!(broker.path("data/logs/x.log").exists());
}

/// Each would be waited for while nobody else can change anything.
#[test]
fn a_pipe_in_place_of_a_file_stops_nothing() {
    let broker = Configured::start(LISTEN);
    let pipe = broker.path("pipe");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let shown = pipe.display();
    for more in [
        format!("auth.password_file = \"{shown}\""),
        format!("auth.mosquitto_acl_file = \"{shown}\""),
        format!("listeners.ssl {{ bind = \"127.0.0.1:0\", keyfile = \"{shown}\", certfile = \"{shown}\" }}"),
        "include \"pipe\"".to_owned(),
    ] {
        let ran = replace(&broker, &format!("{LISTEN}{more}\n")).code(1);
        assert!(ran.stderr.contains("it is no regular file"), "{more}: {ran:#?}");
    }
    set(&broker, &["mqtt.receive_maximum=9"]).code(0);
}

#[test]
fn what_was_replaced_is_kept_for_nobody_else() {
    let broker = Configured::start(&format!("{LISTEN}auth.password.alice = swordfish\n"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(broker.path(FILE), fs::Permissions::from_mode(0o644)).unwrap();
    replace(&broker, LISTEN).code(0);
    assert_eq!((mode(&broker.path(FILE)), mode(&broker.path("broker.conf.last"))), (0o644, 0o600));
}
