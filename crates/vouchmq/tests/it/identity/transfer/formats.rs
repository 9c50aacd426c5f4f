//! What other brokers kept: their users log in here.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};

use crate::identity::fleet::{Fleet, House, eventually};
use crate::identity::wire::{Login, Version, Wire};
use crate::process::Ran;

/// A product whose devices may have passwords.
pub(super) fn open_product(fleet: &Fleet, key: &str) {
    fleet
        .command(&["product", "create", "--key", key, "--name", key, "--kind", "secret,password,scram"], "")
        .code(0);
}

/// Imports what stands on standard input into the product `old`.
fn import(fleet: &Fleet, format: &str, more: &[&str], file: &str) -> Ran {
    let arguments = ["import", "--format", format, "--product", "old", "-"];
    fleet.command(&[&arguments[..], more].concat(), file)
}

fn login(fleet: &Fleet, name: &str, password: &str) -> Result<Wire, u8> {
    Wire::connect(&fleet.mqtt, &Login::of(Version::V5, name, password))
}

/// What the password of a device is compared with.
fn kept(fleet: &Fleet, device: &str) -> String {
    let export = fleet.command(&["export", "--verifiers"], "").code(0).stdout;
    let lines = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let device = lines.into_iter().find(|line| line["type"] == "device" && line["id"] == device).unwrap();
    device["credentials"][0]["verifier"]["text"].as_str().unwrap_or_default().to_owned()
}

/// `mosquitto_passwd`: "correct horse" and "x".
const SIX: &str = "$6$qxaS/6BJAG/1eEhW$Qtc5GrXjcWRpvGFrKvobDmsirVczfwbpwhVhXRKHLO65f/eGrrbmG6uwb2OmQZiyfs6krohRODRFJ3hsFQ3nDg==";
const SEVEN: &str = "$7$101$sh+y8quEI0RR+Qzw$2/sO6J1lQm5d75tsTEPW2iRIPbs9fBcXUATuIKn7gd5ERRTbACjnAmZyZaVTpcZ/WrZRTFtfgoOTolzR8O2GCQ==";
/// A user of the example in EMQX's manual.
const EMQX: (&str, &str) =
    ("b6c743545a7817ae8c8f624371d5f5f0373234bb0ff36b8ffbf19bce0e06ab75", "de1024f462fb83910fd13151bd4bd235");

#[test]
fn passwords_of_other_brokers_let_their_users_in_and_are_kept_in_our_way() {
    let house = House::new();
    let fleet = house.start(&["--log-level", "trace"]);
    open_product(&fleet, "old");
    let [_, _, iterations, salt, hash] = SEVEN.split('$').collect::<Vec<_>>()[..] else { panic!("{SEVEN}") };
    let security = json!({"clients": [{"username": "dynamic", "password": hash, "salt": salt,
        "iterations": iterations.parse::<u32>().unwrap(), "roles": [], "groups": []}]});
    let users = json!([{"user_id": "json", "password_hash": EMQX.0, "salt": EMQX.1, "is_superuser": false}]);
    let pbkdf2 = "a900cf4996b73ab9b2cbda0ad4fbb464b2f03f64afce6c77caef0ebc376afc9d";
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    let table = |name: &str, hash: &str, salt: &str| {
        format!("user_id,password_hash,salt,is_superuser\n{name},{hash},{salt},false\n")
    };
    for (format, more, file, name, password) in [
        ("mosquitto", &[][..], format!("six:{SIX}\n"), "six", "correct horse"),
        ("mosquitto", &[], format!("# comment\r\nseven:{SEVEN}\r\n"), "seven", "x"),
        ("mosquitto", &[], security.to_string(), "dynamic", "x"),
        ("emqx", &[], users.to_string(), "json", "mypassword3"),
        ("emqx", &[], table("csv", EMQX.0, EMQX.1), "csv", "mypassword3"),
        (
            "emqx",
            &["--algorithm", "pbkdf2", "--mac-fun", "sha256", "--iterations", "1000"],
            table("pbkdf2", pbkdf2, "saltsalt"),
            "pbkdf2",
            "correct horse",
        ),
        ("emqx", &["--algorithm", "bcrypt"], table("bcrypt", bcrypt, ""), "bcrypt", "correct horse"),
        ("emqx", &["--algorithm", "plain"], table("plain", "hunter2", ""), "plain", "hunter2"),
        ("nanomq", &[], "\"admin\": \"pub\\\"lic\"\n".to_owned(), "admin", "pub\"lic"),
        ("csv", &[], "id,tags,password\ntable,site=a,correct horse\n".to_owned(), "table", "correct horse"),
    ] {
        let ran = import(&fleet, format, more, &file).code(0);
        assert_eq!(ran.stdout, "1 row: 1 created, 0 updated, 0 skipped, 0 failed\n", "{ran:?}");
        assert_eq!(ran.stderr, "");
        let before = kept(&fleet, name);
        assert_eq!(login(&fleet, name, "wrong").unwrap_err(), 0x86, "{name}");
        login(&fleet, name, password).unwrap_or_else(|code| panic!("{name} is refused: {code:#x}"));
        eventually("the password is kept in our way", || kept(&fleet, name).starts_with("$argon2id$"));
        assert!(before == kept(&fleet, name) || !before.starts_with("$argon2id$"), "{before}");
        login(&fleet, name, password).unwrap();
        // Once more: it is here.
        let again = import(&fleet, format, more, &file).code(0);
        assert_eq!(again.stdout, "1 row: 0 created, 0 updated, 1 skipped, 0 failed\n", "{again:?}");
    }
    let ended = fleet.stop();
    for secret in ["mypassword3", "hunter2", "correct horse"] {
        assert!(!ended.stderr.contains(secret) && !ended.stdout.contains(secret), "{secret}");
    }
}

