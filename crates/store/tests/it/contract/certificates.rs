use std::sync::Arc;

use vouchmq_identity::model::{
    AuthorityState, CertificateAuthority, CertificateProof, Credential, CredentialState, DeviceId, Proof,
    Registration, RegistrationState, Voucher,
};
use vouchmq_identity::store::{PageRequest, Store, StoreFault};
use vouchmq_identity::{CertificateFingerprint, UnixMillis};

use super::Place;
use crate::harness::samples::{authority, credential, device, id, registration, shown};
use crate::harness::{NOW, answer, write};

fn fingerprint(byte: u8) -> CertificateFingerprint {
    [byte; 32].into()
}

fn of_certificate(number: u64, device: &DeviceId, proof: CertificateProof) -> Credential {
    Credential { proof: Proof::Certificate(Arc::new(proof)), ..credential(number, device) }
}

async fn put(store: &dyn Store, credential: Credential) -> Result<(), StoreFault> {
    write!(store, |rows| rows.put_credential(&credential);).await
}

async fn put_device(store: &dyn Store, number: u64) -> DeviceId {
    let owner = device(number, id(1));
    let id = owner.id.clone();
    write!(store, |rows| rows.put_device(&owner);).await.unwrap();
    id
}

fn refused(result: Result<(), StoreFault>) {
    assert!(matches!(result, Err(StoreFault::Unavailable(_))), "{result:?}");
}

pub(super) async fn authorities_read_back_and_are_listed(place: &dyn Place) {
    let store = place.empty().await;
    let all = [
        authority(1, id(1)),
        CertificateAuthority {
            state: AuthorityState::Disabled,
            version: u64::from(u32::MAX),
            ..authority(2, id(1))
        },
    ];
    for one in &all {
        let written = one.clone();
        write!(store, |rows| rows.put_authority(&written);).await.unwrap();
    }
    let mut rows = store.read().await.unwrap();
    let debug = |one: &CertificateAuthority| format!("{one:?} {}", one.certificate);
    for one in &all {
        assert_eq!(debug(&rows.authority(one.id).await.unwrap().unwrap()), debug(one));
        let found = rows.authority_of(one.certificate.fingerprint()).await.unwrap().unwrap();
        assert_eq!(debug(&found), debug(one));
    }
    let page = rows.authorities(PageRequest::first(1)).await.unwrap();
    assert_eq!(page.items.iter().map(debug).collect::<Vec<_>>(), [debug(&all[0])]);
    let rest = rows.authorities(PageRequest::after(page.next.unwrap(), 1)).await.unwrap();
    assert_eq!(rest.items.iter().map(debug).collect::<Vec<_>>(), [debug(&all[1])]);
    assert!(rest.next.is_none());
    drop(rows);
    write!(store, |rows| rows.delete_authority(id(1));).await.unwrap();
    let mut rows = store.read().await.unwrap();
    assert!(rows.authority(id(1)).await.unwrap().is_none());
    assert!(rows.authority_of(fingerprint(0)).await.unwrap().is_none());
}

pub(super) async fn an_authority_is_attached_once(place: &dyn Place) {
    let store = place.empty().await;
    write!(store, |rows| rows.put_authority(&authority(1, id(1)));).await.unwrap();
    let again = CertificateAuthority { id: id(3), product: id(2), ..authority(1, id(1)) };
    refused(write!(store, |rows| rows.put_authority(&again);).await);
}

pub(super) async fn credentials_of_certificates_read_back(place: &dyn Place) {
    let store = place.empty().await;
    let owner = put_device(&*store, 1).await;
    let whole = CertificateProof {
        fingerprint: fingerprint(1),
        subject: Some("CN=\0\\ä'".into()),
        ends_at: Some(NOW),
        authority: Some(fingerprint(9)),
    };
    let all = [
        of_certificate(1, &owner, whole),
        of_certificate(2, &owner, CertificateProof::of_fingerprint(fingerprint(2))),
    ];
    for one in &all {
        put(&*store, one.clone()).await.unwrap();
    }
    let mut rows = store.read().await.unwrap();
    for one in &all {
        assert_eq!(shown(&rows.credential(one.id).await.unwrap().unwrap()), shown(one));
        let fingerprint = one.proof.certificate().unwrap().fingerprint;
        let found = rows.credentials_of_certificate(fingerprint).await.unwrap();
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), [shown(one)]);
    }
    assert!(rows.credentials_of_certificate(fingerprint(3)).await.unwrap().is_empty());
}

