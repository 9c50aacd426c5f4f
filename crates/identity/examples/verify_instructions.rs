//! Judges one login many times, to be counted: `verify_instructions OPERATION COUNT` under
//! `valgrind --tool=callgrind`. `cargo xtask bench --instructions` knows the operations, records the counts, and
//! compares them: who guesses must not learn from the cost whether a device exists.
#![expect(clippy::unwrap_used, clippy::panic, reason = "an example fails loudly")]

use std::hint::black_box;

use vouchmq_identity::model::DeviceId;
use vouchmq_identity::resident::Resident;
use vouchmq_identity::{AuthRequest, Authenticator, Secret, SecretUse, Verdict};

#[path = "shared/fleet.rs"]
mod fleet;
#[path = "shared/login.rs"]
mod login;

use fleet::{Fleet, NOW};
use login::login;

const DEVICES: usize = 10_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let operation = arguments.next().unwrap();
    let count: u64 = arguments.next().unwrap().parse().unwrap();
    let (resident, request) = prepare(&operation);
    for _ in 0..count {
        let verdict = black_box(resident.verify(black_box(&request)));
        assert_eq!(matches!(verdict, Verdict::Allow(_)), operation == "verify_known");
    }
}

/// A registry, and a login: of a device with its secret, with another one, and of nobody's device. All ids and
/// secrets are equally long.
fn prepare(operation: &str) -> (Resident, AuthRequest) {
    let mut fleet = Fleet::try_new().unwrap();
    let mut known = Vec::new();
    let mut devices = Vec::new();
    for _ in 0..DEVICES {
        let (device, secret) = fleet.device().unwrap();
        known.push((device.id.to_string(), secret));
        devices.push(device);
    }
    fleet.resident.load(devices);
    let (id, secret) = known.first().unwrap();
    let stranger = DeviceId::generate(NOW, &mut fleet.entropy).unwrap().to_string();
    let guess = Secret::generate(SecretUse::Device, &mut fleet.entropy).unwrap();
    let request = match operation {
        "verify_known" => login(id, secret),
        "verify_wrong" => login(id, &guess),
        "verify_unknown" => login(&stranger, &guess),
        other => panic!("there is no operation {other}"),
    };
    (fleet.resident, request)
}
