//! What verification costs: `resident DEVICES VERIFICATIONS`. Fills a registry, then judges its devices in
//! turn on one thread, and prints bytes per device, verifications per second, and percentiles.

#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
#![expect(clippy::print_stdout, reason = "and tells what it found")]

use std::time::Instant;

use vouchmq_identity::resident::Resident;
use vouchmq_identity::{AuthRequest, Authenticator, Verdict};

#[path = "shared/fleet.rs"]
mod fleet;
#[path = "shared/login.rs"]
mod login;

use fleet::{Failure, Fleet};
use login::login;

const LOGINS: usize = 10_000;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let device_count: usize = arguments.next().as_deref().unwrap_or("1000000").parse()?;
    let round_count: usize = arguments.next().as_deref().unwrap_or("1000000").parse()?;
    let mut fleet = Fleet::try_new()?;

    let before = resident_bytes();
    let mut logins = Vec::with_capacity(LOGINS);
    let mut took = std::time::Duration::ZERO;
    for portion in portions(device_count) {
        let mut devices = Vec::with_capacity(portion);
        for _ in 0..portion {
            let (device, secret) = fleet.device()?;
            if logins.len() < LOGINS {
                logins.push(login(device.id.as_str(), &secret));
            }
            devices.push(device);
        }
        let start = Instant::now();
        fleet.resident.load(devices);
        took += start.elapsed();
    }
    let bytes = resident_bytes().saturating_sub(before) / device_count.max(1);
    println!("{device_count} devices: {bytes} bytes of RSS each, loaded in {took:?}");
    measure(&fleet.resident, &logins, round_count)
}

/// Loaded a portion at a time, so that what the loader holds does not count as what is resident.
fn portions(device_count: usize) -> impl Iterator<Item = usize> {
    let size = 100_000;
    (0..device_count).step_by(size).map(move |from| size.min(device_count - from))
}

fn measure(resident: &Resident, logins: &[AuthRequest], round_count: usize) -> Result<(), Failure> {
    let mut nanos = Vec::with_capacity(round_count);
    let start = Instant::now();
    for request in logins.iter().cycle().take(round_count) {
        let each = Instant::now();
        if !matches!(resident.verify(request), Verdict::Allow(_)) {
            return Err("a right secret was refused".into());
        }
        nanos.push(each.elapsed().as_nanos());
    }
    let elapsed = start.elapsed();
    nanos.sort_unstable();
    let at = |percent: usize| nanos.get((nanos.len() * percent / 100).min(nanos.len() - 1)).copied();
    let rate = round_count as u128 * 1_000_000_000 / elapsed.as_nanos().max(1);
    println!(
        "{rate} verifications/s, p50 {} ns, p99 {} ns",
        at(50).unwrap_or_default(),
        at(99).unwrap_or_default()
    );
    Ok(())
}

/// Memory of this process, in bytes.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
