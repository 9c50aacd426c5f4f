use rcgen::date_time_ymd;

use super::*;
use crate::certificate::tests::leaf;
use crate::events::EventKind;
use crate::model::{CertificateAuthority, CertificateProof, Transition};
use crate::registry::tests::arrive::{certificate_of, with_authority};
use crate::registry::{DecideRegistration, MoveDevice, RemoveAuthority};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Timer = Box<dyn FnOnce() + Send>;

/// Keeps tasks and timers until somebody wants them.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<(Vec<Task>, Vec<Timer>)>>);

impl Spawn for Held {
    fn spawn(&self, task: Task) {
        self.0.lock().unwrap().0.push(task);
    }

    fn after(&self, _: Duration, then: Timer) {
        self.0.lock().unwrap().1.push(then);
    }
}

impl Held {
    /// Runs all tasks to their end; how many.
    fn run(&self) -> usize {
        let tasks = std::mem::take(&mut self.0.lock().unwrap().0);
        tasks.into_iter().map(now).count()
    }

    /// All timers are over.
    fn ring(&self) {
        let timers = std::mem::take(&mut self.0.lock().unwrap().1);
        timers.into_iter().for_each(|then| then());
    }
}

/// A door where tasks wait, and the authority of its product.
struct Gate {
    door: Door,
    held: Held,
    events: Arc<Events>,
    authority: CertificateAuthority,
}

