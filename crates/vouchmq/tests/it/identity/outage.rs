//! The database does not answer: who is known gets in, and nothing falls open.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;

use super::fleet::{Device, Fleet, House, eventually};
use super::wire::{Login, VERSIONS, Wire};

/// Somebody else holds the database: `sqlite3` of Python, which the test command needs anyway.
pub(crate) mod lock;

use lock::{Lock, Unreadable};

#[test]
fn known_devices_get_in_and_nothing_falls_open_while_the_database_is_locked() {
    let house = House::new();
    let fleet = house.start(&[]);
    let product = fleet.product("sensor");
    let (known, fresh) = (fleet.enter(&product, "known"), fleet.enter(&product, "fresh"));
    let revoked = fleet.enter(&product, "revoked");
    let mut wire = fleet.connect(&known).unwrap();
    drop(fleet.connect(&revoked).unwrap());
    fleet.revoke(&revoked.credential);

    let lock = Lock::hold(&house.data().join("vouchmq.db"));
    for version in VERSIONS {
        let code = |device: &Device, secret: &str| {
            let login = Login::of(version, &device.id, secret);
            Wire::connect(&fleet.mqtt, &login).err()
        };
        assert_eq!(code(&known, "vmq1_guess"), Some(version.code(0x86)));
        assert_eq!(code(&revoked, &revoked.secret), Some(version.code(0x86)));
        assert_eq!(code(&fresh, &known.secret), Some(version.code(0x86)));
        assert_eq!(code(&fresh, &fresh.secret), Some(version.code(0x88)), "a first use must be durable");
    }
    nothing_is_written(&fleet, &product, &known);
    assert!(wire.is_alive(), "who is connected stays");
    fleet.connect(&known).unwrap();

    drop(lock);
    eventually("a first use is let in again", || fleet.connect(&fresh).is_ok());
    fleet.revoke(&known.credential);
    assert_eq!(fleet.connect(&known).unwrap_err(), 0x86);
}

#[test]
fn nobody_is_let_in_when_changes_could_not_be_read_for_too_long() {
    let house = House::new();
    let fleet = house.start(&["--set", "registry.max_staleness=5s"]);
    let product = fleet.product("sensor");
    let (device, connected) = (fleet.enter(&product, "known"), fleet.enter(&product, "connected"));
    let database = house.data().join("vouchmq.db");
    drop(fleet.connect(&device).unwrap());
    let mut wire = fleet.connect(&connected).unwrap();
    let unreadable = Unreadable::make(&database);
    eventually("the device is refused", || fleet.connect(&device).err() == Some(0x88));
    for version in VERSIONS {
        let code = |secret: &str| Wire::connect(&fleet.mqtt, &Login::of(version, &device.id, secret)).err();
        assert_eq!(code("vmq1_guess"), Some(version.code(0x86)), "who proves nothing learns nothing");
        assert_eq!(code(&device.secret), Some(version.code(0x88)));
    }
    assert!(wire.is_alive(), "who is connected stays");
    drop(unreadable);
    eventually("the device is let in again", || fleet.connect(&device).is_ok());
}

/// Mutations fail closed, each with 503.
fn nothing_is_written(fleet: &Fleet, product: &str, known: &Device) {
    let posts = [
        ("/v1/products".to_owned(), json!({"key": "other", "name": "Other"})),
        ("/v1/devices".to_owned(), json!({"product_id": product, "id": "late", "issue_secret": true})),
        ("/v1/blocks".to_owned(), json!({"kind": "username", "value": "somebody"})),
        (format!("/v1/credentials/{}:revoke", known.credential), json!({})),
        (format!("/v1/devices/{}:suspend", known.id), json!({})),
    ];
    // At once: each of them waits for the database until it gives up.
    std::thread::scope(|scope| {
        for (path, body) in &posts {
            let operator = fleet.operator();
            scope.spawn(move || {
                assert_eq!(operator.try_post(path, body).unwrap_err().status, 503, "{path}");
            });
        }
    });
}
