//! The life of a device, over HTTP and MQTT.

use serde_json::json;
use vouchmq_client::Method;

use super::fleet::{Device, Fleet, House, eventually, registration, text};
use super::wire::{Login, VERSIONS, Wire};
use crate::process::{Running, vouchmq};

/// A server, and a device that was entered.
fn fleet_with_device(house: &House) -> (Fleet, String, Device) {
    let fleet = house.start(&[]);
    let product = fleet.product("sensor");
    let device = fleet.enter(&product, "sensor-1");
    (fleet, product, device)
}

/// More than once, as it is told by processes and sockets that race.
#[test]
fn the_demonstration_comes_out_as_it_says() {
    for _ in 0..5 {
        let ran = Running::spawn(&mut vouchmq(&["demo"]), b"").finish();
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{}", ran.stdout);
        assert!(
            ran.stdout.contains("15. ") && ran.stdout.contains("revoked: 1 connection closed"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn a_device_registers_speaks_is_rotated_and_is_thrown_out_when_revoked() {
    let house = House::new();
    let fleet = house.start(&[]);
    let product = fleet.product("sensor");
    for version in VERSIONS {
        let device = fleet.register(&format!("hw-{version:?}"), &fleet.claim(&product, 1));
        let login = |secret: &str| Login::of(version, &device.id, secret);
        let connect = |secret: &str| Wire::connect(&fleet.mqtt, &login(secret));
        assert_eq!(connect("vmq1_guess").unwrap_err(), version.code(0x86));
        let mut wire = connect(&device.secret).unwrap();
        assert!(wire.publish(&format!("dev/{}/temperature", device.id), b"21.5") < 0x80);
        drop(wire);

        let path = format!("/v1/devices/{}/credentials:rotate", device.id);
        let rotated = fleet.operator.post(&path, &json!({"grace": "24h", "kick": "none"}));
        let new = text(&rotated, "secret");
        drop(connect(&device.secret).unwrap());
        drop(connect(&new).unwrap());
        let is_over = || connect(&device.secret).is_err_and(|code| code == version.code(0x86));
        eventually("the old secret is over once the new one is used", is_over);
        let mut wire = connect(&new).unwrap();

        let revoked = fleet.revoke(&text(&rotated["credential"], "id"));
        assert_eq!(revoked["sessions_closed"], 1, "{revoked}");
        assert_eq!(wire.ending(), version.ending(0x87));
        assert_eq!(connect(&new).unwrap_err(), version.code(0x86));
    }
}

#[test]
fn a_device_may_publish_below_its_own_topics_only() {
    let house = House::new();
    let (fleet, _, device) = fleet_with_device(&house);
    let mut wire = fleet.connect(&device).unwrap();
    assert!(wire.publish("dev/sensor-1/a", b"x") < 0x80);
    assert_eq!(wire.publish("dev/sensor-2/a", b"x"), 0x87);
}

#[test]
fn a_suspended_device_is_thrown_out_and_gets_in_again_when_resumed() {
    let house = House::new();
    let (fleet, _, device) = fleet_with_device(&house);
    for version in VERSIONS {
        let login = Login::of(version, &device.id, &device.secret);
        let mut wire = Wire::connect(&fleet.mqtt, &login).unwrap();
        fleet.operator.act("/v1/devices/sensor-1:suspend");
        assert_eq!(wire.ending(), version.ending(0x87));
        assert_eq!(Wire::connect(&fleet.mqtt, &login).unwrap_err(), version.code(0x87));
        fleet.operator.act("/v1/devices/sensor-1:resume");
        Wire::connect(&fleet.mqtt, &login).unwrap();
    }
}

/// EMQX throws out who is banned by Client Identifier only: here every kind does.
#[test]
fn a_block_of_any_kind_throws_out_who_is_connected() {
    let house = House::new();
    let (fleet, product, device) = fleet_with_device(&house);
    for (kind, value) in [
        ("clientid", "sensor-1"),
        ("username", "sensor-1"),
        ("ip", "127.0.0.1"),
        ("cidr", "127.0.0.0/8"),
        ("device", "sensor-1"),
        ("product", &*product),
        ("credential", &*device.credential),
    ] {
        for version in VERSIONS {
            let login = Login::of(version, &device.id, &device.secret);
            let mut wire = Wire::connect(&fleet.mqtt, &login).unwrap();
            let block = fleet.operator.post("/v1/blocks", &json!({"kind": kind, "value": value}));
            assert_eq!(wire.ending(), version.ending(0x87), "{kind}");
            assert_eq!(Wire::connect(&fleet.mqtt, &login).unwrap_err(), version.code(0x87), "{kind}");
            fleet.operator.call(Method::DELETE, &format!("/v1/blocks/{}", text(&block, "id")), None).unwrap();
            eventually("who was blocked gets in", || Wire::connect(&fleet.mqtt, &login).is_ok());
        }
    }
}

#[test]
fn devices_of_a_disabled_product_are_thrown_out() {
    let house = House::new();
    let (fleet, product, device) = fleet_with_device(&house);
    let mut wire = fleet.connect(&device).unwrap();
    let path = format!("/v1/products/{product}");
    fleet.operator.call(Method::PATCH, &path, Some(&json!({"state": "disabled"}))).unwrap();
    assert_eq!(wire.ending(), super::wire::Ending::Told(0x87));
    assert_eq!(fleet.connect(&device).unwrap_err(), 0x87);
}

#[test]
fn a_connection_ends_when_the_credential_it_was_made_with_expires() {
    let house = House::new();
    let (fleet, product, _) = fleet_with_device(&house);
    for version in VERSIONS {
        let device = fleet.enter(&product, &format!("sensor-{version:?}"));
        let login = Login::of(version, &device.id, &device.secret);
        let mut wire = Wire::connect(&fleet.mqtt, &login).unwrap();
        // The old secret is good for a second more, and the new one is never used.
        let path = format!("/v1/devices/{}/credentials:rotate", device.id);
        fleet.operator.post(&path, &json!({"grace": "1s", "kick": "none"}));
        assert_eq!(wire.ending(), version.ending(0xA0));
        assert_eq!(Wire::connect(&fleet.mqtt, &login).unwrap_err(), version.code(0x86));
    }
}

#[test]
fn a_device_that_is_reset_is_thrown_out_and_may_register_again() {
    let house = House::new();
    let fleet = house.start(&[]);
    let claim = fleet.claim(&fleet.product("sensor"), 5);
    let before = fleet.register("hw-1", &claim);
    let mut wire = fleet.connect(&before).unwrap();
    fleet.operator.act(&format!("/v1/devices/{}:reset", before.id));
    assert_eq!(wire.ending(), super::wire::Ending::Told(0x87));
    let after = fleet.register("hw-1", &claim);
    assert_eq!(after.id, before.id);
    assert_eq!(fleet.connect(&before).unwrap_err(), 0x86);
    fleet.connect(&after).unwrap();
}

/// Whoever knows the claim token of an active device's product learns nothing of it.
#[test]
fn an_active_device_cannot_be_registered_again() {
    let house = House::new();
    let fleet = house.start(&[]);
    let claim = fleet.claim(&fleet.product("sensor"), 5);
    let device = fleet.register("hw-1", &claim);
    drop(fleet.connect(&device).unwrap());
    let refused = fleet.registration.try_post("/v1/register", &registration("hw-1", &claim)).unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (409, "already_registered"));
    fleet.connect(&device).unwrap();
}

#[test]
fn a_device_cannot_take_over_the_client_id_of_another() {
    let house = House::new();
    let (fleet, product, device) = fleet_with_device(&house);
    let other = fleet.enter(&product, "sensor-2");
    let mut wire = fleet.connect(&device).unwrap();
    for version in VERSIONS {
        let mut login = Login::of(version, &other.id, &other.secret);
        login.client_id.clone_from(&device.id);
        assert_eq!(Wire::connect(&fleet.mqtt, &login).unwrap_err(), version.code(0x87));
    }
    assert!(wire.is_alive(), "whose id it is stays connected");
}

#[test]
fn how_clients_come_in_is_told_to_operators() {
    let house = House::new();
    let (fleet, _, device) = fleet_with_device(&house);
    let _wire = fleet.connect(&device).unwrap();
    for version in VERSIONS {
        Wire::connect(&fleet.mqtt, &Login::of(version, &device.id, "vmq1_guess")).unwrap_err();
    }
    let broker = &fleet.operator.get("/v1/stats")["broker"];
    let denied = VERSIONS.len();
    assert_eq!((&broker["connections"], &broker["verdicts"]["allowed"]), (&json!(1), &json!(1)), "{broker}");
    assert_eq!(broker["verdicts"]["denied"], denied, "{broker}");
    let took = broker["verdicts"]["latency"]["counts"].as_array().unwrap();
    assert_eq!(took.iter().filter_map(serde_json::Value::as_u64).sum::<u64>(), 1 + denied as u64);
    for quiet in ["accept_delays", "refused_overload", "tarpitted", "verify_queue", "blocked_takeovers"] {
        assert_eq!(broker[quiet], 0, "{quiet}");
    }
}
