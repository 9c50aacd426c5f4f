use vouchmq_identity::UnixMillis;
use vouchmq_identity::model::{
    Credential, CredentialState, Device, DeviceState, Product, ProductState, Registration, RegistrationState,
    Validity, Voucher,
};
use vouchmq_identity::store::{NewEntry, Store};

use super::Place;
use super::change_log::whole_log;
use crate::harness::samples::{block, credential, device, id, parsed, product, registration};
use crate::harness::{NOW, answer, write};

const fn at(millis: u64) -> UnixMillis {
    UnixMillis::new(NOW.millis() + millis)
}

async fn put_credentials(store: &dyn Store, credentials: Vec<Credential>) {
    write!(store, |rows| rows.put_device(&device(1, id(1)));).await.unwrap();
    for credential in credentials {
        write!(store, |rows| rows.put_credential(&credential);).await.unwrap();
    }
}

pub(super) async fn devices_of_one_product_are_loaded_with_their_credentials(place: &dyn Place) {
    let store = place.empty().await;
    for number in 1..=9 {
        let state = if number == 7 { DeviceState::Retired } else { DeviceState::Active };
        let device = Device { state, ..device(number, id(number % 2)) };
        let own = credential(100 + number, &device.id);
        let over = Credential { state: CredentialState::Revoked, ..credential(200 + number, &device.id) };
        write!(store, |rows| rows.put_device(&device); rows.put_credential(&own); rows.put_credential(&over);)
            .await
            .unwrap();
    }
    for limit in [1, 2, 4, 9] {
        let mut rows = store.read().await.unwrap();
        let (mut loaded, mut after) = (Vec::new(), None);
        loop {
            let portion = rows.devices_with_credentials(Some(id(1)), after.as_ref(), limit).await.unwrap();
            let Some((last, _)) = portion.last() else { break };
            assert!(portion.len() <= limit as usize);
            after = Some(last.id.clone());
            loaded.extend(portion);
        }
        let loaded: Vec<_> = loaded
            .into_iter()
            .map(|(device, own)| (device.id, own.into_iter().map(|own| own.id).collect::<Vec<_>>()))
            .collect();
        let expected = [1, 3, 5, 9].map(|number| (id(number), vec![id(100 + number)]));
        assert_eq!(loaded, expected, "{limit}");
    }
}

pub(super) async fn credentials_that_are_over_are_found_the_longest_first(place: &dyn Place) {
    let store = place.empty().await;
    let make = |number, state, end: Option<u64>| Credential {
        state,
        validity: Validity { not_before: None, not_after: end.map(at) },
        ..credential(number, &id(1))
    };
    let all = vec![
        make(1, CredentialState::Active, Some(30)),
        make(2, CredentialState::Grace, Some(10)),
        make(3, CredentialState::Revoked, Some(10)),
        make(4, CredentialState::Active, None),
        make(5, CredentialState::Pending, Some(20)),
    ];
    put_credentials(&*store, all).await;
    let mut rows = store.read().await.unwrap();
    for (before, limit, expected) in
        [(31, 9, vec![2, 5, 1]), (30, 9, vec![2, 5]), (31, 1, vec![2]), (10, 9, vec![])]
    {
        let found = rows.expired_credentials(at(before), limit).await.unwrap();
        let found: Vec<_> = found.items.into_iter().map(|found| found.id).collect();
        assert_eq!(found, expected.into_iter().map(id).collect::<Vec<_>>(), "{before}, {limit}");
    }
}

pub(super) async fn one_credential_is_deleted(place: &dyn Place) {
    let store = place.empty().await;
    put_credentials(&*store, vec![credential(1, &id(1)), credential(2, &id(1))]).await;
    write!(store, |rows| rows.delete_credential(id(1)); rows.delete_credential(id(3));).await.unwrap();
    let left = store.read().await.unwrap().credentials_of(&id(1)).await.unwrap();
    assert_eq!(left.into_iter().map(|left| left.id).collect::<Vec<_>>(), [id(2)]);
}

