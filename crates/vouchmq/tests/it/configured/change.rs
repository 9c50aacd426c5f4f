//! `vouchmq config` against a broker at work: what is changed acts, stays, and can be taken back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;
use vouchmq_client::Method;

use super::{Configured, FILE};
use crate::process::run;

const LISTEN: &str = "listeners.tcp.bind = \"127.0.0.1:0\"\nauth.allow_anonymous = true\n";
const OVERRIDES: &str = "data/overrides.conf";
/// Goes through with 2 MB, and not with 1 KB.
const LONG: usize = 4_000;

fn publishes_long(broker: &Configured) -> bool {
    let ran = broker.run("pub", &["-t", "t", "-q", "1", "-V", "5", "-m", &"x".repeat(LONG)]);
    ran.code == 0
}

fn names(broker: &Configured) -> Vec<String> {
    let entries = fs::read_dir(broker.path("data")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("overrides"));
    names.sort();
    names
}

/// The values below a key, as `config show` tells them.
fn shown(broker: &Configured, prefix: &str) -> Vec<(String, String, String)> {
    let ran = broker.operate(&["config", "show", prefix, "--json"]).code(0);
    let items: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
    let of = |item: &Value| (text(item, "key"), text(item, "value"), text(item, "origin"));
    items.as_array().unwrap().iter().map(of).collect()
}

/// How often it is looked for a draft: some seconds.
const LOOKS_MAX: u32 = 2_000_000;

#[test]
fn a_changed_key_acts_and_survives_the_death_of_the_process() {
    let broker = Configured::start(LISTEN);
    assert!(publishes_long(&broker));
    let ran = broker.operate(&["config", "set", "mqtt.max_packet_size=1KB"]).code(0);
    assert_eq!(ran.stdout, "mqtt.max_packet_size: 1MB -> 1KB\n1 changed; 0 sessions closed\n");
    assert!(!publishes_long(&broker), "it acts at once");
    let mode = |name: &str| fs::metadata(broker.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(OVERRIDES), mode("data/overrides.conf.last")), (0o600, 0o600));
    let broker = broker.killed_and_started();
    assert!(!publishes_long(&broker), "it is kept");
    let [(key, value, origin)] = &shown(&broker, "mqtt.max_packet_size")[..] else { panic!("one value") };
    assert_eq!((&**key, &**value), ("mqtt.max_packet_size", "1KB"));
    assert!(origin.contains("data/overrides.conf:"), "{origin}");
    let ran = broker.operate(&["config", "unset", "mqtt.max_packet_size"]).code(0);
    assert!(ran.stdout.contains("1KB -> 1MB"), "{ran:?}");
    assert!(publishes_long(&broker), "it is taken back");
}

#[test]
fn check_says_that_a_value_comes_from_the_overrides() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let text = format!("{LISTEN}system.data = \"{}\"\n", data.display());
    let broker = Configured::start_in(folder, &text, &[]);
    broker.operate(&["config", "set", "mqtt.max_packet_size=1KB", "auth.order=[file]"]).code(0);
    let ran = run(&["check", broker.path(FILE).to_str().unwrap()]).code(0);
    let line = ran.stdout.lines().find(|line| line.contains("mqtt.max_packet_size")).unwrap();
    assert!(line.contains("= 1KB") && line.contains("overrides.conf:"), "{line}");
    let line = ran.stdout.lines().find(|line| line.contains("auth.order")).unwrap();
    assert!(line.contains("= [file]") && line.contains("overrides.conf:"), "{line}");
}

#[test]
fn a_change_with_a_mistake_changes_nothing_on_disk_or_at_work() {
    let broker = Configured::start(&format!("{LISTEN}mqtt.max_keep_alive = 60s\n"));
    let before = shown(&broker, "mqtt");
    for (changes, told) in [
        (&["mqtt.max_packet_size=1KB", "mqtt.max_keep_alive=never"][..], "mqtt.max_keep_alive"),
        (&["mqtt.max_packet_size=1KB", "mqtt.max_keep_alif=1s"], "did you mean mqtt.max_keep_alive"),
        (&["mqtt.max_packet_size=1KB", "auth.password_file=/nowhere/at/all"], "/nowhere/at/all"),
        (&["mqtt.max_packet_size=1KB", "listeners.tcp.other.bind=192.0.2.1:1"], "192.0.2.1"),
        (&["mqtt.max_packet_size=1KB", "log.to=[file]", "log.dir=/proc/nowhere"], "log.file"),
        (&["system.data=/tmp"], "where this very change is kept"),
        (&["auth.acl.rules=[{permit = perhaps}]"], "permit"),
        (&["auth.acl.rules=[${HOME}]"], "HOME"),
        (&["http_server.port=9"], "--api-listen"),
    ] {
        let ran = broker.operate(&[&["config", "set"], changes].concat()).code(1);
        assert!(ran.stderr.contains(told), "{told}: {ran:#?}");
        assert!(names(&broker).is_empty(), "{changes:?}");
    }
    assert_eq!(shown(&broker, "mqtt"), before);
    assert!(publishes_long(&broker));
    // Every mistake is told, each with its place.
    let patch =
        json!({"mqtt.max_packet_size": "huge", "mqtt.max_keep_alive": "never", "mqtt.retain_available": 7});
    let refused = broker.operator().call(Method::PATCH, "/v1/config", Some(&patch)).unwrap_err();
    assert_eq!((refused.status, &*refused.code), (422, "config_invalid"));
    let ran =
        broker.operate(&["config", "set", "mqtt.max_packet_size=huge", "mqtt.max_keep_alive=never"]).code(1);
    assert!(ran.stderr.contains("max_packet_size") && ran.stderr.contains("max_keep_alive"), "{ran:#?}");
}

