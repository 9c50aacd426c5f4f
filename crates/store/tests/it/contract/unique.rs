use vouchmq_identity::model::{Device, DeviceState, Product, RegistrationState};
use vouchmq_identity::store::StoreFault;

use super::Place;
use crate::harness::samples::{
    api_key, block, claim_token, credential, device, id, parsed, product, registration,
};
use crate::harness::write;

/// The registry looks before it writes, so what is taken twice is a fault and not an answer.
fn refused(result: Result<(), StoreFault>) {
    assert!(matches!(result, Err(StoreFault::Unavailable(_))), "{result:?}");
}

pub(super) async fn a_product_key_is_taken_once(place: &dyn Place) {
    let store = place.empty().await;
    write!(store, |rows| rows.put_product(&product(1));).await.unwrap();
    let other = Product { key: product(1).key, ..product(2) };
    refused(write!(store, |rows| rows.put_product(&other);).await);
    assert!(store.read().await.unwrap().product(id(2)).await.unwrap().is_none());
}

pub(super) async fn a_hardware_id_is_taken_once_in_a_product(place: &dyn Place) {
    let store = place.empty().await;
    let first = Device { state: DeviceState::Retired, ..device(1, id(1)) };
    let second = Device { hardware_id: first.hardware_id.clone(), ..device(2, id(1)) };
    let elsewhere = Device { product: id(2), ..second.clone() };
    let without = |number| Device { hardware_id: None, ..device(number, id(1)) };
    write!(store, |rows| rows.put_device(&first);).await.unwrap();
    refused(write!(store, |rows| rows.put_device(&second);).await);
    write!(store, |rows| rows.put_device(&elsewhere);).await.unwrap();
    write!(store, |rows| rows.put_device(&without(3)); rows.put_device(&without(4));).await.unwrap();
}

pub(super) async fn a_target_is_blocked_once(place: &dyn Place) {
    let store = place.empty().await;
    let (first, again) = (block(1, "username", "a"), block(2, "username", "a"));
    let other = block(3, "clientid", "a");
    write!(store, |rows| rows.put_block(&first); rows.put_block(&other);).await.unwrap();
    refused(write!(store, |rows| rows.put_block(&again);).await);
}

pub(super) async fn a_hardware_id_has_one_open_registration(place: &dyn Place) {
    let store = place.empty().await;
    let make = |number, state| {
        let hardware_id = parsed("h");
        vouchmq_identity::model::Registration { hardware_id, ..registration(number, id(1), state) }
    };
    let over = [RegistrationState::Confirmed, RegistrationState::Rejected, RegistrationState::Expired];
    for (state, number) in over.into_iter().zip(1..) {
        write!(store, |rows| rows.put_registration(&make(number, state));).await.unwrap();
    }
    write!(store, |rows| rows.put_registration(&make(4, RegistrationState::Quarantined));).await.unwrap();
    for state in [RegistrationState::Quarantined, RegistrationState::Approved, RegistrationState::Issued] {
        refused(write!(store, |rows| rows.put_registration(&make(5, state));).await);
    }
}

pub(super) async fn a_key_id_is_taken_once(place: &dyn Place) {
    let store = place.empty().await;
    let mut token = claim_token(2, id(1));
    token.key_id = claim_token(1, id(1)).key_id;
    let mut key = api_key(2);
    key.key_id = api_key(1).key_id;
    let first = claim_token(1, id(1));
    write!(store, |rows| rows.put_claim_token(&first); rows.put_api_key(&api_key(1));).await.unwrap();
    refused(write!(store, |rows| rows.put_claim_token(&token);).await);
    refused(write!(store, |rows| rows.put_api_key(&key);).await);
}

pub(super) async fn a_credential_needs_its_device(place: &dyn Place) {
    let store = place.empty().await;
    let stray = credential(1, &id(7));
    refused(write!(store, |rows| rows.put_credential(&stray);).await);
}
