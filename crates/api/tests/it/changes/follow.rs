use serde_json::Value;
use vouchmq_api::http::HttpLimits;

use super::{Events, change, serve};
use crate::harness::registry::World;

#[test]
fn a_heartbeat_comes_at_once_and_again_though_nothing_changes() {
    let world = World::new();
    change(&world, "p0");
    let (server, _) = serve(&world, HttpLimits::default());
    let mut events = Events::follow(&server, "", "");
    for _ in 0..2 {
        let event = events.next().unwrap();
        assert_eq!((event.name.as_str(), event.data["head_seq"].as_u64()), ("heartbeat", Some(1)));
        assert!(event.data["server_time"].as_str().unwrap().starts_with("2026-"));
        assert_eq!(event.data["log"].as_str().unwrap().len(), 32);
    }
}

#[test]
fn a_change_says_what_changed() {
    let world = World::new();
    let (server, management) = (serve(&world, HttpLimits::default()).0, world.management());
    let mut events = Events::follow(&server, "?after=0", "");
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    world.follow();
    let first = events.news();
    assert_eq!(first.data["kind"], "product");
    assert_eq!(first.data["product_id"], product.as_str());
    let second = events.news().data;
    assert_eq!((&second["kind"], &second["device_id"]), (&"device".into(), &"d1".into()));
    assert_eq!(second["credential_id"], device["credential_id"]);
    assert_eq!((&second["kick"], &second["product_id"]), (&"none".into(), &Value::Null));
    management
        .call("POST", "/v1/devices/d1/credentials:rotate", &serde_json::json!({"kick": "hard"}))
        .is(201);
    world.follow();
    assert_eq!(events.news().data["kick"], "hard");
}

#[test]
fn nothing_is_missed_and_nothing_told_twice_while_many_change_at_once() {
    let world = World::new();
    let (server, _) = serve(&world, HttpLimits::default());
    let mut all = Events::follow(&server, "?after=0", "");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let world = &world;
            scope.spawn(move || (0..25).for_each(|number| change(world, &format!("p{thread}-{number}"))));
        }
        let server = &server;
        scope.spawn(move || Events::follow(server, "?after=0", "").until(1, 100));
    });
    all.until(1, 100);
    Events::follow(&server, "?after=40", "").until(41, 100);
}

#[test]
fn who_comes_back_goes_on_behind_what_it_has() {
    let world = World::new();
    let (server, _) = serve(&world, HttpLimits::default());
    let mut events = Events::follow(&server, "", "");
    events.next().unwrap();
    change(&world, "p1");
    let id = events.news().id.unwrap();
    drop(events);
    change(&world, "p2");
    change(&world, "p3");
    // The header says it, as a browser would, whatever the URL said at first.
    let mut events = Events::follow(&server, "?after=0", &format!("Last-Event-ID: {id}\r\n"));
    events.until(2, 3);
    let (log, seq) = id.split_once(':').unwrap();
    Events::follow(&server, &format!("?after={seq}&log={log}"), "").until(2, 3);
    Events::follow(&server, "", "Last-Event-ID: 2\r\n").until(3, 3);
    change(&world, "p4");
    events.until(4, 4);
}

#[test]
fn who_knows_more_than_there_is_or_another_log_forgets_everything() {
    let world = World::new();
    change(&world, "p1");
    let (server, _) = serve(&world, HttpLimits::default());
    for query in ["?after=2".to_owned(), format!("?after=1&log={}", "0".repeat(32))] {
        let mut events = Events::follow(&server, &query, "");
        let first = events.next().unwrap();
        assert_eq!((first.name.as_str(), first.data["head_seq"].as_u64()), ("reset", Some(1)), "{query}");
        let id = first.id.unwrap();
        // And goes on from there.
        assert_eq!(events.next().unwrap().name, "heartbeat");
        assert!(id.ends_with(":1"));
    }
    let mut events = Events::follow(&server, "?after=9", "");
    assert_eq!(events.next().unwrap().name, "reset");
    change(&world, "p2");
    events.until(2, 2);
}

/// What is told is applied, so that an answer asked for afterwards is not older.
#[test]
fn what_is_not_applied_is_not_told() {
    let world = World::new();
    let (server, _) = serve(&world, HttpLimits::default());
    let mut events = Events::follow(&server, "?after=0", "");
    assert_eq!(events.next().unwrap().data["head_seq"], 0);
    world.following.is_stuck.store(true, std::sync::atomic::Ordering::Relaxed);
    change(&world, "p1");
    let event = events.next().unwrap();
    assert_eq!((event.name.as_str(), event.data["head_seq"].as_u64()), ("heartbeat", Some(0)));
    world.following.is_stuck.store(false, std::sync::atomic::Ordering::Relaxed);
    world.follow();
    events.until(1, 1);
    assert_eq!(world.resident.applied(), 1);
}

#[test]
fn positions_that_are_none_are_refused() {
    let world = World::new();
    let (server, _) = serve(&world, HttpLimits::default());
    for (query, more, status) in [
        ("?after=x", "", 422),
        ("?after=-1", "", 422),
        ("?log=x", "", 422),
        ("?from=1", "", 422),
        ("", "Last-Event-ID: x\r\n", 400),
    ] {
        let request = format!("GET /v1/changes{query} HTTP/1.1\r\nHost: auth.example\r\n{more}\r\n");
        assert_eq!(server.ask(&request).status, status, "{query}{more}");
    }
}
