//! Who gets in, and what it may do.

use serde_json::json;

use super::{Asker, World};
use crate::identity::fleet::{Device, eventually};
use crate::identity::wire::{Ending, Login, VERSIONS, Version, Wire};

#[test]
fn a_device_that_another_machine_knows_gets_in_and_may_do_what_its_product_says() {
    let world = World::cached();
    let device = world.enter("d1");
    for version in VERSIONS {
        let connect =
            |id: &str, password: &str| Wire::connect(&world.broker.mqtt, &Login::of(version, id, password));
        let mut wire = connect("d1", &device.secret).unwrap();
        assert!(wire.publish("dev/d1/a", b"x") < 0x80);
        assert!(wire.subscribe("dev/d1/#") < 0x80);
        assert!(wire.subscribe("dev/d2/#") >= 0x80);
        if version.code(0x87) == 0x87 {
            assert_eq!(wire.publish("dev/d2/a", b"x"), 0x87);
        }
        assert_eq!(connect("d1", "vmq1_guess").unwrap_err(), version.code(0x86));
        // Nobody knows it, and nobody else is asked.
        assert_eq!(connect("nobody", &device.secret).unwrap_err(), version.code(0x86));
    }
    let figures = world.broker.figures();
    assert_eq!(figures["mode"], "native");
    assert!(figures["cache"]["hits"].as_u64() >= Some(1), "{figures}");
    let told: Vec<_> = figures["verdicts"].as_array().unwrap().iter().map(|told| &told["decision"]).collect();
    for decision in ["allow", "deny", "not_mine"] {
        assert!(told.contains(&&json!(decision)), "{figures}");
    }
}

#[test]
fn one_of_two_services_that_was_never_there_is_not_missed() {
    let world = World::cached();
    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let broker = Asker::start(&[&gone, &world.relay.address], "", "");
    broker.wait_until("healthy");
    for number in 0..20 {
        let device = world.enter(&format!("d{number}"));
        broker.connect(&device).unwrap();
        let wrong = Device { secret: "vmq1_guess".to_owned(), ..device };
        assert_eq!(broker.connect(&wrong).unwrap_err(), 0x86);
    }
    let device = world.enter("last");
    let mut wire = broker.connect(&device).unwrap();
    world.service.operator.post("/v1/devices/last:suspend", &json!({}));
    assert_eq!(wire.ending(), Ending::Told(0x87));
}

const LOUD: u64 = 100;

/// Together they are longer than a request that the service reads.
#[test]
fn who_says_much_does_not_keep_others_out() {
    let world = World::with("", "");
    let device = world.enter("d1");
    drop(world.broker.connect(&device).unwrap());
    world.relay.hold();
    let long = "\"".repeat(30_000);
    let loud = |number: u64| {
        Wire::knock(&world.broker.mqtt, &Login::of(Version::V5, &format!("loud-{number}"), &long))
    };
    let mut loud: Vec<_> = (0..LOUD).map(loud).collect();
    let mut quiet = Wire::knock(&world.broker.mqtt, &Login::of(Version::V5, &device.id, &device.secret));
    let asking = || world.broker.figures()["asking"].as_u64();
    eventually("all are asked about", || asking() == Some(LOUD + 1));
    world.relay.open();
    assert_eq!(quiet.answer(), Some(0));
    assert!(loud.iter_mut().all(|wire| wire.answer() != Some(0)));
}
