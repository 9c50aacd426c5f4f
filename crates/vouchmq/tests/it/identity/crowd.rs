//! Many at once: every verdict is right, and none outlives a revocation.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::Value;

use super::fleet::{Device, Fleet, House, eventually, text};
use super::wire::{Ending, Login, Version, Wire};

const DEVICES: usize = 100;
const ATTEMPTS: usize = 1_000;
const AT_ONCE: usize = 64;

fn enter_many(fleet: &Fleet, count: usize) -> Vec<Device> {
    let product = fleet.product("sensor");
    (0..count).map(|number| fleet.enter(&product, &format!("device-{number:03}"))).collect()
}

/// Ids of devices that the management API says are connected.
fn online(fleet: &Fleet) -> Vec<String> {
    let mut ids = Vec::new();
    let mut path = "/v1/devices?online=true&limit=200".to_owned();
    loop {
        let page = fleet.operator.get(&path);
        ids.extend(page["items"].as_array().unwrap().iter().map(|device| text(device, "id")));
        let Value::String(cursor) = &page["next_cursor"] else { return ids };
        path = format!("/v1/devices?online=true&limit=200&cursor={cursor}");
    }
}

/// What became of one attempt, whose verdict was awaited before the connection was given up.
enum Attempt {
    In(Wire),
    Refused(u8),
}

fn attempt(address: &str, device: &Device) -> Attempt {
    match Wire::connect(address, &Login::of(Version::V5, &device.id, &device.secret)) {
        Ok(wire) => Attempt::In(wire),
        Err(code) => Attempt::Refused(code),
    }
}

/// Connects devices in turn, and counts who got in and who did not; keeps who got in.
fn storm(address: &str, devices: &[Device], from: usize, race: &Race) -> Vec<Wire> {
    let mut wires = Vec::new();
    let knock = |number: usize| match attempt(address, &devices[number % devices.len()]) {
        Attempt::In(wire) => {
            wires.push(wire);
            race.in_count.fetch_add(1, Ordering::SeqCst);
        }
        // Revoked; nothing else may be said.
        Attempt::Refused(code) => {
            assert_eq!(code, 0x86);
            race.refused_count.fetch_add(1, Ordering::SeqCst);
        }
    };
    (from..ATTEMPTS).step_by(AT_ONCE).for_each(knock);
    wires
}

/// How far a storm has come.
#[derive(Default)]
struct Race {
    in_count: AtomicUsize,
    refused_count: AtomicUsize,
}

/// As many descriptors as this process may have.
fn raise_descriptor_limit() -> usize {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    usize::try_from(most).unwrap()
}

/// The verdict of a client may be on its way while its credential is revoked: once the revocation is applied,
/// it is not let in by it.
#[test]
fn no_connection_outlives_the_revocation_of_its_credential() {
    let house = House::new();
    let fleet = house.start(&[]);
    let devices = enter_many(&fleet, DEVICES);
    let address = &*fleet.mqtt;
    // Devices are known: what races is verification, not the first use.
    devices.iter().for_each(|device| drop(fleet.connect(device).unwrap()));
    let (operators, race) = (4, Race::default());
    raise_descriptor_limit();
    let mut wires = thread::scope(|scope| {
        let (devices, race) = (&*devices, &race);
        let clients: Vec<_> =
            (0..AT_ONCE).map(|from| scope.spawn(move || storm(address, devices, from, race))).collect();
        // It is a race: some are in, and most have yet to come.
        eventually("some are in", || race.in_count.load(Ordering::SeqCst) >= AT_ONCE);
        let revoking: Vec<_> = devices
            .chunks(DEVICES / operators)
            .map(|devices| (devices, fleet.operator()))
            .map(|(devices, operator)| {
                scope.spawn(move || {
                    for device in devices {
                        operator.act(&format!("/v1/credentials/{}:revoke", device.credential));
                        assert!(matches!(attempt(address, device), Attempt::Refused(0x86)), "{}", device.id);
                    }
                })
            })
            .collect();
        revoking.into_iter().for_each(|revoking| revoking.join().unwrap());
        assert_eq!(online(&fleet), Vec::<String>::new(), "after the last answer nobody is connected");
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let counts = [&race.in_count, &race.refused_count].map(|count| count.load(Ordering::SeqCst));
    assert!(counts[1] > 0 && counts[0] + counts[1] == ATTEMPTS, "revocations met no attempt: {counts:?}");
    for device in &devices {
        assert!(matches!(attempt(address, device), Attempt::Refused(0x86)), "{}", device.id);
    }
    assert_eq!(online(&fleet), Vec::<String>::new());
    for wire in &mut wires {
        let ending = wire.ending();
        // Revoked, or taken over by the same device before that.
        assert!(matches!(ending, Ending::Told(0x87 | 0x8E)), "{ending:?}");
    }
}

/// As many as the descriptors of this process allow, at most 10,000: half of them with a secret of their own,
/// half with that of another.
#[test]
fn every_verdict_is_right_however_many_knock_at_once() {
    let house = House::new();
    let fleet = house.start(&[]);
    let devices = enter_many(&fleet, DEVICES);
    devices.iter().for_each(|device| drop(fleet.connect(device).unwrap()));
    let crowd = raise_descriptor_limit().saturating_sub(1_000).min(10_000);
    let knocking = |number: usize| {
        let device = &devices[number % DEVICES];
        let is_right = (number / DEVICES).is_multiple_of(2);
        let secret = if is_right { &device.secret } else { &devices[(number + 1) % DEVICES].secret };
        (Wire::knock(&fleet.mqtt, &Login::of(Version::V5, &device.id, secret)), is_right)
    };
    let wires: Vec<_> = (0..crowd).map(knocking).collect();
    for (number, (mut wire, is_right)) in wires.into_iter().enumerate() {
        let expected = if is_right { 0x00 } else { 0x86 };
        assert_eq!(wire.answer(), Some(expected), "client {number} of {crowd}");
    }
}
