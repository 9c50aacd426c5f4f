use rcgen::{CertificateParams, DnType, date_time_ymd};

use super::*;
use crate::certificate::tests::{authority, leaf};
use crate::model::{
    AuthorityCertificate, AuthorityState, CREDENTIALS_MAX, CertificateAuthority, CertificateProof,
    CredentialKind, DeviceOrigin, Voucher,
};
use crate::{CertificateFingerprint, ClientCertificate};

/// A product whose devices may have certificates, and its authority.
pub(crate) fn with_authority(world: &World, strategy: Strategy) -> (Product, CertificateAuthority) {
    let product = world.product(strategy);
    let kinds = Some(vec![CredentialKind::Secret, CredentialKind::X509]);
    let patch = ProductPatch { kinds, ..ProductPatch::default() };
    let product = world.administer(ChangeProduct { id: product.id, expected: None, patch }).unwrap();
    let authority = attach(world, &product, "ca").unwrap();
    (product, authority)
}

pub(crate) fn attach(world: &World, product: &Product, name: &str) -> Result<CertificateAuthority, Refusal> {
    let certificate = AuthorityCertificate::from_der(&authority(name)).unwrap();
    let (product, template) = (product.id, "${cn}".parse().unwrap());
    world.administer(AttachAuthority { product, certificate, template })
}

