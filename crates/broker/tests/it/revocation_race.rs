//! A verdict from before a revocation never lets anybody in after it.

use std::sync::{Arc, Condvar, Mutex};

use vouchmq_identity::resident::Resident;
use vouchmq_identity::{
    AllowAll, Allowance, AuthRequest, Authenticator, Cost, Exchange, ExchangeMethod, Principal, Reconsidered,
    Reply, Secret, Standing, Step, Verdict, Whom,
};
use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Property, ReasonCode};

use crate::harness::*;

/// Clients in all, and those of one address.
const CLIENTS: usize = 1000;
const OF_ADDRESS: usize = 250;

/// Judges at once, and keeps the verdict until it is told to send it.
struct Delayed {
    resident: Arc<Resident>,
    judged: Mutex<Vec<(Verdict, Reply)>>,
}

impl Authenticator for Delayed {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Elsewhere
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        panic!("it would have to wait")
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        self.judged.lock().unwrap().push((self.resident.verify(&request), reply));
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.resident.reconsider(standing)
    }
}

/// A thread of the pool judges, and then waits at a gate.
struct Gated {
    resident: Arc<Resident>,
    /// How many stand there, and whether it is open.
    gate: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Authenticator for Gated {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Expensive
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let verdict = self.resident.verify(request);
        let mut gate = self.gate.lock().unwrap();
        gate.0 += 1;
        drop(self.changed.wait_while(gate, |(_, is_open)| !*is_open).unwrap());
        verdict
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.resident.reconsider(standing)
    }
}

/// A broker that 1000 devices have sent their CONNECT to, and that has let none in yet.
struct Crowd {
    registry: Registry,
    delayed: Arc<Delayed>,
    server: Server,
    clients: Vec<Client>,
}

impl Crowd {
    fn new() -> Self {
        let mut registry = Registry::new();
        let secrets: Vec<Secret> = (0..CLIENTS).map(|number| registry.add(&id_of(number))).collect();
        let resident = registry.resident.clone();
        let delayed = Arc::new(Delayed { resident, judged: Mutex::default() });
        let server = Server::with(|config, limits| {
            config.authenticator = delayed.clone();
            limits.connect_deadline = 3 * DEADLINE;
        });
        let connect = |(number, secret): (usize, &Secret)| {
            let last = u8::try_from(1 + number / OF_ADDRESS).unwrap();
            let mut client = Client::open_from([127, 0, 0, last].into(), server.address(), V5);
            client.send(login(V5, &id_of(number), secret));
            client
        };
        let clients = secrets.iter().enumerate().map(connect).collect();
        until("all are judged", || delayed.judged.lock().unwrap().len() == CLIENTS);
        let is_allowed = |(verdict, _): &(Verdict, Reply)| matches!(verdict, Verdict::Allow(_));
        assert!(delayed.judged.lock().unwrap().iter().all(is_allowed));
        Self { registry, delayed, server, clients }
    }

    fn revoke_all(&mut self) {
        (0..CLIENTS).for_each(|number| self.registry.revoke(&id_of(number)));
    }

    fn take_judged(&self) -> Vec<(Verdict, Reply)> {
        std::mem::take(&mut *self.delayed.judged.lock().unwrap())
    }

    /// Nobody is connected: each was refused, or let in and ended.
    fn expect_none(mut self, ended_count: usize) {
        let mut refused_count = 0;
        for client in &mut self.clients {
            match client.connack().reason {
                ReasonCode::SUCCESS => client.expect_disconnect(ReasonCode::NOT_AUTHORIZED),
                ReasonCode::BAD_USER_NAME_OR_PASSWORD => {
                    refused_count += 1;
                    client.expect_closed();
                }
                other => panic!("{other}"),
            }
        }
        let stats = self.server.stats();
        let counted = (stats.ended_by_reconsideration, stats.refused_at_second_look);
        assert_eq!(counted, (ended_count as u64, refused_count));
        assert_eq!(ended_count as u64 + refused_count, CLIENTS as u64);
        self.server.expect_nobody();
        assert_eq!((self.server.stats().devices, self.server.stats().elsewhere_in_flight), (0, 0));
    }
}

fn id_of(number: usize) -> String {
    format!("d{number}")
}

#[test]
fn no_verdict_from_before_a_revocation_lets_anybody_in_after_it() {
    let mut crowd = Crowd::new();
    crowd.revoke_all();
    assert_eq!(wait_for(crowd.server.control.reconsider(Whom::Everybody)), 0, "nobody is in yet");
    for (verdict, reply) in crowd.take_judged() {
        reply.answer(verdict);
    }
    crowd.expect_none(0);
}

