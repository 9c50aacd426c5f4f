//! From one registry into another: who may log in there may log in here, and nobody else.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::formats::open_product;
use crate::identity::fleet::{Device, Fleet, House, text};
use crate::identity::instances::postgres::Postgres;
use crate::process::Ran;

/// Devices of all kinds, and what lets further ones in.
struct Known {
    secret: Device,
    password: Device,
    revoked: Device,
    blocked: Device,
    suspended: Device,
    claim: String,
}

const PASSWORD: &str = "a password of a person";

impl Known {
    fn make(fleet: &Fleet) -> Self {
        open_product(fleet, "sensor");
        let products = fleet.operator.get("/v1/products");
        let product = text(&products["items"][0], "id");
        let path = format!("/v1/products/{product}");
        fleet
            .operator
            .call(vouchmq_client::Method::PATCH, &path, Some(&json!({"reg_strategy": "auto"})))
            .unwrap();
        let enter = |id: &str| fleet.enter(&product, id);
        let (secret, revoked) = (enter("secret"), enter("revoked"));
        drop(fleet.connect(&secret).unwrap());
        fleet.revoke(&revoked.credential);
        let password = Device { secret: PASSWORD.to_owned(), ..enter("password") };
        let new = json!({"kind": "password", "password": PASSWORD});
        fleet.operator.post("/v1/devices/password/credentials", &new);
        let (blocked, suspended) = (enter("blocked"), enter("suspended"));
        fleet.operator.post("/v1/blocks", &json!({"kind": "device", "value": "blocked"}));
        fleet.operator.act("/v1/devices/suspended:suspend");
        let claim = fleet.claim(&product, 5);
        Self { secret, password, revoked, blocked, suspended, claim }
    }

    fn check(&self, fleet: &Fleet, hw_id: &str) {
        fleet.connect(&self.secret).unwrap();
        fleet.connect(&self.password).unwrap();
        assert_eq!(fleet.connect(&self.revoked).unwrap_err(), 0x86);
        assert_eq!(fleet.connect(&self.blocked).unwrap_err(), 0x87);
        assert_eq!(fleet.connect(&self.suspended).unwrap_err(), 0x87);
        assert_eq!(fleet.connect_with(&self.secret, PASSWORD).unwrap_err(), 0x86);
        fleet.connect(&fleet.register(hw_id, &self.claim)).unwrap();
        let audit = fleet.operator.post("/v1/audit:verify", &json!({}));
        assert_eq!(audit["ok"], json!(true), "{audit}");
    }
}

/// Exports everything by a file, and imports it elsewhere.
fn carry(from: &Fleet, file: &str, to: &Fleet) -> Ran {
    let ran = from.command(&["export", "--verifiers", "--out", file], "").code(0);
    assert!(ran.stdout.ends_with(&format!(" lines written to {file}\n")) && ran.stderr.is_empty(), "{ran:?}");
    let dry = to.command(&["import", "--format", "native", "--dry-run", file], "");
    let ran = to.command(&["import", "--format", "native", file], "");
    let dry = dry.stdout.replace("dry run, nothing was changed: ", "");
    assert_eq!(dry, ran.stdout);
    ran
}

