//! Many at once.

use std::thread;

use super::World;
use crate::identity::fleet::{Device, eventually};
use crate::identity::wire::{Login, Version, Wire};

const DEVICES: usize = 1_000;
const OPERATORS: usize = 4;

fn knock(world: &World, device: &Device) -> Wire {
    Wire::knock(&world.broker.mqtt, &Login::of(Version::V5, &device.id, &device.secret))
}

#[test]
fn a_thousand_at_once_get_in_by_few_requests() {
    let world = World::with("", "");
    let devices: Vec<Device> = thread::scope(|scope| {
        let product = &*world.product;
        let enter = |operator: usize| {
            let ours = (operator..DEVICES).step_by(OPERATORS);
            let http = world.service.operator();
            scope.spawn(move || {
                ours.map(|number| Device::enter(&http, product, &format!("d{number}"))).collect()
            })
        };
        let operators: Vec<thread::ScopedJoinHandle<'_, Vec<Device>>> = (0..OPERATORS).map(enter).collect();
        operators.into_iter().flat_map(|operator| operator.join().unwrap()).collect()
    });
    let batches = || {
        let figures = world.broker.figures();
        ["items", "requests"].map(|name| figures["batches"][name].as_u64().unwrap())
    };
    let mut wires: Vec<_> = devices.iter().map(|device| knock(&world, device)).collect();
    wires
        .iter_mut()
        .zip(&devices)
        .for_each(|(wire, device)| assert_eq!(wire.answer(), Some(0), "{device:?}"));
    world.settle("first");
    assert!(wires.iter_mut().all(Wire::is_alive), "nobody is thrown out by its own first use");
    wires.clear();
    // Their secrets were used before: now it is only asked about them.
    let before = batches();
    let mut wires: Vec<_> = devices.iter().map(|device| knock(&world, device)).collect();
    wires
        .iter_mut()
        .zip(&devices)
        .for_each(|(wire, device)| assert_eq!(wire.answer(), Some(0), "{device:?}"));
    let [items, requests] = batches();
    let (items, requests) = (items - before[0], requests - before[1]);
    println!("{items} questions in {requests} requests");
    assert!(items >= DEVICES as u64 && items > 5 * requests, "{items} questions in {requests} requests");
}

#[test]
fn who_says_the_same_waits_for_the_same_answer() {
    let world = World::with("", "");
    let (device, _) = world.connected("d1");
    world.settle("last");
    let asked = || world.broker.figures()["batches"]["items"].as_u64().unwrap();
    let before = asked();
    world.relay.hold();
    let mut wires: Vec<_> = (0..8).map(|_| knock(&world, &device)).collect();
    eventually("all wait", || world.broker.figures()["joined"] == 7);
    world.relay.open();
    wires.iter_mut().for_each(|wire| assert_eq!(wire.answer(), Some(0)));
    assert_eq!(asked(), before + 1);
}
