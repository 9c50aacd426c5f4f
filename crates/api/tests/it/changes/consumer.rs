//! The follower that brokers use, against the stream that is served.

use std::sync::mpsc::{Receiver, Sender, channel};

use vouchmq_api::authentication_service::{
    AuthenticationService, AuthenticationServiceOptions, CallerOptions, ConfirmNone,
};
use vouchmq_client::dto::change::Change;
use vouchmq_client::remote::cache::Ttl;
use vouchmq_client::remote::changes::{Followed, Follower, Health, StreamHealth};
use vouchmq_identity::signature::SigningKey;

use super::*;

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Changed(u64, Option<String>),
    Reset(u64),
    Health(Health),
}

struct Log(Sender<Told>);

impl Followed for Log {
    fn changed(&self, change: &Change) {
        let _ = self.0.send(Told::Changed(change.seq, change.device_id.clone()));
    }

    fn reset(&self, head: u64) {
        let _ = self.0.send(Told::Reset(head));
    }

    fn health(&self, health: Health) {
        let _ = self.0.send(Told::Health(health));
    }
}

/// A follower on a thread of its own, as long as somebody listens.
fn follow(world: &World, servers: &[&Server], key: &str) -> (Receiver<Told>, Arc<StreamHealth>) {
    let servers: Vec<_> = servers.iter().map(|server| format!("http://{}", server.address).into()).collect();
    let key = SigningKey::new("broker-1", key.as_bytes()).unwrap();
    let follower = Follower::try_new(&servers, None, Some(key), world.clock.clone()).unwrap();
    let ((tell, told), health) = (channel(), Arc::new(StreamHealth::new()));
    let shared = health.clone();
    let begun = now();
    std::thread::spawn(move || {
        let following = async { follower.follow(&Log(tell), &shared, &move || now() - begun).await };
        runtime().block_on(async { tokio::time::timeout(Duration::from_secs(60), following).await })
    });
    (told, health)
}

fn next(told: &Receiver<Told>) -> Told {
    told.recv_timeout(Duration::from_secs(20)).unwrap()
}

/// Whom only the key is asked for.
fn strict(world: &World) -> Server {
    let key = CallerOptions {
        name: "broker-1".to_owned(),
        key: Some(SecretString::from(KEY)),
        certificate: None,
        networks: Vec::new(),
    };
    let options =
        AuthenticationServiceOptions { callers: vec![key], ..AuthenticationServiceOptions::default() };
    let (resident, confirm) = (world.resident.clone(), Arc::new(ConfirmNone));
    let service = AuthenticationService::try_new(&options, resident, confirm, world.clock.clone());
    Server::start(service.unwrap().telling(world.changes()).build().router)
}

#[test]
fn a_broker_hears_of_every_change_on_a_signed_stream_though_servers_come_and_go() {
    let world = World::new();
    change(&world, "p1");
    let (mut first, second) = (strict(&world), strict(&world));
    let (told, health) = follow(&world, &[&first, &second], KEY);
    assert_eq!(next(&told), Told::Reset(1));
    assert_eq!(next(&told), Told::Health(Health::Healthy));
    assert_eq!(health.cap(Duration::ZERO), Ttl::Full);
    change(&world, "p2");
    assert_eq!(next(&told), Told::Changed(2, None));
    first.join();
    let management = world.management();
    management.device(&management.product("sensor", "off"), "d1");
    world.follow();
    assert_eq!(next(&told), Told::Changed(3, None));
    assert_eq!(next(&told), Told::Changed(4, Some("d1".to_owned())));
}

#[test]
fn a_broker_whose_key_is_not_known_hears_nothing_and_relies_on_nothing() {
    let world = World::new();
    let server = strict(&world);
    let (told, health) = follow(&world, &[&server], "another key, which is long enough for one");
    assert!(told.recv_timeout(Duration::from_secs(1)).is_err());
    assert_eq!(health.state(Duration::ZERO), Health::Stale);
}