#[test]
fn a_key_that_the_environment_or_a_flag_says_is_not_changed() {
    let folder = TempDir::new().unwrap();
    let broker = Configured::start_in(folder, LISTEN, &["--set", "mqtt.max_packet_size=1MB"]);
    let ran = broker.operate(&["config", "set", "mqtt.max_packet_size=1KB"]).code(1);
    assert!(ran.stderr.contains("--set says what it is"), "{ran:#?}");
    let ran = broker.operate(&["config", "set", "system.shards=7"]).code(1);
    assert!(ran.stderr.contains("--shards says what it is"), "{ran:#?}");
    assert_eq!(shown(&broker, "system.shards")[0].2, "--shards");
    assert!(names(&broker).is_empty());
}

#[test]
fn what_counts_after_a_restart_only_is_told_so() {
    let broker = Configured::start(LISTEN);
    let ran = broker.operate(&["config", "set", "system.verify_threads=3"]).code(0);
    assert!(
        ran.stdout.contains("system.verify_threads") && ran.stdout.contains("(counts after a restart)"),
        "{ran:?}"
    );
}

#[test]
fn the_last_change_is_put_back_and_changed_again() {
    let broker = Configured::start(LISTEN);
    broker.operate(&["config", "rollback"]).code(1);
    broker.operate(&["config", "set", "mqtt.max_packet_size=1KB"]).code(0);
    assert!(!publishes_long(&broker));
    broker.operate(&["config", "rollback"]).code(0);
    assert!(publishes_long(&broker));
    broker.operate(&["config", "rollback"]).code(0);
    assert!(!publishes_long(&broker));
}

#[test]
fn users_and_rules_are_changed_and_their_secrets_are_nowhere_told() {
    let broker =
        Configured::start("listeners.tcp.bind = \"127.0.0.1:0\"\nauth.password { alice = wonderland }\n");
    let canary = "canary-\"${HOME}\\ of 'carol'";
    let patch = json!({"auth.password.carol": canary, "auth.password.\"d.e\"": "canary-of-d.e",
        "auth.password.alice": "(hidden)"});
    let operator = broker.operator();
    let answer = operator.call(Method::PATCH, "/v1/config", Some(&patch)).unwrap();
    assert!(!answer.to_string().contains("canary"), "{answer}");
    broker.publish(&["-u", "carol", "-P", canary]).code(0);
    broker.publish(&["-u", "d.e", "-P", "canary-of-d.e"]).code(0);
    broker.publish(&["-u", "alice", "-P", "wonderland"]).code(0);
    let rules = json!({"auth.acl.rules": [{"permit": "deny", "username": "carol", "action": "publish", "topics": ["#"]}],
        "auth.no_match": "allow"});
    operator.call(Method::PATCH, "/v1/config", Some(&rules)).unwrap();
    broker.publish(&["-u", "carol", "-P", canary]).code(1);
    for path in ["/v1/config", "/v1/config/auth", "/v1/audit", "/openapi.json"] {
        let text = operator.get(path).to_string();
        assert!(!text.contains("canary-") && !text.contains("wonderland"), "{path}: {text}");
    }
    let file = broker.operate(&["config", "file"]).code(0);
    assert!(file.stdout.contains("alice = \"******\"") && !file.stdout.contains("wonderland"), "{file:?}");
    let refused =
        json!({"auth.password.carol": {"canary-of-a-block": 1}, "mqtt.max_keep_alive": "canary-of-a-time"});
    let refused = operator.call(Method::PATCH, "/v1/config", Some(&refused));
    assert!(refused.is_ok() || !format!("{refused:?}").contains("canary-of-a-block"), "{refused:?}");
    assert!(broker.process.stderr.iter().all(|line| !line.contains("canary")));
    assert!(fs::read_to_string(broker.path(OVERRIDES)).unwrap().contains("canary"), "it is kept there");
    let mut broker = broker.killed_and_started();
    broker.publish(&["-u", "d.e", "-P", "canary-of-d.e"]).code(0);
    broker.publish(&["-u", "carol", "-P", canary]).code(1);
    broker.process.kill();
}

