use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use vouchmq_identity::store::StoreFault;

use crate::harness::Server;
use crate::harness::registry::World;

/// Asks until the answer has this status.
fn becomes(management: &Server, status: u16) {
    #[expect(clippy::disallowed_methods, reason = "a deadline")]
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = management.send("GET", "/readyz", &Value::Null, "");
        if answer.status == status {
            return;
        }
        assert!(end.elapsed().is_zero(), "{answer:?}");
        std::thread::yield_now();
    }
}

#[test]
fn ready_is_who_follows_the_change_log() {
    let world = World::new();
    let management = world.management();
    management.send("GET", "/healthz", &Value::Null, "").is(200);
    becomes(&management, 200);
    world.following.is_stuck.store(true, Ordering::Relaxed);
    management.product("sensor", "off");
    becomes(&management, 503);
    world.following.is_stuck.store(false, Ordering::Relaxed);
    becomes(&management, 200);
    world.store.fail_with(Some(StoreFault::Unavailable("down".into())));
    becomes(&management, 503);
    management.send("GET", "/healthz", &Value::Null, "").is(200);
    world.store.fail_with(None);
    becomes(&management, 200);
}

#[test]
fn a_change_that_is_not_applied_in_time_says_so() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    management.device(&product, "d1");
    world.following.is_stuck.store(true, Ordering::Relaxed);
    let path = "/v1/devices/d1:suspend?wait=applied&timeout=5ms";
    let applied = management.call("POST", path, &Value::Null).is(200);
    assert_eq!((applied["nodes"]["acked"].as_u64(), applied["nodes"]["total"].as_u64()), (Some(0), Some(1)));
}
