use vouchmq_identity::model::{
    ApiKey, ClaimToken, Credential, CredentialId, CredentialState, Device, DeviceId, Product, ProductState,
    Registration, RegistrationState,
};
use vouchmq_identity::store::{KeyUses, Kick, LogId, NewEntry, PageRequest, Store, StoreFault};
use vouchmq_identity::{CheckValue, PepperVersion, UnixMillis};

use super::Place;
use crate::harness::samples::{
    LATEST, api_key, block, claim_token, credential, device, id, odd_claim_token, odd_credentials,
    odd_device, odd_product, odd_registration, parsed, product, registration, shown,
};
use crate::harness::{NOW, write};

const FIRST: PageRequest = PageRequest::first(10);

/// Models compare by what `Debug` shows; what it hides is compared beside.
fn same<T: std::fmt::Debug>(left: &T, right: &T) {
    assert_eq!(format!("{left:?}"), format!("{right:?}"));
}

async fn put_product(store: &dyn Store, product: Product) -> Result<(), StoreFault> {
    write!(store, |rows| rows.put_product(&product);).await
}

async fn put_device(store: &dyn Store, device: Device) -> Result<(), StoreFault> {
    write!(store, |rows| rows.put_device(&device);).await
}

pub(super) async fn what_is_written_reads_back(place: &dyn Place) {
    let store = place.empty().await;
    let products = [product(1), odd_product()];
    let devices = [device(1, id(1)), Device { hardware_id: None, ..device(2, id(1)) }, odd_device(id(1))];
    let tokens = [claim_token(1, id(1)), odd_claim_token(id(1))];
    let registrations =
        RegistrationState::ALL.iter().zip(1..).map(|(state, n)| registration(n, id(1), *state));
    let registrations: Vec<Registration> = registrations.chain([odd_registration(id(1))]).collect();
    let kinds = [("clientid", "a\\b'"), ("username", "\u{1F600}"), ("cidr", "10.0.0.0/8"), ("ip", "::1")];
    let more = [("credential", "c"), ("device", "d"), ("product", "p")];
    let blocks = kinds.into_iter().chain(more).zip(1..).map(|((kind, value), n)| block(n, kind, value));
    let blocks: Vec<_> = blocks.collect();
    for product in products {
        put_product(&*store, product.clone()).await.unwrap();
        let mut rows = store.read().await.unwrap();
        same(&rows.product(product.id).await.unwrap().unwrap(), &product);
        same(&rows.product_by_key(&product.key).await.unwrap().unwrap(), &product);
    }
    for device in devices {
        put_device(&*store, device.clone()).await.unwrap();
        let mut rows = store.read().await.unwrap();
        same(&rows.device(&device.id).await.unwrap().unwrap(), &device);
        if let Some(hardware_id) = &device.hardware_id {
            same(&rows.device_by_hardware_id(id(1), hardware_id).await.unwrap().unwrap(), &device);
        }
    }
    for token in tokens {
        let written = token.clone();
        write!(store, |rows| rows.put_claim_token(&written);).await.unwrap();
        let mut rows = store.read().await.unwrap();
        let read = rows.claim_token(token.id).await.unwrap().unwrap();
        same(&read, &token);
        assert_eq!(read.verifier.mac, token.verifier.mac);
        same(&rows.claim_token_by_key(token.key_id).await.unwrap().unwrap(), &token);
    }
    for registration in registrations {
        let written = registration.clone();
        write!(store, |rows| rows.put_registration(&written);).await.unwrap();
        let mut rows = store.read().await.unwrap();
        same(&rows.registration(registration.id).await.unwrap().unwrap(), &registration);
        let open = rows.open_registration(id(1), &registration.hardware_id).await.unwrap();
        assert_eq!(open.is_some(), registration.state.is_open());
        if let Some(credential) = registration.credential {
            same(&rows.registration_of(credential).await.unwrap().unwrap(), &registration);
        }
    }
    for block in blocks {
        let written = block.clone();
        write!(store, |rows| rows.put_block(&written);).await.unwrap();
        let mut rows = store.read().await.unwrap();
        same(&rows.block(block.id).await.unwrap().unwrap(), &block);
        let target = &block.block.target;
        same(&rows.block_of(target.kind().name(), &target.to_string()).await.unwrap().unwrap(), &block);
    }
    let key = api_key(1);
    write!(store, |rows| rows.put_api_key(&key);).await.unwrap();
    let read = store.read().await.unwrap().api_key(id(1)).await.unwrap().unwrap();
    same(&read, &api_key(1));
    assert_eq!(read.verifier.mac, api_key(1).verifier.mac);
}

