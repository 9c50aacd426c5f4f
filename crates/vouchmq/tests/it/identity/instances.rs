//! Two servers on one PostgreSQL: what is done at one holds at both.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::fleet::{Device, Fleet, House, eventually};
use super::wire::{Ending, Login, Version, Wire};

mod applied;
pub(crate) mod postgres;

pub(crate) use postgres::Postgres;

pub(super) const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const DEVICES: usize = 20;
/// Who was killed is not waited for too long.
const FLAGS: &[&str] = &["--set", "registry.node_timeout=2s"];

fn house(postgres: &Postgres) -> House {
    House::new().with("VOUCHMQ_DATABASE", postgres.url()).with("VOUCHMQ_KEYS", KEYS.to_owned())
}

#[test]
fn two_servers_on_one_database_are_one() {
    let postgres = Postgres::start();
    let (left, right) = (house(&postgres), house(&postgres));
    let one = left.start(FLAGS);
    let other = right.start(FLAGS);
    let product = one.product("sensor");
    let devices: Vec<_> =
        (0..DEVICES).map(|number| one.enter(&product, &format!("device-{number}"))).collect();

    a_revocation_at_one_holds_at_the_other(&one, &other, &devices[0]);
    the_other_goes_on_when_one_is_killed(one, &other, &devices[1..]);
    // It starts again, and knows what was done without it.
    let suspended = &devices[1];
    other.operator.act(&format!("/v1/devices/{}:suspend", suspended.id));
    let one = left.start(FLAGS);
    assert_eq!(one.connect(suspended).unwrap_err(), 0x87);
    one.connect(&devices[2]).unwrap();
}

fn a_revocation_at_one_holds_at_the_other(one: &Fleet, other: &Fleet, device: &Device) {
    eventually("the other knows the device", || other.connect(device).is_ok());
    let mut wire = other.connect(device).unwrap();
    one.revoke(&device.credential);
    assert_eq!(wire.ending(), Ending::Told(0x87));
    assert_eq!(one.connect(device).unwrap_err(), 0x86);
    assert_eq!(other.connect(device).unwrap_err(), 0x86);
}

/// Devices come and go at both, and one of them dies: at the other every verdict stays right.
fn the_other_goes_on_when_one_is_killed(one: Fleet, other: &Fleet, devices: &[Device]) {
    for device in devices {
        eventually("the other knows the device", || other.connect(device).is_ok());
    }
    let count = AtomicUsize::new(0);
    let (address, dying) = (&*other.mqtt, one.mqtt.clone());
    thread::scope(|scope| {
        let (count, dying) = (&count, &*dying);
        for device in devices {
            let login = Login::of(Version::V5, &device.id, &device.secret);
            scope.spawn(move || {
                // At most as often as a device may take over its own connection.
                for _ in 0..10 {
                    assert_eq!(Wire::connect(address, &login).map(drop), Ok(()), "{login:?}");
                    count.fetch_add(1, Ordering::Relaxed);
                    // What becomes of this one nobody can say.
                    let _ = std::net::TcpStream::connect(dying);
                }
            });
        }
        eventually("there is load", || count.load(Ordering::Relaxed) >= devices.len());
        one.kill();
        other.connect(&devices[0]).unwrap();
        other.enter(&other.product("late"), "late");
    });
    let late = Device { id: "nobody".to_owned(), ..devices[0].clone() };
    assert_eq!(other.connect(&late).unwrap_err(), 0x86, "nothing fell open");
}
