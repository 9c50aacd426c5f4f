//! Who is revoked while its verdict is remembered.

use std::time::{Duration, Instant};

use serde_json::json;

use super::World;
use crate::identity::fleet::{Device, eventually};
use crate::identity::wire::Ending;

const DEVICES: usize = 50;

/// Whether it is quick says `--no-capture`; that it is at all, says this.
#[test]
fn who_is_revoked_is_closed_and_not_let_in_again_though_its_verdict_is_remembered() {
    let world = World::cached();
    let enter = |number: usize| world.enter(&format!("d{number}"));
    let devices: Vec<_> = (0..2 * DEVICES).map(enter).collect();
    // The first use of a secret is a change itself: the second is remembered.
    devices.iter().for_each(|device| drop(world.broker.connect(device).unwrap()));
    world.settle("last");
    let mut wires: Vec<_> = devices.iter().map(|device| world.broker.connect(device).unwrap()).collect();
    devices.iter().zip(&mut wires).for_each(|(device, wire)| {
        // As the rest of them has to come again.
        assert!(wire.is_alive(), "{device:?}");
    });
    let remembered = world.broker.figures()["cache"]["allowed"].as_u64();
    assert!(remembered >= Some(u64::try_from(2 * DEVICES).unwrap()), "{remembered:?}");

    let (connected, gone) = devices.split_at(DEVICES);
    let mut closed: Vec<Duration> = Vec::new();
    for (device, wire) in connected.iter().zip(&mut wires) {
        let revoked = revoke(&world, device);
        assert_eq!(wire.ending(), Ending::Told(0x87), "{device:?}");
        closed.push(revoked.elapsed());
        assert_eq!(world.broker.connect(device).unwrap_err(), 0x86, "{device:?}");
    }
    wires.clear();
    let mut refused: Vec<Duration> = Vec::new();
    for device in gone {
        let revoked = revoke(&world, device);
        eventually("it is refused", || world.broker.connect(device).is_err_and(|code| code == 0x86));
        refused.push(revoked.elapsed());
    }
    for (what, times) in [("closed", &mut closed), ("refused", &mut refused)] {
        times.sort();
        let (p50, p99) = (times[DEVICES / 2], times[DEVICES - 1]);
        println!("from the answer to the revocation until it is {what}: p50 {p50:?} p99 {p99:?}");
    }
}

/// Revokes; when that was answered.
#[expect(clippy::disallowed_methods, reason = "how quick it is, is told and not judged")]
fn revoke(world: &World, Device { credential, .. }: &Device) -> Instant {
    world.service.operator.post(&format!("/v1/credentials/{credential}:revoke"), &json!({}));
    Instant::now()
}
