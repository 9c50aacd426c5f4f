//! Two services on one database, of which one dies under load.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use super::Asker;
use crate::identity::fleet::{Device, eventually, text};
use crate::identity::instances::Postgres;
use crate::identity::services::{Service, house};
use crate::identity::wire::{Login, Version, Wire};

const CLIENTS: usize = 8;
const BEFORE: usize = 500;
const ALL: usize = 3_000;
const STEP: usize = 100;

#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    right: AtomicUsize,
    /// Without a verdict.
    failed: AtomicUsize,
}

impl Load {
    /// Connects with the right secret and with a wrong one, in turn; no verdict may be wrong.
    fn go(&self, mqtt: &str, device: &Device) {
        for number in 0_usize.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let (secret, right) = match number % 2 {
                0 => (&*device.secret, None),
                _ => ("vmq1_guess", Some(0x86)),
            };
            let mut login = Login::of(Version::V5, &device.id, secret);
            login.client_id = format!("{}-{number}", device.id);
            match Wire::connect(mqtt, &login).err() {
                Some(0x88) => self.failed.fetch_add(1, Ordering::SeqCst),
                told => {
                    assert_eq!(told, right, "{login:?}");
                    self.right.fetch_add(1, Ordering::SeqCst)
                }
            };
        }
    }

    #[track_caller]
    fn wait_for(&self, count: usize) {
        let right = || self.right.load(Ordering::SeqCst);
        // However slow they are, they go on.
        while right() < count {
            let next = count.min(right() + STEP);
            eventually("clients come", || right() >= next);
        }
    }
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn clients_get_their_verdict_while_one_of_two_services_dies() {
    let postgres = Postgres::start();
    let houses = [house(&postgres), house(&postgres), house(&postgres)];
    let manager = houses[0].start(&[]);
    let product = json!({"key": "sensor", "name": "Sensor", "clientid_binding": "any"});
    let product = text(&manager.operator.post("/v1/products", &product), "id");
    let devices: Vec<_> = (0..CLIENTS).map(|number| manager.enter(&product, &format!("d{number}"))).collect();
    let [mut dying, survivor] = [Service::start(&houses[1]), Service::start(&houses[2])];
    for service in [&dying, &survivor] {
        let alone = Asker::start(&[&service.address], "", "");
        for device in &devices {
            eventually("it knows every device", || alone.connect(device).is_ok());
        }
    }
    let broker = Asker::start(&[&dying.address, &survivor.address], "", "");
    broker.wait_until("healthy");
    let load = Load::default();
    thread::scope(|scope| {
        let _stop = Stop(&load.is_over);
        for device in &devices {
            let (load, mqtt) = (&load, &*broker.mqtt);
            scope.spawn(move || load.go(mqtt, device));
        }
        load.wait_for(BEFORE);
        dying.process.kill();
        load.wait_for(ALL);
    });
    let (right, failed) = (load.right.into_inner(), load.failed.into_inner());
    println!("{failed} of {} without a verdict", right + failed);
    assert!(failed * 1_000 < right + failed, "{failed} of {}", right + failed);
}
