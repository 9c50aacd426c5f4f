//! Two authentication services on one PostgreSQL, beside the process that is managed: one dies under load.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use super::fleet::{Device, Fleet, House, eventually, text};
use super::instances::{KEYS, Postgres};
use crate::process::{Running, vouchmq};

mod asking;
mod truth;

use asking::{ALL, Asking, Client};
use truth::{Load, Truth};

/// Devices whose secrets stay good, and those that are revoked before and after the death.
const GOOD: usize = 4;
const DOOMED: usize = 4;
/// Requests of each caller that each phase waits for.
const ENOUGH: usize = 20;

/// A process that is an authentication service and nothing else.
pub(crate) struct Service {
    pub(crate) process: Running,
    pub(crate) address: String,
}

impl Service {
    pub(crate) fn start(house: &House) -> Self {
        let data = house.data();
        let any = "127.0.0.1:0";
        let arguments = ["serve", "--data", data.to_str().unwrap(), "--listen", "off", "--auth-listen", any];
        // The other listeners are off.
        let mut process = Running::spawn(house.equip(&mut vouchmq(&arguments)), b"");
        let line = process.wait_for("for authentication");
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        Self { process, address }
    }
}

pub(crate) fn house(postgres: &Postgres) -> House {
    House::new().with("VOUCHMQ_DATABASE", postgres.url()).with("VOUCHMQ_KEYS", KEYS.to_owned())
}

/// What every caller asks about: devices that stay, devices that go, and who was never there.
fn truths(manager: &Fleet, product: &str) -> (Vec<Truth>, Vec<Device>) {
    let enter = |kind: &str, number: usize| manager.enter(product, &format!("{kind}-{number}"));
    let good: Vec<_> = (0..GOOD).map(|number| enter("good", number)).collect();
    let doomed: Vec<_> = (0..DOOMED).map(|number| enter("doomed", number)).collect();
    let mut truths: Vec<Truth> =
        good.iter().chain(&doomed).map(|device| Truth::good(&device.id, &device.secret)).collect();
    truths.push(Truth::wrong(&good[0].id, &good[1].secret));
    truths.push(Truth::wrong(&good[0].id, "vmq1_guess"));
    truths.push(Truth::unknown("nobody", &good[0].secret));
    (truths, doomed)
}

#[test]
fn callers_of_a_service_that_dies_get_right_verdicts_from_the_other() {
    let postgres = Postgres::start();
    let houses = [house(&postgres), house(&postgres), house(&postgres)];
    let manager = houses[0].start(&[]);
    let product = json!({"key": "sensor", "name": "Sensor", "allowed_kinds": ["secret"]});
    let product = text(&manager.operator.post("/v1/products", &product), "id");
    let (truths, doomed) = truths(&manager, &product);
    let [mut dying, survivor] = [Service::start(&houses[1]), Service::start(&houses[2])];
    let addresses = [dying.address.clone(), survivor.address.clone()];
    for address in &addresses {
        for truth in &truths {
            let mut client = Client::dial(address, Asking::Native).unwrap();
            eventually("both know every device", || truth.holds(&client.ask(truth).unwrap()));
        }
    }

    let load = Load::new(truths, addresses);
    thread::scope(|scope| {
        // Whatever is wrong in here is told, and not waited for.
        let _stop = load.stop_at_the_end();
        for number in 0..2 * ALL.len() {
            let load = &load;
            scope.spawn(move || load.call(ALL[number / 2], number % 2));
        }
        load.wait_for_more("both are asked", ENOUGH, &[0, 1]);
        revoke(&manager, &load, &doomed[0], &[0, 1]);
        revoke(&manager, &load, &doomed[1], &[0, 1]);
        load.wait_for_more("both deny under load", ENOUGH, &[0, 1]);

        load.is_dead.store(true, Ordering::SeqCst);
        dying.process.kill();
        load.wait_for_more("whose service died asks the other", ENOUGH, &[1]);
        revoke(&manager, &load, &doomed[2], &[1]);
        load.wait_for_more("the other denies", ENOUGH, &[1]);
    });
    load.expect_everybody_moved();

    // It comes again, and knows at once what was revoked without it.
    revoke(&manager, &load, &doomed[3], &[1]);
    let again = Service::start(&houses[1]);
    for asking in ALL {
        let mut client = Client::dial(&again.address, asking).unwrap();
        for truth in &load.truths {
            let told = client.ask(truth).unwrap();
            assert!(truth.holds(&told), "{asking:?} {truth:?} {told:?}");
        }
    }
    drop(survivor);
}

/// Revokes, and waits until the services that live deny: from then on each answer has to.
fn revoke(manager: &Fleet, load: &Load, device: &Device, living: &[usize]) {
    let truth = load.truths.iter().find(|truth| truth.name == device.id).unwrap();
    truth.is_ending.store(true, Ordering::SeqCst);
    let path = format!("/v1/credentials/{}:revoke?wait=applied&timeout=10s", device.credential);
    let revoked = manager.operator.post(&path, &json!({}));
    // Who has followed the log as far as this denies.
    truth.ends_at.store(revoked["seq"].as_u64().unwrap(), Ordering::SeqCst);
    for which in living {
        let mut client = Client::dial(&load.addresses[*which], Asking::NanomqForm).unwrap();
        eventually("a service denies", || client.ask(truth).unwrap().is_denied);
    }
    truth.is_over.store(true, Ordering::SeqCst);
}

/// The scope ends when its threads do, and they when this is dropped.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
