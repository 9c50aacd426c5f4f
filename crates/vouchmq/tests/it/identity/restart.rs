//! What outlives the process, and what keeps it from starting.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::fleet::{Device, Fleet, House, text};

/// A device that may log in, one that was revoked, a claim token, a block.
struct State {
    good: Device,
    revoked: Device,
    claim: String,
}

impl State {
    fn make(fleet: &Fleet) -> Self {
        let product = fleet.product("sensor");
        let (good, revoked) = (fleet.enter(&product, "good"), fleet.enter(&product, "revoked"));
        drop(fleet.connect(&good).unwrap());
        drop(fleet.connect(&revoked).unwrap());
        fleet.revoke(&revoked.credential);
        fleet.operator.post("/v1/blocks", &json!({"kind": "username", "value": "blocked"}));
        Self { good, revoked, claim: fleet.claim(&product, 100) }
    }

    #[track_caller]
    fn check(&self, fleet: &Fleet, hw_id: &str) {
        fleet.connect(&self.good).unwrap();
        assert_eq!(fleet.connect(&self.revoked).unwrap_err(), 0x86);
        let blocked = Device { id: "blocked".to_owned(), ..self.good.clone() };
        assert_eq!(fleet.connect(&blocked).unwrap_err(), 0x87);
        fleet.connect(&fleet.register(hw_id, &self.claim)).unwrap();
        assert_eq!(text(&fleet.operator.get("/v1/devices/good"), "state"), "active");
        let audit = fleet.operator.post("/v1/audit:verify", &json!({}));
        assert_eq!(audit["ok"], json!(true), "{audit}");
    }
}

#[test]
fn everything_is_there_after_the_end_whatever_the_end_was() {
    let house = House::new();
    let fleet = house.start(&[]);
    let state = State::make(&fleet);
    fleet.stop();
    let fleet = house.start(&[]);
    state.check(&fleet, "hw-1");
    fleet.kill();
    let fleet = house.start(&[]);
    state.check(&fleet, "hw-2");
}

#[test]
fn without_the_keys_of_the_database_there_is_no_start() {
    let house = House::new();
    let fleet = house.start(&[]);
    let state = State::make(&fleet);
    fleet.stop();
    let (keys, kept) = (house.data().join("keys"), house.beside("kept"));

    fs::rename(&keys, &kept).unwrap();
    let told = house.fail(&[]).code(2);
    assert!(told.complaint().contains("is missing: the database was used with it; put it back"), "{told:?}");

    let wrong = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    write_private(&keys, wrong);
    let told = house.fail(&[]).code(2);
    assert!(told.complaint().contains("put the right key file back"), "{told:?}");
    assert!(!told.stderr.contains(wrong.trim_end()), "{told:?}");

    write_private(&keys, "this is no key\n");
    let told = house.fail(&[]).code(2);
    assert!(told.complaint().starts_with("the key file "), "{told:?}");

    fs::copy(&kept, &keys).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    let told = house.fail(&[]).code(2);
    assert!(told.complaint().contains("others may read the key file"), "{told:?}");

    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    state.check(&house.start(&[]), "hw-1");
}

/// A backup that is restored would let in who was revoked since.
#[test]
fn an_older_database_is_not_used_unless_that_is_said() {
    let house = House::new();
    let fleet = house.start(&[]);
    let product = fleet.product("sensor");
    let device = fleet.enter(&product, "revoked-later");
    drop(fleet.connect(&device).unwrap());
    fleet.stop();
    let (database, backup) = (house.data().join("vouchmq.db"), house.beside("backup.db"));
    fs::copy(&database, &backup).unwrap();

    let fleet = house.start(&[]);
    fleet.revoke(&device.credential);
    fleet.stop();
    fs::copy(&backup, &database).unwrap();
    for left in ["vouchmq.db-wal", "vouchmq.db-shm"] {
        let _ = fs::remove_file(house.data().join(left));
    }
    let told = house.fail(&[]).code(2);
    assert!(told.complaint().contains("start with --accept-rollback"), "{told:?}");

    let fleet = house.start(&["--accept-rollback"]);
    fleet.connect(&device).unwrap();
    fleet.revoke(&device.credential);
    fleet.stop();
    let fleet = house.start(&[]);
    assert_eq!(fleet.connect(&device).unwrap_err(), 0x86);
}

/// What a device was answered it may rely on: each time, the server dies with the answer on its way.
#[test]
fn a_secret_that_was_answered_outlives_the_crash_of_the_server() {
    let house = House::new();
    let mut fleet = house.start(&[]);
    let claim = fleet.claim(&fleet.product("sensor"), 100);
    let mut known: Vec<Device> = Vec::new();
    for round in 0..20 {
        let device = fleet.register(&format!("hw-{round}"), &claim);
        fleet.kill();
        known.push(device);
        fleet = house.start(&[]);
        for device in known.iter().rev().take(2) {
            fleet.connect(device).unwrap();
        }
    }
    for device in &known {
        fleet.connect(device).unwrap();
    }
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