pub(super) async fn revoked_credentials_are_deleted_in_portions(place: &dyn Place) {
    let store = place.empty().await;
    let revoked = |number, when| Credential {
        state: CredentialState::Revoked,
        revoked_at: Some(at(when)),
        ..credential(number, &id(1))
    };
    let all = vec![revoked(1, 30), revoked(2, 10), revoked(3, 20), revoked(4, 40), credential(5, &id(1))];
    put_credentials(&*store, all).await;
    for (before, limit, count, left) in
        [(40, 2, 2, vec![1, 4, 5]), (40, 2, 1, vec![4, 5]), (40, 2, 0, vec![4, 5])]
    {
        let deleted = answer(&*store, move |rows| {
            Box::pin(async move { Ok(rows.delete_revoked_credentials(at(before), limit).await.unwrap()) })
        });
        assert_eq!(deleted.await, Ok(count));
        let found = store.read().await.unwrap().credentials_of(&id(1)).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|found| found.id).collect();
        assert_eq!(found, left.into_iter().map(id).collect::<Vec<_>>());
    }
}

async fn put_registrations(store: &dyn Store, registrations: Vec<Registration>) {
    for registration in registrations {
        write!(store, |rows| rows.put_registration(&registration);).await.unwrap();
    }
}

pub(super) async fn past_registrations_are_deleted_and_rejected_ones_stay(place: &dyn Place) {
    let store = place.empty().await;
    let states = RegistrationState::ALL.iter().zip(1..);
    let all = states
        .map(|(state, number)| Registration { updated_at: at(10), ..registration(number, id(1), *state) });
    let late = Registration { updated_at: at(11), ..registration(9, id(1), RegistrationState::Confirmed) };
    put_registrations(&*store, all.chain([late]).collect()).await;
    let mut counts = Vec::new();
    for _ in 0..3 {
        let deleted = answer(&*store, move |rows| {
            Box::pin(async move { Ok(rows.delete_past_registrations(at(11), 1).await.unwrap()) })
        });
        counts.push(deleted.await.unwrap());
    }
    assert_eq!(counts, [1, 1, 0]);
    let mut rows = store.read().await.unwrap();
    for (state, number) in RegistrationState::ALL.iter().zip(1..) {
        let is_past = matches!(state, RegistrationState::Confirmed | RegistrationState::Expired);
        assert_eq!(rows.registration(id(number)).await.unwrap().is_none(), is_past, "{state}");
    }
    assert!(rows.registration(id(9)).await.unwrap().is_some());
    drop(rows);
    write!(store, |rows| rows.delete_registration(id(9)); rows.delete_registration(id(99));).await.unwrap();
    assert!(store.read().await.unwrap().registration(id(9)).await.unwrap().is_none());
}

pub(super) async fn a_rejected_registration_is_found_by_its_hardware_id(place: &dyn Place) {
    let store = place.empty().await;
    let of = |number, product: u64, state| Registration {
        hardware_id: parsed("hw"),
        ..registration(number, id(product), state)
    };
    let (rejected, expired) = (RegistrationState::Rejected, RegistrationState::Expired);
    let all = vec![of(1, 1, rejected), of(2, 1, rejected), of(3, 1, expired), of(4, 2, expired)];
    put_registrations(&*store, all).await;
    let mut rows = store.read().await.unwrap();
    let found = rows.rejected_registration(id(1), &parsed("hw")).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(id(2)), "the last one");
    assert!(rows.rejected_registration(id(1), &parsed("h")).await.unwrap().is_none());
    assert!(rows.rejected_registration(id(2), &parsed("hw")).await.unwrap().is_none());
}

