//! Mistakes that others made (docs/conformance/traps.md), tried on the whole server.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use vouchmq_client::Method;

use super::caller::Caller;
use super::fleet::{Device, Fleet, House, eventually, text};
use super::wire::{Ending, Login, VERSIONS, Version, Wire};

/// A server, and a device without any credential, which may have passwords.
fn fleet_with_device(house: &House, flags: &[&str]) -> (Fleet, Device) {
    let fleet = house.start(flags);
    let product = json!({"key": "sensor", "name": "Sensor", "allowed_kinds": ["secret", "password"]});
    let product = text(&fleet.operator.post("/v1/products", &product), "id");
    let device = fleet.enter(&product, "sensor-1");
    (fleet, device)
}

/// The id of a new password of the device.
fn add_password(fleet: &Fleet, password: &str) -> String {
    let new = json!({"kind": "password", "password": password});
    let added = fleet.operator.post("/v1/devices/sensor-1/credentials", &new);
    text(if added["id"].is_string() { &added } else { &added["credential"] }, "id")
}

/// Whether each of them lets the device in: MQTT in both versions, and the forms of the authentication service.
fn doors(fleet: &Fleet, password: &str) -> Vec<bool> {
    let mqtt = |version| Wire::connect(&fleet.mqtt, &Login::of(version, "sensor-1", password)).is_ok();
    let mut doors = VERSIONS.map(mqtt).to_vec();
    let mut caller = Caller::dial(&fleet.authentication).unwrap();
    let form: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form = format!("clientid=sensor-1&username=sensor-1&password={form}");
    let head = "POST /mqtt/auth\r\nContent-Type: application/x-www-form-urlencoded";
    doors.push(caller.ask(head, &form).unwrap().status == 200);
    doors.push(caller.ask(&format!("GET /mqtt/auth?{form}"), "").unwrap().status == 200);
    let login = json!({"clientid": "sensor-1", "username": "sensor-1", "password": password}).to_string();
    for (path, field) in [("/emqx/authn", "result"), ("/v1/auth/verify", "decision")] {
        let answer = caller.ask(&format!("POST {path}\r\nContent-Type: application/json"), &login).unwrap();
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        doors.push(answer[field] == "allow");
    }
    doors
}

const OPEN: [bool; 6] = [true; 6];
const CLOSED: [bool; 6] = [false; 6];

/// T5: to programs in C a password ends at its first NUL.
#[test]
fn a_password_does_not_end_at_a_nul() {
    let house = House::new();
    let (fleet, device) = fleet_with_device(&house, &[]);
    add_password(&fleet, "front\0back");
    for (password, expected) in [
        ("front\0back", OPEN),
        ("front", CLOSED),
        ("front\0", CLOSED),
        ("front\0bac", CLOSED),
        ("front\0other", CLOSED),
        (&*format!("{}\0", device.secret), CLOSED),
        (&*format!("{}\0x", device.secret), CLOSED),
        (&*device.secret, OPEN),
    ] {
        assert_eq!(doors(&fleet, password), expected, "{password:?}");
    }
}

/// T5: an address of IPv6 is an address like any other.
#[test]
fn clients_over_ipv6_are_blocked_by_their_address() {
    let house = House::new();
    let (fleet, device) = fleet_with_device(&house, &["--listen", "[::1]:0"]);
    let address = fleet.mqtt_at("[::1]:");
    for version in VERSIONS {
        let login = Login::of(version, &device.id, &device.secret);
        for (kind, value) in [("ip", "::1"), ("cidr", "::/64")] {
            let mut wire = Wire::connect(&address, &login).unwrap();
            let block = fleet.operator.post("/v1/blocks", &json!({"kind": kind, "value": value}));
            assert_eq!(wire.ending(), version.ending(0x87), "{kind}");
            assert_eq!(Wire::connect(&address, &login).unwrap_err(), version.code(0x87), "{kind}");
            drop(Wire::connect(&fleet.mqtt, &login).unwrap());
            fleet.operator.call(Method::DELETE, &format!("/v1/blocks/{}", text(&block, "id")), None).unwrap();
            eventually("who was blocked gets in", || Wire::connect(&address, &login).is_ok());
        }
    }
}

/// T7: a verdict that was remembered would be good for the old password until it is forgotten.
#[test]
fn an_old_password_is_refused_at_once_wherever_it_was_good_before() {
    let house = House::new();
    let (fleet, _) = fleet_with_device(&house, &[]);
    let old = add_password(&fleet, "the old one");
    assert_eq!(doors(&fleet, "the old one"), OPEN);
    let mut wire = Wire::connect(&fleet.mqtt, &Login::of(Version::V5, "sensor-1", "the old one")).unwrap();
    add_password(&fleet, "the new one");
    fleet.revoke(&old);
    assert_eq!(doors(&fleet, "the old one"), CLOSED);
    assert_eq!(wire.ending(), Ending::Told(0x87));
    assert_eq!(doors(&fleet, "the new one"), OPEN);
}