/// Verdicts come while the revocation is under way: each client is refused or ended, none is forgotten.
#[test]
fn no_verdict_survives_a_revocation_that_it_races() {
    let mut crowd = Crowd::new();
    let mut judged = crowd.take_judged().into_iter();
    for (verdict, reply) in judged.by_ref().take(100) {
        reply.answer(verdict);
    }
    until("some are in", || crowd.server.stats().engines.connects == 100);
    // One is revoked and another one's verdict is sent, in turn: the shards open them meanwhile.
    for number in 0..CLIENTS {
        crowd.registry.revoke(&id_of(number));
        if let Some((verdict, reply)) = judged.next() {
            reply.answer(verdict);
        }
    }
    let ids = (0..CLIENTS).map(|number| device_id(&id_of(number))).collect();
    let ended_count = wait_for(crowd.server.control.reconsider(Whom::Devices(ids)));
    assert!(ended_count >= 100);
    crowd.expect_none(ended_count);
}

/// Lets in whoever names this method, as the device `d1`, and looks at nothing.
struct Gullible(Principal);

impl ExchangeMethod for Gullible {
    fn name(&self) -> &'static str {
        "GULLIBLE"
    }

    fn begin(&self, _: &AuthRequest) -> Box<dyn Exchange> {
        Box::new(Self(self.0.clone()))
    }
}

impl Exchange for Gullible {
    fn step(&mut self, _: &[u8]) -> Step {
        let (principal, authorize) = (self.0.clone(), Arc::new(AllowAll));
        Step::Done(Verdict::Allow(Allowance { principal, authorize, expires_at: None }), None)
    }
}

/// Exchanges know nothing of blocks and states: the second look does.
#[test]
fn verdicts_of_exchanges_are_looked_at_again() {
    let mut registry = Registry::new();
    registry.add("d1");
    let principal = Principal::Device(device_id("d1"), registry.credential("d1"));
    let server = Server::with(|config, _| {
        config.authenticator = registry.resident.clone();
        config.exchange_methods = vec![Arc::new(Gullible(principal))];
    });
    let properties = props(&[Property::AuthenticationMethod("GULLIBLE")]);
    let open = || {
        let mut client = server.open(V5);
        client.send(Connect { properties, ..connect(V5, "d1") });
        let reason = client.connack().reason;
        (client, reason)
    };
    let (mut client, reason) = open();
    assert_eq!(reason, ReasonCode::SUCCESS);
    // What it may do is what the registry says, and not the method.
    client.send(publish(AtLeastOnce, 1, "elsewhere", b"denied"));
    assert_eq!(client.puback().reason, ReasonCode::NOT_AUTHORIZED);
    registry.block("device", "d1");
    assert_eq!(open().1, ReasonCode::NOT_AUTHORIZED);
    assert_eq!(server.stats().refused_at_second_look, 1);
    assert_eq!(wait_for(server.control.reconsider(Whom::Everybody)), 1);
    client.expect_disconnect(ReasonCode::NOT_AUTHORIZED);
}

#[test]
fn verdicts_of_the_pool_are_looked_at_again() {
    const THREADS: usize = 32;
    let mut registry = Registry::new();
    let resident = registry.resident.clone();
    let gated = Arc::new(Gated { resident, gate: Mutex::default(), changed: Condvar::new() });
    let server = Server::with(|config, limits| {
        config.authenticator = gated.clone();
        config.verify_threads = THREADS;
        limits.connect_deadline = 3 * DEADLINE;
    });
    let connect = |number: usize| {
        let secret = registry.add(&id_of(number));
        let mut client = server.open(V5);
        client.send(login(V5, &id_of(number), &secret));
        client
    };
    let mut clients: Vec<_> = (0..THREADS).map(connect).collect();
    until("all are judged", || gated.gate.lock().unwrap().0 == THREADS);
    (0..THREADS).step_by(2).for_each(|number| registry.revoke(&id_of(number)));
    assert_eq!(wait_for(server.control.reconsider(Whom::Everybody)), 0);
    gated.gate.lock().unwrap().1 = true;
    gated.changed.notify_all();
    for (number, client) in clients.iter_mut().enumerate() {
        let reason =
            if number % 2 == 0 { ReasonCode::BAD_USER_NAME_OR_PASSWORD } else { ReasonCode::SUCCESS };
        assert_eq!(client.connack().reason, reason);
    }
    assert_eq!(server.stats().refused_at_second_look, (THREADS / 2) as u64);
}