pub(super) async fn credentials_of_every_kind_read_back(place: &dyn Place) {
    let store = place.empty().await;
    let device = device(1, id(1));
    put_device(&*store, device.clone()).await.unwrap();
    let all = [odd_credentials(&device.id).to_vec(), vec![credential(904, &device.id)]].concat();
    for credential in all.clone() {
        write!(store, |rows| rows.put_credential(&credential);).await.unwrap();
    }
    let mut rows = store.read().await.unwrap();
    for credential in &all {
        assert_eq!(shown(&rows.credential(credential.id).await.unwrap().unwrap()), shown(credential));
    }
    let read: Vec<String> = rows.credentials_of(&device.id).await.unwrap().iter().map(shown).collect();
    assert_eq!(read, all.iter().map(shown).collect::<Vec<_>>(), "oldest first");
}

pub(super) async fn a_put_replaces_the_whole_row(place: &dyn Place) {
    let store = place.empty().await;
    put_product(&*store, product(1)).await.unwrap();
    let changed = Product { id: id(1), state: ProductState::Disabled, ..odd_product() };
    put_product(&*store, changed.clone()).await.unwrap();
    put_device(&*store, device(1, id(1))).await.unwrap();
    let moved = Device { id: id(1), ..odd_device(id(2)) };
    put_device(&*store, moved.clone()).await.unwrap();
    let written = credential(1, &id::<DeviceId>(1));
    write!(store, |rows| rows.put_credential(&written);).await.unwrap();
    let [mut secret, mut password, mut scram] = odd_credentials(&id::<DeviceId>(1));
    for credential in [&mut secret, &mut password, &mut scram] {
        credential.id = id(1);
        let written = credential.clone();
        write!(store, |rows| rows.put_credential(&written);).await.unwrap();
        let read = store.read().await.unwrap().credential(id(1)).await.unwrap().unwrap();
        assert_eq!(shown(&read), shown(credential));
    }
    let mut rows = store.read().await.unwrap();
    same(&rows.product(id(1)).await.unwrap().unwrap(), &changed);
    same(&rows.device(&id(1)).await.unwrap().unwrap(), &moved);
    assert_eq!(rows.products(FIRST).await.unwrap().items.len(), 1);
}

pub(super) async fn what_is_deleted_is_gone(place: &dyn Place) {
    let store = place.empty().await;
    let (first, second) = (block(1, "username", "a"), block(2, "username", "b"));
    write!(store, |rows| rows.put_block(&first); rows.put_block(&second); rows.put_product(&product(1));)
        .await
        .unwrap();
    write!(store, |rows| rows.delete_block(id(1)); rows.delete_block(id(9)); rows.delete_product(id(1));)
        .await
        .unwrap();
    let mut rows = store.read().await.unwrap();
    assert!(rows.block(id(1)).await.unwrap().is_none());
    assert!(rows.block_of("username", "a").await.unwrap().is_none());
    assert!(rows.block_of("username", "b").await.unwrap().is_some());
    assert!(rows.product(id(1)).await.unwrap().is_none());
}

pub(super) async fn numbers_beyond_what_engines_keep_are_kept_as_the_greatest(place: &dyn Place) {
    let store = place.empty().await;
    let far = UnixMillis::new(u64::MAX);
    put_device(&*store, Device { expires_at: Some(far), ..device(1, id(1)) }).await.unwrap();
    let read = store.read().await.unwrap().device(&id(1)).await.unwrap().unwrap();
    // A store that has no such bound keeps the number.
    assert!([far, LATEST].map(Some).contains(&read.expires_at), "{read:?}");
}