#[test]
fn what_is_exported_is_imported_elsewhere_and_every_secret_is_what_it_was() {
    let (left, right) = (House::new(), House::new());
    let one = left.start(&[]);
    let known = Known::make(&one);
    fs::create_dir_all(right.data()).unwrap();
    fs::copy(left.data().join("keys"), right.data().join("keys")).unwrap();
    let other = right.start(&[]);
    let file = left.beside("export");
    let ran = carry(&one, file.to_str().unwrap(), &other).code(0);
    assert_eq!(ran.stdout, "8 rows: 8 created, 0 updated, 0 skipped, 0 failed\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let export = fs::read_to_string(&file).unwrap();
    for secret in [&*known.secret.secret, PASSWORD, &known.claim] {
        assert!(!export.contains(secret), "{export}");
    }
    known.check(&other, "hw-1");
    known.check(&one, "hw-1");
    // It is kept: also by the next process, which reads it from the database.
    other.stop();
    known.check(&right.start(&[]), "hw-2");
    let audit = one.operator.get("/v1/audit?limit=200").to_string();
    assert!(audit.contains("export.verifiers"), "{audit}");
}

#[test]
fn a_registry_moves_to_postgresql_and_back() {
    const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let postgres = Postgres::start();
    let house = || House::new().with("VOUCHMQ_KEYS", KEYS.to_owned());
    let (first, second, third) = (house(), house().with("VOUCHMQ_DATABASE", postgres.url()), house());
    let sqlite = first.start(&[]);
    let known = Known::make(&sqlite);
    let (there, back) = (first.beside("there"), first.beside("back"));
    let on_postgres = second.start(&[]);
    let ran = carry(&sqlite, there.to_str().unwrap(), &on_postgres).code(0);
    assert_eq!(ran.stdout, "8 rows: 8 created, 0 updated, 0 skipped, 0 failed\n");
    known.check(&on_postgres, "hw-1");
    // Rows that are wrong, of which PostgreSQL might take offence.
    let hostile = "id,hw_id,tags\na\u{0},h1,\nb,h\u{0},\nc,h3,x=\u{0}\nd,h4,x=\u{1f600}\n";
    let ran =
        on_postgres.command(&["import", "--format", "csv", "--product", "sensor", "-"], hostile).code(1);
    assert!(ran.stdout.ends_with("4 rows: 1 created, 0 updated, 0 skipped, 3 failed\n"), "{ran:?}");
    let many: String = (0..300).map(|number| format!("n{number},,site=a\n")).collect();
    let many = format!("id,hw_id,tags\n{many}");
    let ran = on_postgres.command(&["import", "--format", "csv", "--product", "sensor", "-"], &many).code(0);
    assert_eq!(ran.stdout, "300 rows: 300 created, 0 updated, 0 skipped, 0 failed\n");
    let again = third.start(&[]);
    let ran = carry(&on_postgres, back.to_str().unwrap(), &again).code(0);
    assert_eq!(ran.stdout, "310 rows: 310 created, 0 updated, 0 skipped, 0 failed\n");
    known.check(&again, "hw-2");
}

#[test]
fn where_the_keys_are_others_no_secret_is_taken_and_it_is_said() {
    let (left, right) = (House::new(), House::new());
    let (one, other) = (left.start(&[]), right.start(&[]));
    let known = Known::make(&one);
    let ran = carry(&one, left.beside("export").to_str().unwrap(), &other).code(1);
    assert!(ran.stdout.contains("unknown_key") && ran.stdout.contains("key file of the registry"), "{ran:?}");
    assert!(ran.stdout.ends_with("8 rows: 2 created, 0 updated, 0 skipped, 6 failed\n"), "{ran:?}");
    assert!(ran.complaint().starts_with("6 of 8 rows failed"), "{ran:?}");
    assert_eq!(other.connect(&known.secret).unwrap_err(), 0x86);
    assert!(other.operator.get("/v1/devices")["items"].as_array().unwrap().is_empty());
}

#[test]
fn without_verifiers_devices_come_without_credentials_and_it_is_said() {
    let (left, right) = (House::new(), House::new());
    let (one, other) = (left.start(&[]), right.start(&[]));
    let known = Known::make(&one);
    let export = one.command(&["export"], "").code(0);
    assert_eq!(export.stderr, "without --verifiers: devices that are imported from it have no credentials\n");
    let ran = other.command(&["import", "--format", "native", "-"], &export.stdout).code(1);
    assert!(
        ran.stderr.starts_with("6 credentials were left out: the export was made without --verifiers\n"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("no_verifier"), "the claim token: {ran:?}");
    assert_eq!(other.connect(&known.secret).unwrap_err(), 0x86);
    assert_eq!(text(&other.operator.get("/v1/devices/secret"), "state"), "active");
}
