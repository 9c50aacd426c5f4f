//! Nothing is heard of the service, or it is another one.

use serde_json::json;

use super::{Asker, CACHED, World};
use crate::identity::fleet::{Device, House, eventually};
use crate::identity::wire::{Ending, Wire};

/// Both are told what they may do by their login: nobody is asked about it.
fn talk(from: &mut Wire, to: &mut Wire, topic: &str) {
    assert!(from.publish(topic, b"x") < 0x80);
    assert_eq!(to.message(), (topic.to_owned(), b"x".to_vec()));
}

#[test]
fn without_a_stream_nothing_that_is_remembered_lets_anybody_in_and_who_is_connected_stays() {
    let world = World::cached();
    let rule = json!({"effect": "allow", "action": "both", "topic": "all/#"});
    let path = format!("/v1/products/{}", world.product);
    world.service.operator.call(vouchmq_client::Method::PATCH, &path, Some(&json!({"acl": [rule]}))).unwrap();
    let (remembered, _) = world.connected("remembered");
    let ((revoked, mut doomed), (_, mut one), (_, mut other)) =
        (world.connected("revoked"), world.connected("one"), world.connected("other"));
    world.settle("last");
    assert!(other.subscribe("all/#") < 0x80);
    drop(world.broker.connect(&remembered).unwrap());
    drop(world.broker.connect(&remembered).unwrap());

    world.relay.cut();
    world.broker.wait_until("suspect");
    talk(&mut one, &mut other, "all/1");
    world.broker.wait_until("stale");
    assert_eq!(world.broker.connect(&remembered).unwrap_err(), 0x88);
    assert_eq!(world.broker.connect_with(&remembered, "vmq1_guess").unwrap_err(), 0x88, "nobody can say");
    talk(&mut one, &mut other, "all/2");
    assert!(doomed.is_alive());

    // It is another process with the same data, and something has happened that the broker has not heard of.
    let World { house, service, relay, broker, .. } = world;
    service.stop();
    let service = house.start(&[]);
    service.operator.act(&format!("/v1/credentials/{}:revoke", revoked.credential));
    assert!(doomed.is_alive(), "nobody has told");
    relay.lead_to(&service.authentication);
    relay.open();
    assert_eq!(doomed.ending(), Ending::Told(0x87));
    broker.wait_until("healthy");
    eventually("it gets in again", || broker.connect(&remembered).is_ok());
    assert_eq!(broker.connect(&revoked).unwrap_err(), 0x86);
    talk(&mut one, &mut other, "all/3");
}

#[test]
fn a_service_that_hangs_keeps_nobody_waiting_beyond_the_deadline() {
    let world = World::with("", "deadline = 2s");
    let (device, mut wire) = world.connected("d1");
    world.relay.hold();
    assert_eq!(world.broker.connect_with(&device, "vmq1_guess").unwrap_err(), 0x88);
    assert!(wire.is_alive());
    world.broker.wait_until("suspect");
    world.relay.open();
    eventually("it gets in again", || world.broker.connect(&device).is_ok());
    world.broker.wait_until("healthy");
}

#[test]
fn a_service_with_other_data_vouches_for_nobody_of_before() {
    let world = World::cached();
    let (device, mut wire) = world.connected("d1");
    let (gone, mut lost) = world.connected("gone");
    // So that the numbers of the next one are smaller.
    (0..50).for_each(|number| drop(world.enter(&format!("more-{number}"))));
    world.settle("last");
    let World { service, relay, broker, .. } = world;
    relay.cut();
    service.stop();
    let other = House::new();
    let service = other.start(&[]);
    let again = service.enter(&service.product("sensor"), "d1");
    relay.lead_to(&service.authentication);
    relay.open();
    for wire in [&mut wire, &mut lost] {
        assert_eq!(wire.ending(), Ending::Told(0x87));
    }
    broker.wait_until("healthy");
    for device in [&device, &gone] {
        assert_eq!(broker.connect(device).unwrap_err(), 0x86);
    }
    let mut wire = broker.connect(&again).unwrap();
    service.operator.act("/v1/devices/d1:suspend");
    assert_eq!(wire.ending(), Ending::Told(0x87));
}

#[test]
fn who_is_connected_has_to_come_again_after_max_staleness_only_where_there_is_one() {
    let world = World::with("max_staleness = 5s", CACHED);
    let patient = Asker::start(&[&world.relay.address], "", CACHED);
    patient.wait_until("healthy");
    let devices: Vec<Device> = (0..20).map(|number| world.enter(&format!("d{number}"))).collect();
    let connect = |broker: &Asker| -> Vec<Wire> {
        devices.iter().map(|device| broker.connect(device).unwrap()).collect()
    };
    let (mut ended, mut kept) = (connect(&world.broker), connect(&patient));
    world.relay.cut();
    ended.iter_mut().for_each(|wire| assert_eq!(wire.ending(), Ending::Told(0x87)));
    assert_eq!(world.broker.connect(&devices[0]).unwrap_err(), 0x88);
    patient.wait_until("stale");
    assert!(kept.iter_mut().all(Wire::is_alive));
}
