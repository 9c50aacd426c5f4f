use std::collections::BTreeMap;

use super::*;
use crate::CertificateFingerprint;
use crate::model::{CertificateProof, DeviceId};

/// Two of them in each bucket.
fn fingerprint(byte: u8) -> CertificateFingerprint {
    let mut bytes = [(byte / 2).wrapping_mul(17); 32];
    bytes[31] = byte;
    bytes.into()
}

fn device(world: &mut World, id: &str, certificates: &[u8]) -> ResidentDevice {
    let credentials: Vec<_> = certificates
        .iter()
        .map(|byte| {
            let proof = CertificateProof::of_fingerprint(fingerprint(*byte));
            ResidentCredential { proof: Proof::Certificate(Arc::new(proof)), ..world.secret().0 }
        })
        .collect();
    world.device(id, credentials)
}

/// Whatever devices get, lose and hand to each other, a certificate is found where it is, and nowhere else.
#[test]
fn a_certificate_is_found_at_the_device_that_has_it() {
    arbtest::arbtest(|u| {
        let mut world = World::new();
        let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        if u.arbitrary()? {
            let loaded: Vec<_> = (0..4).map(|n| device(&mut world, &format!("d{n}"), &[n, n + 10])).collect();
            expected.extend((0..4).map(|n| (format!("d{n}"), vec![n, n + 10])));
            // What is loaded twice is there once.
            world.resident.load(loaded.clone());
            world.resident.load(loaded);
        }
        for _ in 0..u.int_in_range(0..=20)? {
            let id = format!("d{}", u.int_in_range(0..=3)?);
            let wanted = u.int_in_range(0..=3)?;
            if wanted == 0 {
                world.apply(Change::DeviceGone(id.parse().unwrap()));
                expected.remove(&id);
                continue;
            }
            let mut certificates = Vec::new();
            for _ in 0..wanted {
                let byte: u8 = u.int_in_range(0..=7)?;
                // No certificate is of two devices: the database sees to that.
                let is_free = expected.iter().all(|(other, held)| *other == id || !held.contains(&byte));
                if is_free && !certificates.contains(&byte) {
                    certificates.push(byte);
                }
            }
            let change = device(&mut world, &id, &certificates);
            world.apply(Change::Device(change));
            expected.insert(id, certificates);
        }
        for byte in 0..20 {
            let holder = world.resident.holder_of(fingerprint(byte)).map(|device| device.id.clone());
            let known = expected.iter().find(|(_, held)| held.contains(&byte));
            let known: Option<DeviceId> = known.map(|(id, _)| id.parse().unwrap());
            assert_eq!(holder, known, "{byte}");
        }
        Ok(())
    });
}

#[test]
fn a_certificate_that_moves_is_found_in_either_order_of_the_changes() {
    for moves_first in [true, false] {
        let mut world = World::new();
        let before = device(&mut world, "d1", &[1]);
        world.apply(Change::Device(before));
        let (without, with) = (device(&mut world, "d1", &[]), device(&mut world, "d2", &[1]));
        let changes = if moves_first { [with, without] } else { [without, with] };
        changes.into_iter().for_each(|change| world.apply(Change::Device(change)));
        assert_eq!(world.resident.holder_of(fingerprint(1)).unwrap().id.as_str(), "d2", "{moves_first}");
    }
}

#[test]
fn who_waits_for_an_entry_hears_of_it_once_and_never_too_early() {
    let mut world = World::new();
    let heard = Arc::new(AtomicU64::new(0));
    let wait = |world: &World, sequence| {
        let heard = heard.clone();
        world.resident.when_applied(sequence, move || {
            heard.fetch_add(1, Ordering::Relaxed);
        });
    };
    wait(&world, 0);
    assert_eq!(heard.load(Ordering::Relaxed), 1, "it is applied");
    let next = world.sequence + 1;
    wait(&world, next);
    wait(&world, next + 1);
    assert_eq!(heard.load(Ordering::Relaxed), 1);
    for expected in [2, 3, 3] {
        world.apply(Change::Blocks(Arc::default()));
        assert_eq!(heard.load(Ordering::Relaxed), expected);
    }
}