pub(super) async fn registrations_that_wait_are_counted(place: &dyn Place) {
    let store = place.empty().await;
    let states = RegistrationState::ALL.iter().zip(1..);
    let mut all: Vec<_> = states.map(|(state, number)| registration(number, id(1), *state)).collect();
    let quarantined = RegistrationState::Quarantined;
    all.push(Registration { voucher: Voucher::Claim(id(2)), ..registration(20, id(1), quarantined) });
    all.push(registration(21, id(2), quarantined));
    put_registrations(&*store, all).await;
    let mut rows = store.read().await.unwrap();
    for (product, claim, expected) in
        [(1, None, 3), (1, Some(1), 2), (1, Some(2), 1), (1, Some(3), 0), (2, None, 1), (3, None, 0)]
    {
        let claim = claim.map(|claim| Voucher::Claim(id(claim)));
        assert_eq!(rows.waiting_count(id(product), claim).await, Ok(expected), "{product}, {claim:?}");
    }
}

pub(super) async fn registrations_that_wait_for_long_are_found_the_longest_first(place: &dyn Place) {
    let store = place.empty().await;
    let states = RegistrationState::ALL.iter().zip(1..);
    let of = |(state, number): (&RegistrationState, u64)| Registration {
        updated_at: at(10 - number),
        ..registration(number, id(1), *state)
    };
    put_registrations(&*store, states.clone().map(of).collect()).await;
    let mut waiting: Vec<_> = states
        .filter(|(state, _)| matches!(state, RegistrationState::Quarantined | RegistrationState::Approved))
        .map(|(_, number)| number)
        .collect();
    waiting.reverse();
    let mut rows = store.read().await.unwrap();
    let newest = at(10 - waiting[1]);
    for (before, limit, expected) in
        [(at(10), 9, &waiting[..]), (at(10), 1, &waiting[..1]), (newest, 9, &waiting[..1])]
    {
        let found = rows.waiting_registrations(before, limit).await.unwrap();
        let found: Vec<_> = found.items.into_iter().map(|found| found.id).collect();
        assert_eq!(found, expected.iter().map(|number| id(*number)).collect::<Vec<_>>(), "{limit}");
    }
}

pub(super) async fn blocks_that_are_over_are_found_the_longest_first(place: &dyn Place) {
    let store = place.empty().await;
    for (number, until) in [(1, Some(30)), (2, None), (3, Some(10)), (4, Some(20))] {
        let mut entry = block(number, "device", &number.to_string());
        entry.block.until = until.map(at);
        write!(store, |rows| rows.put_block(&entry);).await.unwrap();
    }
    let mut rows = store.read().await.unwrap();
    for (before, limit, expected) in [(31, 9, vec![3, 4, 1]), (30, 9, vec![3, 4]), (31, 1, vec![3])] {
        let found = rows.expired_blocks(at(before), limit).await.unwrap();
        let found: Vec<_> = found.items.into_iter().map(|found| found.id).collect();
        assert_eq!(found, expected.into_iter().map(id).collect::<Vec<_>>(), "{before}, {limit}");
    }
}

pub(super) async fn the_beginning_of_the_log_is_deleted_and_numbers_go_on(place: &dyn Place) {
    let store = place.empty().await;
    for _ in 0..3 {
        write!(store, |rows| rows.append_log(NOW, NewEntry::blocks());).await.unwrap();
    }
    write!(store, |rows| rows.delete_log(2);).await.unwrap();
    assert_eq!(whole_log(&*store).await, [3]);
    write!(store, |rows| rows.delete_log(9); rows.append_log(NOW, NewEntry::blocks());).await.unwrap();
    assert_eq!(whole_log(&*store).await, [4]);
    assert_eq!(store.read().await.unwrap().log_head().await.unwrap().1, 4);
}

pub(super) async fn the_oldest_product_in_a_state_is_found(place: &dyn Place) {
    let store = place.empty().await;
    for (number, state) in
        [(1, ProductState::Active), (3, ProductState::Deleting), (2, ProductState::Deleting)]
    {
        let product = Product { state, ..product(number) };
        write!(store, |rows| rows.put_product(&product);).await.unwrap();
    }
    let mut rows = store.read().await.unwrap();
    for (state, expected) in [
        (ProductState::Deleting, Some(id(2))),
        (ProductState::Active, Some(id(1))),
        (ProductState::Disabled, None),
    ] {
        let found = rows.product_in_state(state).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected, "{state}");
    }
}