#[test]
fn what_a_row_says_that_would_be_lost_makes_it_fail_unless_that_is_wanted() {
    let house = House::new();
    let fleet = house.start(&[]);
    open_product(&fleet, "old");
    let file = format!("user_id,password_hash,salt,is_superuser\nroot,{},{},true\n", EMQX.0, EMQX.1);
    let ran = import(&fleet, "emqx", &[], &file).code(1);
    assert!(ran.stdout.contains("ignore=is_superuser"), "{ran:?}");
    assert_eq!(login(&fleet, "root", "mypassword3").unwrap_err(), 0x86);
    import(&fleet, "emqx", &["--ignore", "is_superuser"], &file).code(0);
    login(&fleet, "root", "mypassword3").unwrap();
}

#[test]
fn a_dry_run_changes_nothing_and_a_row_that_fails_harms_no_other() {
    let house = House::new();
    let fleet = house.start(&[]);
    open_product(&fleet, "old");
    let file = "id,hw_id,password\ngood,h1,correct horse\nbad id!,h2,\nlate,h1,\nalso,h3,correct horse\n";
    let state = |fleet: &Fleet| {
        let devices = fleet.operator.get("/v1/devices")["items"].clone();
        (devices, fleet.operator.get("/v1/audit?limit=200"))
    };
    let before = state(&fleet);
    let ran = import(&fleet, "csv", &["--dry-run"], file).code(1);
    assert!(
        ran.stdout
            .ends_with("dry run, nothing was changed: 4 rows: 2 created, 0 updated, 0 skipped, 2 failed\n"),
        "{ran:?}"
    );
    assert_eq!(ran.complaint(), "2 of 4 rows failed");
    let ran = import(&fleet, "csv", &["--atomic"], file).code(1);
    assert!(ran.stdout.ends_with("4 rows: 0 created, 0 updated, 2 skipped, 2 failed\n"), "{ran:?}");
    assert_eq!(ran.complaint(), "2 of 4 rows failed, and nothing was entered");
    assert_eq!(state(&fleet).0, before.0);
    assert_eq!(login(&fleet, "good", "correct horse").unwrap_err(), 0x86);

    let ran = import(&fleet, "csv", &[], file).code(1);
    for (line, code) in [("3", "invalid"), ("4", "already_exists")] {
        let is_told = |row: &str| {
            let cells: Vec<&str> = row.split_whitespace().collect();
            cells.contains(&line) && cells.contains(&code)
        };
        assert!(ran.stdout.lines().any(is_told), "{line}: {ran:?}");
    }
    assert!(ran.stdout.ends_with("4 rows: 2 created, 0 updated, 0 skipped, 2 failed\n"), "{ran:?}");
    assert!(!ran.stdout.contains("correct horse") && !ran.stderr.contains("correct horse"), "{ran:?}");
    login(&fleet, "good", "correct horse").unwrap();
    login(&fleet, "also", "correct horse").unwrap();
    let ran = import(&fleet, "csv", &["--json", "--dry-run"], file).code(1);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["total"], &report["failed"], &report["dry_run"]),
        (&json!(4), &json!(2), &json!(true))
    );
    // All of it: a dry run leaves nothing, an import that failed its entry.
    let audit = fleet.operator.get("/v1/audit?limit=200");
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["product.create", "import.finish", "device.create", "device.create", "import.finish"]
    );
}

#[test]
fn a_device_that_is_here_gets_a_further_password_only_by_who_says_update() {
    let house = House::new();
    let fleet = house.start(&[]);
    open_product(&fleet, "old");
    import(&fleet, "csv", &[], "id,password\nd1,first word\n").code(0);
    let file = "id,password\nd1,second word\n";
    import(&fleet, "csv", &[], file).code(0);
    assert_eq!(login(&fleet, "d1", "second word").unwrap_err(), 0x86);
    let ran = import(&fleet, "csv", &["--update"], file).code(0);
    assert_eq!(ran.stdout, "1 row: 0 created, 1 updated, 0 skipped, 0 failed\n");
    login(&fleet, "d1", "second word").unwrap();
    login(&fleet, "d1", "first word").unwrap();
}
