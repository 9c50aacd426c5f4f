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

/// A key is added, everything is rotated, and the old key goes.
#[test]
fn keys_are_rotated_and_an_old_one_is_left_out_when_nothing_needs_it() {
    let house = House::new();
    let fleet = house.start(&[]);
    let product = fleet.product("sensor");
    let device = fleet.enter(&product, "d1");
    drop(fleet.connect(&device).unwrap());
    fleet.stop();
    let keys = house.data().join("keys");
    let old = fs::read_to_string(&keys).unwrap();
    let new = "2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    write_private(&keys, &format!("{old}{new}"));

    let fleet = house.start(&[]);
    drop(fleet.connect(&device).unwrap());
    fleet.stop();
    write_private(&keys, new);
    let told = house.fail(&[]).code(2);
    assert!(told.complaint().contains("key 1 is missing"), "{told:?}");
    assert!(told.complaint().contains("credentials: 1, claim tokens: 0, API keys: 0"), "{told:?}");

    write_private(&keys, &format!("{old}{new}"));
    let fleet = house.start(&[]);
    let rotate = json!({"grace": "24h", "kick": "none"});
    let rotated = fleet.operator.post("/v1/devices/d1/credentials:rotate", &rotate);
    let device = Device { secret: text(&rotated, "secret"), ..device };
    drop(fleet.connect(&device).unwrap());
    fleet.stop();
    write_private(&keys, new);
    let fleet = house.start(&[]);
    drop(fleet.connect(&device).unwrap());
    let audit = fleet.operator.get("/v1/audit?limit=100");
    let retired = audit["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "key.retire");
    assert_eq!(retired.count(), 1, "{audit}");
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

/// How often a server dies with its answer on the way: a hundred times in the two tests together.
const CRASHES: usize = 50;

/// A login, and what is to come of it.
type Login = (Device, Result<(), u8>);

/// A secret that was answered, and that it ended another, may be relied on.
#[test]
fn secrets_that_were_answered_outlive_the_crashes_of_the_server() {
    let house = House::new();
    let mut fleet = house.start(&[]);
    let claim = fleet.claim(&fleet.product("sensor"), 100);
    let mut logins: Vec<Login> = Vec::new();
    for round in 0..CRASHES {
        match logins.pop_if(|_| round % 2 == 1) {
            Some((device, _)) => logins.extend(rotate(&fleet, device)),
            None => logins.push((fleet.register(&format!("hw-{round}"), &claim), Ok(()))),
        }
        fleet.kill();
        fleet = house.start(&[]);
        logins.iter().rev().take(2).for_each(|login| expect(&fleet, login));
    }
    logins.iter().for_each(|login| expect(&fleet, login));
}

/// Who was thrown out stays out; nobody waits until that is applied: that it is written has to be enough.
#[test]
fn revocations_that_were_answered_outlive_the_crashes_of_the_server() {
    let house = House::new();
    let mut fleet = house.start(&[]);
    let product = fleet.product("sensor");
    let devices: Vec<_> =
        (0..CRASHES).map(|number| fleet.enter(&product, &format!("device-{number}"))).collect();
    devices.iter().for_each(|device| drop(fleet.connect(device).unwrap()));
    let mut logins: Vec<Login> = Vec::new();
    for (round, device) in devices.iter().enumerate() {
        let suspend = format!("/v1/devices/{}:suspend", device.id);
        let revoke = format!("/v1/credentials/{}:revoke", device.credential);
        let block = json!({"kind": "device", "value": device.id});
        let (path, body, code) = match round % 3 {
            0 => (&*revoke, json!({}), 0x86),
            1 => (&*suspend, json!({}), 0x87),
            _ => ("/v1/blocks", block, 0x87),
        };
        fleet.operator.post(path, &body);
        fleet.kill();
        logins.push((device.clone(), Err(code)));
        fleet = house.start(&[]);
        logins.iter().rev().take(2).for_each(|login| expect(&fleet, login));
        devices.get(round + 1).into_iter().for_each(|next| drop(fleet.connect(next).unwrap()));
    }
    logins.iter().for_each(|login| expect(&fleet, login));
    assert_eq!(fleet.operator.post("/v1/audit:verify", &json!({}))["ok"], json!(true));
}

#[track_caller]
fn expect(fleet: &Fleet, (device, outcome): &Login) {
    assert_eq!(fleet.connect(device).map(drop), *outcome, "{device:?}");
}

/// An old secret that is over, and a new one.
fn rotate(fleet: &Fleet, device: Device) -> [Login; 2] {
    let path = format!("/v1/devices/{}/credentials:rotate", device.id);
    let rotated = fleet.operator.post(&path, &json!({"kick": "hard"}));
    let credential = text(&rotated["credential"], "id");
    let new = Device { secret: text(&rotated, "secret"), credential, ..device.clone() };
    [(device, Err(0x86)), (new, Ok(()))]
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