/// A new certificate of an authority for the device of this name.
pub(crate) fn certificate_of(
    authority: &CertificateAuthority,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> Arc<ClientCertificate> {
    let der = leaf(|params| {
        params.distinguished_name.push(DnType::CommonName, name);
        change(params);
    });
    let read = ClientCertificate::from_der(&der).unwrap();
    Arc::new(read.with_authority(authority.certificate.fingerprint()))
}

fn usual(authority: &CertificateAuthority) -> Arc<ClientCertificate> {
    certificate_of(authority, "d1", |_| {})
}

impl World {
    pub(crate) fn arrive(&self, certificate: &Arc<ClientCertificate>) -> Result<Arrived, Refusal> {
        let command = Arrive { certificate: certificate.clone(), is_trial: false };
        self.by(Actor::stranger(None), command).map(|done| done.outcome)
    }

    fn let_in(&self, certificate: &Arc<ClientCertificate>) -> Result<crate::model::CredentialId, Refusal> {
        self.arrive(certificate).map(|arrived| match arrived {
            Arrived::In { credential, .. } => credential,
            Arrived::Waiting(registration) => panic!("{registration:?}"),
        })
    }

    fn waits(&self, certificate: &Arc<ClientCertificate>) -> Registration {
        match self.arrive(certificate).unwrap() {
            Arrived::Waiting(registration) => *registration,
            arrived @ Arrived::In { .. } => panic!("{arrived:?}"),
        }
    }

    fn decide(&self, id: RegistrationId, is_approved: bool) {
        let decision = DecideRegistration { id, is_approved, expected: None, reason: "".into() };
        self.administer(decision).unwrap();
    }

    fn enter(&self, product: &Product, id: &str) -> Device {
        let new = NewDevice {
            id: Some(id.parse().unwrap()),
            origin: DeviceOrigin::Manual,
            ..NewDevice::claimed(product.id, "hw".parse().unwrap())
        };
        self.administer(CreateDevice { new, with_secret: false }).unwrap().0
    }
}

fn not_listed(refused: Result<impl std::fmt::Debug, Refusal>) {
    assert!(matches!(refused, Err(Refusal::NotListed(_))), "{refused:?}");
}

#[test]
fn a_device_that_nobody_knows_comes_in_as_its_product_says() {
    for (strategy, number) in Strategy::ALL.iter().zip(100..) {
        let world = World::new(number);
        let (product, authority) = with_authority(&world, *strategy);
        let certificate = usual(&authority);
        match strategy {
            Strategy::Off | Strategy::AllowList => not_listed(world.arrive(&certificate)),
            Strategy::Quarantine => {
                let waiting = world.waits(&certificate);
                assert_eq!(waiting.voucher, Voucher::Certificate(authority.id, certificate.fingerprint()));
                assert_eq!(waiting.hardware_id.as_str(), "d1");
                assert_eq!(world.waits(&certificate).version, waiting.version, "once is enough");
            }
            Strategy::Auto => {
                let id = world.let_in(&certificate).unwrap();
                let device = world.device(&"d1".parse().unwrap());
                assert_eq!((device.product, device.origin), (product.id, DeviceOrigin::Certificate));
                assert_eq!(device.state, DeviceState::Active);
                let read = async { world.registry.read().await?.credential(id).await };
                let known = now(read).unwrap().unwrap();
                let of = CertificateProof::of(&certificate, Some(authority.certificate.fingerprint()));
                assert_eq!(known.proof.certificate(), Some(&of));
                assert_eq!(known.validity.not_after, certificate.validity().not_after);
                assert_eq!(world.let_in(&certificate), Ok(id), "who is known is not entered twice");
            }
        }
    }
}

#[test]
fn a_device_that_was_entered_needs_no_approval_and_is_not_let_in_where_nobody_is() {
    for (strategy, number) in Strategy::ALL.iter().zip(110..) {
        let world = World::new(number);
        let (product, authority) = with_authority(&world, *strategy);
        let device = world.enter(&product, "d1");
        let arrived = world.let_in(&usual(&authority));
        if *strategy == Strategy::Off {
            not_listed(arrived);
        } else {
            arrived.unwrap();
            assert_eq!(world.states(&device.id), [CredentialState::Active]);
        }
    }
}

#[test]
fn a_certificate_that_is_revoked_stays_out_for_good() {
    let world = World::new(120);
    let (_, authority) = with_authority(&world, Strategy::Auto);
    let certificate = usual(&authority);
    let id = world.let_in(&certificate).unwrap();
    world.administer(RevokeCredential { id, reason: "stolen".into() }).unwrap();
    let gone = Refusal::NotFound(What::Credential);
    assert_eq!(world.let_in(&certificate), Err(gone.clone()));
    // Not even housekeeping forgets it, nor does a device that rotates.
    world.clock.turn(10 * REVOKED_KEPT_MILLIS);
    world.sweep();
    let device: DeviceId = "d1".parse().unwrap();
    world
        .administer(AddCredential {
            device: device.clone(),
            proof: NewProof::Secret,
            validity: Validity::default(),
        })
        .unwrap();
    for _ in 0..8 {
        world.rotate(&device, 0, Kick::Hard);
    }
    assert_eq!(world.let_in(&certificate), Err(gone));
    // Another certificate of the device is another matter.
    world.let_in(&usual(&authority)).unwrap();
}

#[test]
fn a_reset_ends_a_certificate_and_asks_for_approval_again() {
    let world = World::new(121);
    let (_, authority) = with_authority(&world, Strategy::Quarantine);
    let certificate = usual(&authority);
    let waiting = world.waits(&certificate);
    world.decide(waiting.id, true);
    world.let_in(&certificate).unwrap();
    world.administer(MoveDevice::new("d1".parse().unwrap(), Transition::Reset)).unwrap();
    assert_eq!(world.let_in(&certificate), Err(Refusal::NotFound(What::Credential)));
    assert_ne!(world.waits(&usual(&authority)).id, waiting.id);
}

#[test]
fn a_device_that_is_suspended_or_retired_is_not_registered_again() {
    let world = World::new(122);
    let (_, authority) = with_authority(&world, Strategy::Auto);
    world.let_in(&usual(&authority)).unwrap();
    for (transition, state) in
        [(Transition::Suspend, DeviceState::Suspended), (Transition::Retire, DeviceState::Retired)]
    {
        world.administer(MoveDevice::new("d1".parse().unwrap(), transition)).unwrap();
        assert_eq!(world.let_in(&usual(&authority)), Err(Refusal::DeviceState(state)));
    }
}

#[test]
fn approval_is_of_the_certificate_that_asked() {
    let world = World::new(123);
    let (_, authority) = with_authority(&world, Strategy::Quarantine);
    let (first, rival) = (usual(&authority), usual(&authority));
    let waiting = world.waits(&first);
    let seen = world.waits(&rival);
    assert_eq!((seen.id, seen.voucher, seen.rival_count), (waiting.id, waiting.voucher, 1));
    assert_eq!(world.waits(&rival).version, seen.version, "told of once");
    world.decide(waiting.id, true);
    assert_eq!(world.waits(&rival).id, waiting.id, "nobody approved this one");
    let id = world.let_in(&first).unwrap();
    let read = async { world.registry.read().await?.registration(waiting.id).await };
    let confirmed = now(read).unwrap().unwrap();
    assert_eq!((confirmed.state, confirmed.credential), (RegistrationState::Confirmed, Some(id)));
    // Who was approved renews its certificate by itself.
    world.let_in(&usual(&authority)).unwrap();
}

#[test]
fn who_was_rejected_stays_rejected_until_somebody_forgets_it() {
    let world = World::new(124);
    let (_, authority) = with_authority(&world, Strategy::Quarantine);
    let waiting = world.waits(&usual(&authority));
    world.decide(waiting.id, false);
    assert_eq!(world.let_in(&usual(&authority)), Err(Refusal::Rejected));
    world.administer(DeleteRegistration { id: waiting.id, expected: None }).unwrap();
    assert_ne!(world.waits(&usual(&authority)).id, waiting.id);
}

#[test]
fn a_device_has_no_more_certificates_than_credentials_and_those_that_ended_make_room() {
    let world = World::new(125);
    let (_, authority) = with_authority(&world, Strategy::Auto);
    // The clock of these tests stands in November 2023.
    let short = || certificate_of(&authority, "d1", |params| params.not_after = date_time_ymd(2024, 1, 1));
    for _ in 0..CREDENTIALS_MAX {
        world.let_in(&short()).unwrap();
    }
    assert_eq!(world.let_in(&short()), Err(Refusal::CredentialLimit));
    let last = short();
    world.clock.turn(90 * 86_400_000);
    not_listed(world.let_in(&last));
    world.let_in(&usual(&authority)).unwrap();
    assert_eq!(world.states(&"d1".parse().unwrap()), [CredentialState::Active], "ended ones are forgotten");
}

#[test]
fn an_authority_vouches_for_its_own_product_while_it_is_attached() {
    let world = World::new(126);
    let (product, first) = with_authority(&world, Strategy::Auto);
    let certificate = usual(&first);
    let change = |state| ChangeAuthority { id: first.id, expected: None, state: Some(state), template: None };
    world.administer(change(AuthorityState::Disabled)).unwrap();
    not_listed(world.arrive(&certificate));
    world.administer(change(AuthorityState::Active)).unwrap();
    world.let_in(&certificate).unwrap();
    let new = NewProduct {
        key: "other".parse().unwrap(),
        name: "Other".parse().unwrap(),
        rest: ProductPatch {
            strategy: Some(Strategy::Auto),
            kinds: Some(vec![CredentialKind::X509]),
            ..ProductPatch::default()
        },
    };
    let other = world.administer(CreateProduct(new)).unwrap();
    let second = attach(&world, &other, "second").unwrap();
    not_listed(world.arrive(&usual(&second)));
    let again = AttachAuthority {
        product: other.id,
        certificate: first.certificate.clone(),
        template: "x-${cn}".parse().unwrap(),
    };
    let taken = Refusal::Exists { what: What::CertificateAuthority, field: "certificate" };
    assert_eq!(world.administer(again.clone()).unwrap_err(), taken);
    world.administer(RemoveAuthority { id: first.id, expected: None, reason: "".into() }).unwrap();
    not_listed(world.arrive(&usual(&first)));
    not_listed(world.arrive(&Arc::new(ClientCertificate::clone(&usual(&first)).with_authority([1; 32]))));
    // With a product that is deleted its authorities go, and may be attached elsewhere.
    world.administer(DeleteProduct { id: other.id, expected: None, is_cascading: true }).unwrap();
    attach(&world, &product, "third").unwrap();
    let again = AttachAuthority { product: product.id, certificate: second.certificate, ..again };
    world.administer(again).unwrap();
}

#[test]
fn what_an_authority_can_fill_has_bounds() {
    let world = World::new(127);
    let (product, authority) = with_authority(&world, Strategy::Auto);
    let patch = ProductPatch { devices_max: Some(Some(1)), ..ProductPatch::default() };
    world.administer(ChangeProduct { id: product.id, expected: None, patch }).unwrap();
    world.let_in(&usual(&authority)).unwrap();
    let second = certificate_of(&authority, "d2", |_| {});
    assert_eq!(world.let_in(&second), Err(Refusal::DeviceQuota { max: 1 }));
    let odd = certificate_of(&authority, "not an id", |_| {});
    not_listed(world.arrive(&odd));
}

#[test]
fn who_only_asks_what_would_become_of_a_device_changes_nothing() {
    let world = World::new(128);
    let (_, authority) = with_authority(&world, Strategy::Auto);
    let certificate = usual(&authority);
    let trial = Arrive { certificate, is_trial: true };
    let tried = world.by(Actor::stranger(None), trial).unwrap();
    assert!(matches!(tried.outcome, Arrived::In { is_new: true, .. }), "{tried:?}");
    let id = "d1".parse().unwrap();
    assert!(now(async { world.registry.read().await?.device(&id).await }).unwrap().is_none());
}

#[test]
fn a_certificate_is_entered_for_one_device_and_told_apart_by_its_fingerprint() {
    let world = World::new(129);
    let (product, authority) = with_authority(&world, Strategy::Auto);
    let (one, other) = (world.enter(&product, "one"), world.made(&product).0);
    let certificate = usual(&authority);
    let fingerprint: CertificateFingerprint = certificate.fingerprint();
    let add = |device: &Device| {
        let proof = NewProof::Certificate(Arc::new(CertificateProof::of_fingerprint(fingerprint)));
        let validity = Validity::default();
        world.administer(AddCredential { device: device.id.clone(), proof, validity })
    };
    let added = add(&one).unwrap().credential;
    let taken = Refusal::Exists { what: What::Credential, field: "certificate" };
    assert_eq!(add(&other).unwrap_err(), taken);
    // An operator's word counts for more than the name in it.
    assert_eq!(world.let_in(&certificate), Ok(added.id));
    let confirm = ConfirmCertificate(added.id, certificate.clone());
    world.by(Actor::system(), confirm).unwrap();
    let read = async { world.registry.read().await?.credential(added.id).await };
    let known = now(read).unwrap().unwrap();
    assert_eq!(known.proof.certificate(), Some(&CertificateProof::of(&certificate, None)));
    assert_eq!(known.validity.not_after, certificate.validity().not_after, "from its first use on");
    world.administer(RevokeCredential { id: added.id, reason: "".into() }).unwrap();
    add(&other).unwrap();
}
