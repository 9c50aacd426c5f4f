//! What changes at the service holds at the broker.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use vouchmq_client::Method;

use super::World;
use crate::identity::fleet::{Device, eventually, text};
use crate::identity::wire::{Ending, Login, Version, Wire};

impl World {
    fn change_product(&self, patch: &Value) {
        let path = format!("/v1/products/{}", self.product);
        self.service.operator.call(Method::PATCH, &path, Some(patch)).unwrap();
    }
}

#[test]
fn who_may_not_stay_any_more_is_closed_and_gets_in_when_it_may_again() {
    let world = World::cached();
    let (device, mut wire) = world.connected("d1");
    let operator = &world.service.operator;
    let ends = |wire: &mut Wire| {
        assert_eq!(wire.ending(), Ending::Told(0x87));
        assert_eq!(world.broker.connect(&device).unwrap_err(), 0x87);
    };
    let gets_in = || {
        eventually("it gets in again", || world.broker.connect(&device).is_ok());
        world.broker.connect(&device).unwrap()
    };
    operator.act("/v1/devices/d1:suspend");
    ends(&mut wire);
    operator.act("/v1/devices/d1:resume");
    let mut wire = gets_in();
    world.change_product(&json!({"state": "disabled"}));
    ends(&mut wire);
    world.change_product(&json!({"state": "active"}));
    let mut wire = gets_in();
    for (kind, value) in [("clientid", "d1"), ("username", "d1"), ("ip", "127.0.0.1"), ("device", "d1")] {
        let block = operator.post("/v1/blocks", &json!({"kind": kind, "value": value}));
        ends(&mut wire);
        operator.call(Method::DELETE, &format!("/v1/blocks/{}", text(&block, "id")), None).unwrap();
        wire = gets_in();
    }
}

#[test]
fn who_is_thrown_out_may_come_again() {
    let world = World::cached();
    let (device, mut wire) = world.connected("d1");
    world.service.operator.post("/v1/devices/d1:kick", &json!({}));
    assert_eq!(wire.ending(), Ending::Told(0x98));
    world.broker.connect(&device).unwrap();
}

#[test]
fn who_is_connected_has_the_rights_of_now() {
    let world = World::cached();
    let (_, mut wire) = world.connected("d1");
    assert_eq!(wire.publish("other/d1", b"x"), 0x87);
    let rule = |topic: &str| json!({"effect": "allow", "action": "both", "topic": topic});
    world.change_product(&json!({"acl": [rule("other/${device}")]}));
    eventually("it may do something else", || wire.publish("other/d1", b"x") < 0x80);
    assert_eq!(wire.publish("dev/d1/a", b"x"), 0x87, "what it might do before is over");
    assert!(wire.is_alive());
}

#[test]
fn the_first_use_of_a_secret_throws_nobody_out() {
    let world = World::cached();
    let mut wires: Vec<_> = (0..20).map(|number| world.connected(&format!("d{number}")).1).collect();
    world.settle("last");
    assert!(wires.iter_mut().all(Wire::is_alive));
}

#[test]
fn who_has_the_new_secret_stays_when_the_old_one_is_over() {
    let world = World::cached();
    world.change_product(&json!({"clientid_binding": "any"}));
    let device = world.enter("d1");
    let login = |client_id: &str, secret: &str| Login {
        client_id: client_id.to_owned(),
        ..Login::of(Version::V5, &device.id, secret)
    };
    let connect =
        |client_id: &str, secret: &str| Wire::connect(&world.broker.mqtt, &login(client_id, secret));
    let mut old = connect("d1", &device.secret).unwrap();
    let rotate = json!({"grace": "24h", "kick": "none"});
    let rotated = world.service.operator.post("/v1/devices/d1/credentials:rotate", &rotate);
    world.settle("rotated");
    assert!(old.is_alive(), "both are good");
    drop(connect("d1-again", &device.secret).unwrap());
    let fresh = text(&rotated, "secret");
    let mut new = connect("d1-new", &fresh).unwrap();
    // Its first use ends the old one.
    eventually("the old secret is over", || connect("d1-again", &device.secret).is_err());
    world.settle("over");
    assert!(new.is_alive());
    let again = Device { secret: fresh, ..device.clone() };
    world
        .service
        .operator
        .post(&format!("/v1/credentials/{}:revoke", text(&rotated["credential"], "id")), &json!({}));
    assert_eq!(new.ending(), Ending::Told(0x87));
    assert_eq!(world.broker.connect(&again).unwrap_err(), 0x86);
}
