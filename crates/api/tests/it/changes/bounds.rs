use std::time::Duration;

use async_trait::async_trait;
use vouchmq_api::http::HttpLimits;
use vouchmq_identity::UnixMillis;
use vouchmq_identity::store::{Aborted, Job, NewEntry, Store, Transaction};

use super::{Events, change, serve, wait_until};
use crate::harness::registry::{TOKEN, World};
use crate::harness::runtime;

/// Writes many entries at once.
struct Entries(u64);

#[async_trait]
impl Job for Entries {
    async fn run(&mut self, rows: &mut dyn Transaction) -> Result<(), Aborted> {
        for _ in 0..self.0 {
            rows.append_log(UnixMillis::new(1), NewEntry::blocks()).await.map_err(Aborted::Failed)?;
        }
        Ok(())
    }
}

/// Forgets the beginning of the log.
struct Forget(u64);

#[async_trait]
impl Job for Forget {
    async fn run(&mut self, rows: &mut dyn Transaction) -> Result<(), Aborted> {
        rows.delete_log(self.0).await.map_err(Aborted::Failed)
    }
}

#[test]
fn who_is_further_behind_than_what_is_kept_begins_anew() {
    let world = World::new();
    runtime().block_on(world.store.write(Box::new(Entries(9)))).unwrap();
    world.follow();
    runtime().block_on(world.store.write(Box::new(Forget(5)))).unwrap();
    let (server, _) = serve(&world, HttpLimits::default());
    for (after, expected) in [(5, "change"), (4, "reset"), (1, "reset")] {
        let mut events = Events::follow(&server, &format!("?after={after}"), "");
        let first = std::iter::from_fn(|| events.next()).find(|event| event.name != "heartbeat").unwrap();
        assert_eq!(first.name, expected, "{after}");
    }
}

/// More than all buffers between here and there take.
const MANY: u64 = 60_000;

#[test]
fn who_does_not_read_is_cut_off_and_others_go_on() {
    let world = World::new();
    runtime().block_on(world.store.write(Box::new(Entries(MANY)))).unwrap();
    world.follow();
    let limits = HttpLimits { stall_timeout: Duration::from_millis(300), ..HttpLimits::default() };
    let (server, changes) = serve(&world, limits);
    let mut stuck = Events::follow(&server, "?after=0", "");
    let mut reading = Events::follow(&server, "", "");
    assert_eq!(reading.next().unwrap().name, "heartbeat");
    wait_until("whoever does not read holds a place", || changes.consumer_count() == 1);
    change(&world, "p1");
    reading.until(MANY + 1, MANY + 1);
    // It broke off: nobody takes what came for everything.
    let mut count = 0;
    while stuck.next().is_some() {
        count += 1;
    }
    assert!(count < MANY, "{count}");
}

#[test]
fn there_are_at_most_64_and_a_place_comes_free() {
    let world = World::new();
    let (server, changes) = serve(&world, HttpLimits::default());
    let mut held: Vec<Events> = (0..64).map(|_| Events::follow(&server, "", "")).collect();
    let request = "GET /v1/changes HTTP/1.1\r\nHost: auth.example\r\n\r\n";
    let refused = server.ask(request);
    assert_eq!((refused.status, refused.code().as_str()), (503, "unavailable"));
    assert!(refused.header("retry-after").is_some());
    held.pop();
    wait_until("a place came never free", || changes.consumer_count() == 63);
    Events::follow(&server, "", "").next().unwrap();
}

#[test]
fn streams_end_when_the_listener_drains() {
    let world = World::new();
    let (mut server, changes) = serve(&world, HttpLimits::default());
    let mut events = Events::follow(&server, "", "");
    events.next().unwrap();
    server.begin_drain();
    while events.next().is_some() {}
    server.join();
    assert_eq!(changes.consumer_count(), 0);
}

#[test]
fn whoever_has_a_key_of_the_management_api_leaves_places_for_brokers() {
    let management = World::new().management();
    let follow = || {
        let mut connection = management.connect();
        let authorization = format!("Authorization: Bearer {TOKEN}");
        let request = format!("GET /v1/changes HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n\r\n");
        connection.send(request.as_bytes());
        assert_eq!(connection.receive_head().status, 200);
        connection
    };
    let held: Vec<_> = (0..16).map(|_| follow()).collect();
    assert_eq!(management.get("/v1/changes").problem(), (503, "unavailable".into()));
    drop(held);
}