#[test]
fn the_file_is_replaced_as_a_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    super::write(folder.path(), "more.conf", "mqtt.max_keep_alive = 60s\n");
    let text = format!("include \"more.conf\"\n{LISTEN}");
    let broker = Configured::start_in(folder, &text, &[]);
    let replace = |text: &str| {
        super::write(broker.folder(), "wanted.conf", text);
        broker.operate(&["config", "replace", broker.path("wanted.conf").to_str().unwrap()])
    };
    let now = || fs::read_to_string(broker.path(FILE)).unwrap();
    for (wrong, told) in [
        (format!("{text}mqtt.max_packet_size = huge\n"), "broker.conf:4:"),
        (format!("{text}mqtt {{\n"), "broker.conf:4:"),
        (format!("{text}auth.password {{ alice = \"******\" }}\n"), "broker.conf: line 4"),
        (format!("{text}include required(\"nothing.conf\")\n"), "nothing.conf"),
    ] {
        let ran = replace(&wrong).code(1);
        assert!(ran.stderr.contains(told), "{told}: {ran:#?}");
        assert_eq!(now(), text, "nothing has changed");
    }
    let smaller = format!("{text}mqtt.max_packet_size = 1KB\n");
    replace(&smaller).code(0);
    assert_eq!((now(), publishes_long(&broker)), (smaller.clone(), false));
    assert_eq!(fs::read_to_string(broker.path("broker.conf.last")).unwrap(), text);
    assert_eq!(shown(&broker, "mqtt.max_keep_alive")[0].1, "1m", "what is included counts");
    // What was changed key by key stays above it.
    broker.operate(&["config", "set", "mqtt.max_packet_size=2MB"]).code(0);
    let ran = replace(&smaller).code(0);
    assert!(
        ran.stderr.contains("mqtt.max_packet_size") && ran.stderr.contains("whatever the file says"),
        "{ran:?}"
    );
    broker.operate(&["config", "unset", "mqtt.max_packet_size"]).code(0);
    replace(&text).code(0);
    broker.operate(&["config", "rollback", "file"]).code(0);
    assert_eq!((now(), publishes_long(&broker)), (smaller, false));
}

#[test]
fn a_file_that_cannot_be_written_is_told_with_what_to_do() {
    let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    // Behind a link, in a directory in which the draft cannot be made.
    super::write(elsewhere.path(), "real.conf", LISTEN);
    fs::create_dir_all(elsewhere.path().join("real.conf.last.new/in-the-way")).unwrap();
    let broker = Configured::start_in(folder, LISTEN, &[]);
    fs::remove_file(broker.path(FILE)).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("real.conf"), broker.path(FILE)).unwrap();
    super::write(broker.folder(), "wanted.conf", &format!("{LISTEN}mqtt.max_packet_size = 1KB\n"));
    let ran = broker.operate(&["config", "replace", broker.path("wanted.conf").to_str().unwrap()]).code(1);
    assert!(
        ran.stderr.contains("cannot be written") && ran.stderr.contains("vouchmq config set"),
        "{ran:#?}"
    );
    assert_eq!(fs::read_to_string(elsewhere.path().join("real.conf")).unwrap(), LISTEN);
    assert!(publishes_long(&broker));
}

#[test]
fn changes_of_many_at_once_are_all_made_one_after_the_other() {
    let broker = Configured::start(LISTEN);
    thread::scope(|scope| {
        for number in 0..6 {
            let operator = broker.operator();
            scope.spawn(move || {
                let patch = json!({ format!("auth.password.user{number}"): format!("password-of-{number}") });
                operator.call(Method::PATCH, "/v1/config", Some(&patch)).unwrap();
            });
        }
    });
    let mut users = shown(&broker, "auth.password");
    users.retain(|(_, value, _)| value == "(hidden)");
    assert_eq!(users.len(), 6, "{users:?}");
    let broker = broker.killed_and_started();
    broker.publish(&["-u", "user3", "-P", "password-of-3"]).code(0);
}

#[test]
fn whenever_a_change_is_cut_off_the_broker_starts_again() {
    let mut broker = Configured::start(LISTEN);
    for round in 0..4_u64 {
        let (operator, mut process) = (broker.operator(), broker.process);
        thread::scope(|scope| {
            let changing = scope.spawn(move || {
                let mut made = 0_u64;
                for number in 0_u64.. {
                    let size = if number.is_multiple_of(2) { "1KB" } else { "2MB" };
                    let patch =
                        json!({"mqtt.max_packet_size": size, "auth.password.alice": "x".repeat(20_000)});
                    if operator.call(Method::PATCH, "/v1/config", Some(&patch)).is_err() {
                        break;
                    }
                    made += 1;
                }
                made
            });
            // As soon as there is a file, and then in the middle of anything.
            let draft = broker.folder.path().join("data/overrides.conf.new");
            let mut seen = 0;
            for _ in 0..LOOKS_MAX {
                seen += u64::from(draft.exists());
                if seen > round {
                    break;
                }
            }
            process.kill();
            let _ = changing.join().unwrap();
        });
        broker = Configured::start_in(broker.folder, LISTEN, &[]);
        broker.operate(&["config", "set", "mqtt.max_packet_size=2MB"]).code(0);
        assert!(!broker.path("data/overrides.conf.new").exists(), "what was left is gone");
    }
}