pub(super) async fn what_was_never_written_is_not_found(place: &dyn Place) {
    let store = place.empty().await;
    let mut rows = store.read().await.unwrap();
    assert!(rows.product(id(1)).await.unwrap().is_none());
    assert!(rows.product_by_key(&parsed("p")).await.unwrap().is_none());
    assert!(rows.products(FIRST).await.unwrap().items.is_empty());
    assert!(rows.device(&id(1)).await.unwrap().is_none());
    assert!(rows.device_by_hardware_id(id(1), &parsed("h")).await.unwrap().is_none());
    assert!(rows.devices(&Default::default(), FIRST).await.unwrap().items.is_empty());
    assert_eq!(rows.device_count(id(1)).await.unwrap(), 0);
    assert!(rows.credential(id(1)).await.unwrap().is_none());
    assert!(rows.credentials_of(&id(1)).await.unwrap().is_empty());
    assert!(rows.devices_with_credentials(None, None, 10).await.unwrap().is_empty());
    assert!(rows.pending_credentials(LATEST, 10).await.unwrap().items.is_empty());
    assert!(rows.expired_credentials(LATEST, 10).await.unwrap().items.is_empty());
    assert!(rows.waiting_registrations(LATEST, 10).await.unwrap().items.is_empty());
    assert!(rows.expired_blocks(LATEST, 10).await.unwrap().items.is_empty());
    assert!(rows.rejected_registration(id(1), &parsed("h")).await.unwrap().is_none());
    assert_eq!(rows.waiting_count(id(1), None).await.unwrap(), 0);
    assert!(rows.claim_token(id(1)).await.unwrap().is_none());
    assert!(rows.claim_token_by_key(claim_token(1, id(1)).key_id).await.unwrap().is_none());
    assert!(rows.claim_tokens(FIRST).await.unwrap().items.is_empty());
    assert!(rows.registration(id(1)).await.unwrap().is_none());
    assert!(rows.open_registration(id(1), &parsed("h")).await.unwrap().is_none());
    assert!(rows.registration_of(id::<CredentialId>(1)).await.unwrap().is_none());
    assert!(rows.block(id(1)).await.unwrap().is_none());
    assert!(rows.block_of("\0", "\0").await.unwrap().is_none());
    assert!(rows.blocks(FIRST).await.unwrap().items.is_empty());
    assert!(rows.api_key(id(1)).await.unwrap().is_none());
    assert!(rows.api_keys(FIRST).await.unwrap().items.is_empty());
    assert!(rows.audit(FIRST).await.unwrap().items.is_empty());
    assert!(rows.audit_head().await.unwrap().is_none());
    assert_eq!(rows.log_head().await.unwrap().1, 0);
    assert!(rows.log_after(0, 10).await.unwrap().is_empty());
    assert!(rows.keys().await.unwrap().is_empty());
}

pub(super) async fn what_needs_a_key_is_counted_unless_it_is_revoked(place: &dyn Place) {
    let store = place.empty().await;
    let over = Some(NOW);
    let revoked = Credential { state: CredentialState::Revoked, ..credential(3, &id(1)) };
    let (spent, closed) =
        (ClaimToken { revoked_at: over, ..claim_token(3, id(1)) }, ApiKey { revoked_at: over, ..api_key(3) });
    write!(store, |rows|
        rows.put_device(&device(1, id(1)));
        rows.put_credential(&credential(1, &id(1)));
        rows.put_credential(&credential(2, &id(1)));
        rows.put_credential(&revoked);
        rows.put_claim_token(&ClaimToken { revoked_at: None, ..claim_token(1, id(1)) });
        rows.put_claim_token(&spent);
        rows.put_api_key(&ApiKey { revoked_at: None, ..api_key(1) });
        rows.put_api_key(&ApiKey { revoked_at: None, ..api_key(2) });
        rows.put_api_key(&ApiKey { revoked_at: None, ..api_key(4) });
        rows.put_api_key(&closed);
    )
    .await
    .unwrap();
    let mut rows = store.read().await.unwrap();
    let uses = KeyUses { credential_count: 2, claim_token_count: 1, api_key_count: 3 };
    assert_eq!(rows.key_uses(PepperVersion::FIRST).await, Ok(uses));
    let other = PepperVersion::new(2).unwrap();
    assert_eq!(rows.key_uses(other).await, Ok(KeyUses::default()));
}

pub(super) async fn keys_and_the_log_id_are_replaced(place: &dyn Place) {
    let store = place.empty().await;
    let (first, last) = (PepperVersion::FIRST, PepperVersion::new(u16::MAX).unwrap());
    let check = |text: &str| parsed::<CheckValue>(text);
    let (old, new) = (check("00000000000000ff"), check("ffffffffffffffff"));
    write!(store, |rows| rows.put_key(last, old); rows.put_key(first, old); rows.put_key(first, new);)
        .await
        .unwrap();
    let log: LogId = parsed("000102030405060708090a0b0c0d0e0f");
    let (before, _) = store.read().await.unwrap().log_head().await.unwrap();
    assert_ne!(before, log);
    let entry = NewEntry::blocks();
    write!(store, |rows| rows.append_log(NOW, entry.clone()); rows.put_log_id(log);).await.unwrap();
    let mut rows = store.read().await.unwrap();
    assert_eq!(rows.keys().await.unwrap(), [(first, new), (last, old)]);
    assert_eq!(rows.log_head().await.unwrap(), (log, 1), "the numbers go on");
    write!(store, |rows| rows.delete_key(last); rows.delete_key(last);).await.unwrap();
    assert_eq!(store.read().await.unwrap().keys().await.unwrap(), [(first, new)]);
    let entries = rows.log_after(0, 10).await.unwrap();
    assert_eq!((entries.len(), entries[0].at, entries[0].change.kick), (1, NOW, Kick::None));
}
