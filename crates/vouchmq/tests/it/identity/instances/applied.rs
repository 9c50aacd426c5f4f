//! `?wait=applied` at one server counts every server.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use vouchmq_client::Method;

use super::super::fleet::{Device, Fleet, eventually, text};
use super::super::wire::Ending;
use super::{house, postgres::Postgres};

/// Long enough to ask about a server that was just killed, short enough to wait for it.
const FLAGS: &[&str] = &["--set", "registry.node_timeout=5s"];
const WAIT: &str = "wait=applied&timeout=15s";

fn nodes(acked: u64, total: u64) -> Value {
    json!({"acked": acked, "total": total})
}

/// What is done at `one`, and how many connections that ends anywhere.
#[track_caller]
fn holds_at_both(applied: &Value, sessions_closed: u64) {
    assert_eq!(
        (&applied["nodes"], &applied["sessions_closed"]),
        (&nodes(2, 2), &json!(sessions_closed)),
        "{applied}"
    );
}

#[test]
fn an_answer_waits_for_every_server_and_says_which_are_silent() {
    let postgres = Postgres::start();
    let (left, right) = (house(&postgres), house(&postgres));
    let (one, other) = (left.start(FLAGS), right.start(FLAGS));
    let product = one.product("sensor");
    let devices: Vec<_> = (0..4).map(|number| one.enter(&product, &format!("d{number}"))).collect();
    for device in &devices {
        eventually("the other knows the device", || other.connect(device).is_ok());
    }
    a_revocation_ends_the_connection_at_the_other(&one, &other, &devices[0]);
    a_block_and_a_kick_reach_the_other(&one, &other, &devices[1]);
    a_new_secret_is_good_at_the_other(&one, &other, &devices[2]);
    a_product_is_disabled_at_both(&one, &other, &product, &devices[3]);
    who_is_killed_is_waited_for_and_then_silent(&one, other, &devices[3]);
    // Whoever ends in an orderly way is not waited for.
    right.start(FLAGS).stop();
    let resumed = one.operator.post(&format!("/v1/devices/d3:resume?{WAIT}"), &json!({}));
    assert_eq!(resumed["nodes"], json!({"acked": 1, "total": 1, "stale": 1}));
}

fn a_revocation_ends_the_connection_at_the_other(one: &Fleet, other: &Fleet, device: &Device) {
    let mut wire = other.connect(device).unwrap();
    let revoke = format!("/v1/credentials/{}:revoke?{WAIT}", device.credential);
    holds_at_both(&one.operator.post(&revoke, &json!({"reason": "lost"})), 1);
    assert!(!wire.is_alive(), "it is over when the answer is there");
    assert_eq!(other.connect(device).unwrap_err(), 0x86);
}

fn a_block_and_a_kick_reach_the_other(one: &Fleet, other: &Fleet, device: &Device) {
    let mut wire = other.connect(device).unwrap();
    let kicked = one.operator.post(&format!("/v1/devices/{}:kick?{WAIT}", device.id), &json!({}));
    holds_at_both(&kicked, 1);
    assert_eq!(wire.ending(), Ending::Told(0x98));
    let mut wire = other.connect(device).unwrap();
    let new = json!({"kind": "username", "value": device.id});
    let block = one.operator.post(&format!("/v1/blocks?{WAIT}"), &new);
    holds_at_both(&block["applied"], 1);
    assert_eq!(wire.ending(), Ending::Told(0x87));
    assert_eq!(other.connect(device).unwrap_err(), 0x87);
    let path = format!("/v1/blocks/{}?{WAIT}", text(&block, "id"));
    holds_at_both(&one.operator.call(Method::DELETE, &path, None).unwrap(), 0);
    other.connect(device).unwrap();
}

fn a_new_secret_is_good_at_the_other(one: &Fleet, other: &Fleet, device: &Device) {
    let _wire = other.connect(device).unwrap();
    let path = format!("/v1/devices/{}/credentials:rotate?{WAIT}", device.id);
    let rotated = one.operator.post(&path, &json!({"kick": "soft"}));
    holds_at_both(&rotated["applied"], 1);
    other.connect_with(device, &text(&rotated, "secret")).unwrap();
    // Its first use ends the old one: let that be over, too.
    let fresh = Device { secret: text(&rotated, "secret"), ..device.clone() };
    eventually("the old secret is over", || other.connect(device).is_err());
    other.connect(&fresh).unwrap();
}

fn a_product_is_disabled_at_both(one: &Fleet, other: &Fleet, product: &str, device: &Device) {
    let mut wire = one.connect(device).unwrap();
    let path = format!("/v1/products/{product}?{WAIT}");
    let patch = |state: &str| {
        let patch = json!({"state": state});
        one.operator.call(Method::PATCH, &path, Some(&patch)).unwrap()
    };
    let disabled = patch("disabled");
    assert_eq!(disabled["applied"]["nodes"], nodes(2, 2), "{disabled}");
    assert!(!wire.is_alive());
    for fleet in [one, other] {
        assert_eq!(fleet.connect(device).unwrap_err(), 0x87);
    }
    assert_eq!(patch("active")["applied"]["nodes"], nodes(2, 2));
    other.connect(device).unwrap();
}

fn who_is_killed_is_waited_for_and_then_silent(one: &Fleet, other: Fleet, device: &Device) {
    other.kill();
    let suspend = format!("/v1/devices/{}:suspend?wait=applied&timeout=300ms", device.id);
    let suspended = one.operator.post(&suspend, &json!({}));
    assert_eq!(suspended["nodes"], nodes(1, 2));
    // As long as it takes: it is silent for five seconds then.
    let again = one.operator.post(&format!("/v1/devices/{}:resume?{WAIT}", device.id), &json!({}));
    assert_eq!(again["nodes"], json!({"acked": 1, "total": 1, "stale": 1}));
    one.connect(device).unwrap();
    one.operator.act(&format!("/v1/devices/{}:suspend", device.id));
}