/// What somebody is told who waits.
struct Answer(Arc<Mutex<Option<Replied>>>, #[expect(dead_code, reason = "gone when nobody waits")] Arc<()>);

impl Answer {
    fn take(&self) -> Option<Verdict> {
        self.0.lock().unwrap().take().map(|replied| match replied {
            Replied::Verdict(verdict) => verdict,
            Replied::Expensive(_) => panic!("nothing is hashed"),
        })
    }
}

impl Gate {
    fn of(seed: u64, strategy: Strategy) -> Self {
        let world = World::new(seed);
        let (_, authority) = with_authority(&world, strategy);
        let mut door = Door::of(world);
        let (held, events) = (Held::default(), Arc::new(Events::default()));
        let cost = HashCost::new(8, 1, 1).unwrap();
        let resident = door.authenticator.0.resident.clone();
        let registry = door.world.registry.clone();
        let authenticator = DeviceAuthenticator::new(resident, registry, held.clone(), cost);
        door.authenticator = authenticator.telling(events.clone());
        Self { door, held, events, authority }
    }

    fn certificate(&self, name: &str) -> Arc<ClientCertificate> {
        certificate_of(&self.authority, name, |_| {})
    }

    /// Begins to ask.
    fn begin(&self, request: AuthRequest) -> Answer {
        assert_eq!(self.door.authenticator.cost(&request), Cost::Elsewhere);
        assert!(self.door.authenticator.decides(&request));
        let direct = self.door.authenticator.verify(&request);
        assert!(matches!(direct, Verdict::Unavailable(Unavailable::NotRecorded)), "{direct:?}");
        let (slot, wanted) = (Arc::new(Mutex::new(None)), Arc::new(()));
        let given = slot.clone();
        let reply = Reply::new(Arc::downgrade(&wanted), move |replied| {
            *given.lock().unwrap() = Some(replied);
        });
        self.door.authenticator.verify_elsewhere(request, reply);
        Answer(slot, wanted)
    }

    /// Asks, and does what there is to do.
    fn ask(&mut self, request: AuthRequest) -> Verdict {
        if self.door.authenticator.cost(&request) != Cost::Elsewhere {
            return self.door.authenticator.verify(&request);
        }
        let answer = self.begin(request);
        self.held.run();
        self.door.follow();
        answer.take().unwrap()
    }

    fn counts(&self) -> Vec<(EventKind, &'static str, u64)> {
        self.events.counts()
    }
}

fn with(certificate: &Arc<ClientCertificate>, client_id: &str) -> AuthRequest {
    AuthRequest {
        client_id: client_id.into(),
        username: None,
        password: None,
        peer: None,
        certificate: Some(certificate.clone()),
        arrival: Default::default(),
    }
}

#[track_caller]
fn allowed(verdict: &Verdict) -> &crate::Allowance {
    let Verdict::Allow(allowance) = verdict else { panic!("{verdict:?}") };
    allowance
}

#[track_caller]
fn denied(verdict: Verdict) -> Denial {
    let Verdict::Deny(denial) = verdict else { panic!("{verdict:?}") };
    denial
}

#[test]
fn a_device_that_nobody_knows_is_registered_and_let_in_and_costs_nothing_from_then_on() {
    let mut gate = Gate::of(200, Strategy::Auto);
    let certificate = certificate_of(&gate.authority, "d1", |params| {
        params.not_after = date_time_ymd(2030, 1, 1);
    });
    let verdict = gate.ask(with(&certificate, "d1"));
    let allowance = allowed(&verdict);
    let crate::Principal::Device(device, credential) = &allowance.principal else { panic!() };
    assert_eq!(device.as_str(), "d1");
    assert_eq!(allowance.expires_at, certificate.validity().not_after, "it ends with its certificate");
    assert_eq!(gate.counts(), [(EventKind::DeviceRegistered, "certificate", 1)]);
    // The database is not asked any more.
    gate.door.world.store.fail_with(Some(StoreFault::Busy));
    let request = AuthRequest { username: Some("d1".into()), ..with(&certificate, "d1") };
    assert_eq!(gate.door.authenticator.cost(&request), Cost::Cheap);
    let again = gate.door.authenticator.verify(&request);
    let expected = crate::Principal::Device(device.clone(), *credential);
    assert_eq!(allowed(&again).principal, expected);
}

#[test]
fn what_a_client_says_beside_its_certificate_must_fit() {
    let mut gate = Gate::of(201, Strategy::Auto);
    let certificate = gate.certificate("d1");
    let named = |name: &str, client_id: &str| AuthRequest {
        username: Some(name.into()),
        ..with(&certificate, client_id)
    };
    for is_known in [false, true] {
        for name in ["d2", ""] {
            assert_eq!(denied(gate.ask(named(name, "d1"))), Denial::UserName, "{is_known}");
        }
        assert_eq!(denied(gate.ask(named("d1", "d2"))), Denial::ClientId, "{is_known}");
        allowed(&gate.ask(named("d1", "d1")));
    }
    // Of strangers, nobody is told more than that: who has no certificate, or one of somebody else.
    let der = leaf(|_| {});
    let foreign = Arc::new(ClientCertificate::from_der(&der).unwrap());
    assert!(matches!(gate.ask(with(&foreign, "d1")), Verdict::NotMine));
    let other = Arc::new(ClientCertificate::from_der(&der).unwrap().with_authority([9; 32]));
    assert!(matches!(gate.ask(with(&other, "d1")), Verdict::NotMine));
    let named = AuthRequest { username: Some("d1".into()), ..with(&foreign, "d1") };
    assert_eq!(denied(gate.ask(named)), Denial::NoPassword);
}

#[test]
fn who_sends_a_password_is_judged_by_it() {
    let mut gate = Gate::of(202, Strategy::Auto);
    let product = async { gate.door.world.registry.read().await?.product(gate.authority.product).await };
    let product = now(product).unwrap().unwrap();
    let (device, added) = gate.door.world.made(&product);
    gate.door.follow();
    let certificate = gate.certificate("d1");
    let request =
        |password: &str| AuthRequest { certificate: Some(certificate.clone()), ..login(&device, password) };
    assert_eq!(denied(gate.door.authenticator.verify(&request("wrong"))), Denial::WrongPassword);
    let answer = gate.begin(request(&secret_of(&added)));
    gate.held.run();
    let crate::Principal::Device(proven, _) = allowed(&answer.take().unwrap()).principal.clone() else {
        panic!()
    };
    assert_eq!(proven, device.id, "the certificate says another name, and nothing of it is registered");
    assert!(gate.counts().is_empty());
}

#[test]
fn all_who_come_with_one_certificate_at_once_share_one_look() {
    let mut gate = Gate::of(203, Strategy::Auto);
    let certificate = gate.certificate("d1");
    let answers: Vec<_> = (0..3).map(|_| gate.begin(with(&certificate, "d1"))).collect();
    let wrong = gate.begin(with(&certificate, "d1"));
    assert_eq!(gate.held.run(), 1);
    assert!(answers.iter().all(|answer| answer.take().is_none()), "nobody is let in before all know it");
    gate.door.follow();
    for answer in answers.iter().chain([&wrong]) {
        allowed(&answer.take().unwrap());
    }
    assert_eq!(gate.door.world.states(&"d1".parse().unwrap()), [CredentialState::Active]);
    gate.held.ring();
    // More than that wait for nothing.
    let second = gate.certificate("d2");
    let answers: Vec<_> = (0..9).map(|_| gate.begin(with(&second, "d2"))).collect();
    assert!(matches!(answers[8].take(), Some(Verdict::Unavailable(Unavailable::Busy))));
}

#[test]
fn an_authority_that_goes_while_a_device_arrives_lets_nobody_in() {
    for (removes_before, expected) in [(true, Denial::NotRegistered), (false, Denial::Authority)] {
        let mut gate = Gate::of(204, Strategy::Auto);
        let answer = gate.begin(with(&gate.certificate("d1"), "d1"));
        let remove = RemoveAuthority { id: gate.authority.id, expected: None, reason: "".into() };
        if removes_before {
            gate.door.world.administer(remove).unwrap();
            gate.held.run();
        } else {
            gate.held.run();
            gate.door.world.administer(remove).unwrap();
        }
        gate.door.follow();
        assert_eq!(denied(answer.take().unwrap()), expected);
    }
}

#[test]
fn a_certificate_that_is_revoked_while_its_device_arrives_lets_nobody_in() {
    let mut gate = Gate::of(205, Strategy::Auto);
    let certificate = gate.certificate("d1");
    let answer = gate.begin(with(&certificate, "d1"));
    gate.held.run();
    let device: crate::model::DeviceId = "d1".parse().unwrap();
    let world = &gate.door.world;
    let all = now(async { world.registry.read().await?.credentials_of(&device).await }).unwrap();
    world.administer(RevokeCredential { id: all[0].id, reason: "".into() }).unwrap();
    gate.door.follow();
    assert!(matches!(answer.take(), Some(Verdict::Unavailable(Unavailable::NotRecorded))));
    assert_eq!(denied(gate.ask(with(&certificate, "d1"))), Denial::Credential(Unusable::Revoked));
}

#[test]
fn who_let_a_device_in_ends_it_when_its_authority_or_credential_goes() {
    let mut gate = Gate::of(206, Strategy::Auto);
    let (first, second) = (gate.certificate("d1"), gate.certificate("d2"));
    let principal =
        |gate: &mut Gate, certificate, id| allowed(&gate.ask(with(certificate, id))).principal.clone();
    let (one, other) = (principal(&mut gate, &first, "d1"), principal(&mut gate, &second, "d2"));
    let reconsider = |gate: &Gate, principal: &crate::Principal, client_id| {
        let standing = Standing { principal, client_id, username: None, peer: None };
        match gate.door.authenticator.reconsider(&standing) {
            Reconsidered::Ended(denial) => Some(denial),
            Reconsidered::Changed(_) => None,
            Reconsidered::Unchanged => panic!("it is a device"),
        }
    };
    assert_eq!(reconsider(&gate, &one, "d1"), None);
    let crate::Principal::Device(_, credential) = &one else { panic!() };
    gate.door.world.administer(RevokeCredential { id: *credential, reason: "".into() }).unwrap();
    gate.door.follow();
    assert_eq!(reconsider(&gate, &one, "d1"), Some(Denial::Credential(Unusable::Revoked)));
    assert_eq!(reconsider(&gate, &other, "d2"), None);
    let remove = RemoveAuthority { id: gate.authority.id, expected: None, reason: "".into() };
    gate.door.world.administer(remove).unwrap();
    gate.door.follow();
    assert_eq!(reconsider(&gate, &other, "d2"), Some(Denial::Authority));
    assert_eq!(denied(gate.ask(with(&second, "d2"))), Denial::Authority);
}

#[test]
fn who_waits_for_approval_is_told_so_and_not_asked_about_at_each_attempt() {
    let mut gate = Gate::of(207, Strategy::Quarantine);
    let certificate = gate.certificate("d1");
    assert_eq!(denied(gate.ask(with(&certificate, "d1"))), Denial::RegistrationPending);
    assert_eq!(gate.counts(), [(EventKind::RegistrationQuarantined, "certificate", 1)]);
    gate.door.world.store.fail_with(Some(StoreFault::Busy));
    let answer = gate.begin(with(&certificate, "d1"));
    assert_eq!(denied(answer.take().unwrap()), Denial::RegistrationPending, "remembered");
    gate.door.world.store.fail_with(None);
    let page = crate::store::PageRequest::first(1);
    let filter = crate::store::RegistrationFilter::default();
    let world = &gate.door.world;
    let waiting = now(async { world.registry.read().await?.registrations(&filter, page).await }).unwrap();
    let id = waiting.items[0].id;
    world
        .administer(DecideRegistration { id, is_approved: true, expected: None, reason: "".into() })
        .unwrap();
    gate.door.follow();
    gate.door.world.clock.turn(5_000);
    allowed(&gate.ask(with(&certificate, "d1")));
}

#[test]
fn a_device_out_of_service_is_told_so_by_what_is_resident() {
    let mut gate = Gate::of(208, Strategy::Auto);
    allowed(&gate.ask(with(&gate.certificate("d1"), "d1")));
    let device: crate::model::DeviceId = "d1".parse().unwrap();
    gate.door.world.administer(MoveDevice::new(device.clone(), Transition::Suspend)).unwrap();
    gate.door.follow();
    let fresh = with(&gate.certificate("d1"), "d1");
    assert_eq!(gate.door.authenticator.cost(&fresh), Cost::Cheap);
    assert_eq!(denied(gate.ask(fresh)), Denial::Suspended);
    gate.door.world.administer(MoveDevice::new(device, Transition::Retire)).unwrap();
    gate.door.follow();
    // What is retired is not resident; the database knows.
    let fresh = with(&gate.certificate("d1"), "d1");
    assert_eq!(denied(gate.ask(fresh)), Denial::Retired);
}

#[test]
fn an_authority_fills_the_database_no_faster_than_a_claim_token() {
    let mut gate = Gate::of(209, Strategy::Auto);
    let is_busy = |verdict: &Verdict| matches!(verdict, Verdict::Unavailable(Unavailable::Busy));
    for number in 0..100 {
        let name = format!("d{number}");
        allowed(&gate.ask(with(&gate.certificate(&name), &name)));
    }
    let late = gate.certificate("late");
    assert!(is_busy(&gate.ask(with(&late, "late"))));
    gate.door.world.clock.turn(50);
    allowed(&gate.ask(with(&late, "late")));
}

#[test]
fn who_is_in_and_not_known_in_time_comes_again() {
    let mut gate = Gate::of(210, Strategy::Auto);
    let certificate = gate.certificate("d1");
    let answer = gate.begin(with(&certificate, "d1"));
    gate.held.run();
    gate.held.ring();
    assert!(matches!(answer.take(), Some(Verdict::Unavailable(Unavailable::TimedOut))));
    gate.door.follow();
    allowed(&gate.door.authenticator.verify(&with(&certificate, "d1")));
    // A task that is lost loses nobody.
    let answer = gate.begin(with(&gate.certificate("d2"), "d2"));
    gate.held.0.lock().unwrap().0.clear();
    assert!(matches!(answer.take(), Some(Verdict::Unavailable(Unavailable::TimedOut))));
    gate.door.world.store.fail_with(Some(StoreFault::Busy));
    let verdict = {
        let answer = gate.begin(with(&gate.certificate("d3"), "d3"));
        gate.held.run();
        answer.take()
    };
    assert!(matches!(verdict, Some(Verdict::Unavailable(Unavailable::NotRecorded))), "{verdict:?}");
}

#[test]
fn a_certificate_that_an_operator_entered_needs_no_authority() {
    let mut gate = Gate::of(211, Strategy::Off);
    let certificate = gate.certificate("anything");
    let product = async { gate.door.world.registry.read().await?.product(gate.authority.product).await };
    let (device, _) = gate.door.world.made(&now(product).unwrap().unwrap());
    let fingerprint = certificate.fingerprint();
    let proof = NewProof::Certificate(Arc::new(CertificateProof::of_fingerprint(fingerprint)));
    let add = AddCredential { device: device.id.clone(), proof, validity: Validity::default() };
    gate.door.world.administer(add).unwrap();
    let remove = RemoveAuthority { id: gate.authority.id, expected: None, reason: "".into() };
    gate.door.world.administer(remove).unwrap();
    gate.door.follow();
    let request = with(&certificate, device.id.as_str());
    let answer = gate.begin(request.clone());
    gate.held.run();
    assert_eq!(allowed(&answer.take().unwrap()).expires_at, certificate.validity().not_after);
    gate.door.follow();
    assert_eq!(gate.door.authenticator.cost(&request), Cost::Cheap);
    assert_eq!(allowed(&gate.ask(request)).expires_at, certificate.validity().not_after);
}