pub(super) async fn a_certificate_is_of_one_device(place: &dyn Place) {
    let store = place.empty().await;
    let (one, other) = (put_device(&*store, 1).await, put_device(&*store, 2).await);
    let proof = || CertificateProof::of_fingerprint(fingerprint(1));
    let revoked = |number| Credential {
        state: CredentialState::Revoked,
        revoked_at: Some(NOW),
        ..of_certificate(number, &one, proof())
    };
    for number in [1, 2] {
        put(&*store, revoked(number)).await.unwrap();
    }
    put(&*store, of_certificate(3, &one, proof())).await.unwrap();
    refused(put(&*store, of_certificate(4, &other, proof())).await);
    let found = store.read().await.unwrap().credentials_of_certificate(fingerprint(1)).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|found| found.id).collect();
    assert_eq!(found, [id(1), id(2), id(3)], "those that are revoked as well");
}

pub(super) async fn a_revoked_certificate_is_remembered_until_it_ends(place: &dyn Place) {
    let store = place.empty().await;
    let owner = put_device(&*store, 1).await;
    let at = UnixMillis::new;
    for (number, ends_at) in [(1, Some(at(50))), (2, Some(at(20))), (3, None)] {
        let fingerprint = fingerprint(number);
        let proof = CertificateProof { ends_at, ..CertificateProof::of_fingerprint(fingerprint) };
        let revoked = Credential {
            state: CredentialState::Revoked,
            revoked_at: Some(at(10)),
            ..of_certificate(number.into(), &owner, proof)
        };
        put(&*store, revoked).await.unwrap();
    }
    for (before, left) in [(15, vec![1, 2, 3]), (30, vec![1, 3]), (51, vec![3])] {
        let deleted = answer(&*store, move |rows| {
            Box::pin(async move { Ok(rows.delete_revoked_credentials(at(before), 9).await.unwrap()) })
        });
        deleted.await.unwrap();
        let found = store.read().await.unwrap().credentials_of(&owner).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|found| found.id).collect();
        assert_eq!(found, left.into_iter().map(id).collect::<Vec<_>>(), "{before}");
    }
}

pub(super) async fn registrations_by_certificate_read_back_and_are_counted(place: &dyn Place) {
    let store = place.empty().await;
    let of = |number, voucher| Registration {
        voucher,
        ..registration(number, id(1), RegistrationState::Quarantined)
    };
    let vouchers = [
        Voucher::Certificate(id(1), fingerprint(1)),
        Voucher::Certificate(id(1), fingerprint(2)),
        Voucher::Certificate(id(2), fingerprint(3)),
        Voucher::Claim(id(3)),
    ];
    for (voucher, number) in vouchers.into_iter().zip(1..) {
        let written = of(number, voucher);
        write!(store, |rows| rows.put_registration(&written);).await.unwrap();
        let read = store.read().await.unwrap().registration(id(number)).await.unwrap().unwrap();
        assert_eq!(read.voucher, voucher);
    }
    let mut rows = store.read().await.unwrap();
    for (source, expected) in [
        (None, 4),
        (Some(Voucher::Certificate(id(1), fingerprint(9))), 2),
        (Some(Voucher::Certificate(id(2), fingerprint(9))), 1),
        (Some(Voucher::Claim(id(3))), 1),
        (Some(Voucher::Claim(id(4))), 0),
    ] {
        assert_eq!(rows.waiting_count(id(1), source).await, Ok(expected), "{source:?}");
    }
}
