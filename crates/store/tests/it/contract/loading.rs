use std::collections::BTreeMap;

use vouchmq_identity::UnixMillis;
use vouchmq_identity::model::{Credential, CredentialState, Device, DeviceState};
use vouchmq_identity::store::{Aborted, Found};

use super::Place;
use crate::harness::samples::{credential, device, id, shown};
use crate::harness::{NOW, job, write};

pub(super) async fn portions_give_each_device_its_credentials(place: &dyn Place) {
    let store = place.empty().await;
    let mut expected = BTreeMap::new();
    let (mut devices, mut credentials) = (Vec::new(), Vec::new());
    for number in 0..50 {
        // some retired, and one to four credentials, of which some are revoked
        let state = if number % 7 == 0 { DeviceState::Retired } else { DeviceState::Active };
        let device = Device { state, ..device(number, id(1)) };
        let own = (0..number % 5).map(|nth| Credential {
            state: if nth == 1 { CredentialState::Revoked } else { CredentialState::Grace },
            ..credential(1000 - number * 10 + nth, &device.id)
        });
        let own: Vec<Credential> = own.collect();
        if state != DeviceState::Retired {
            let kept = own.iter().filter(|credential| credential.state != CredentialState::Revoked);
            expected.insert(device.id.clone(), kept.map(shown).collect::<Vec<_>>());
        }
        credentials.extend(own);
        devices.push(device);
    }
    let putting = job(move |rows| {
        Box::pin(async move {
            for device in &devices {
                rows.put_device(device).await.map_err(Aborted::Failed)?;
            }
            for credential in &credentials {
                rows.put_credential(credential).await.map_err(Aborted::Failed)?;
            }
            Ok(())
        })
    });
    store.write(putting).await.unwrap();
    for limit in [1, 3, 42, 43, 1000] {
        let mut rows = store.read().await.unwrap();
        let (mut loaded, mut after) = (Vec::new(), None);
        loop {
            let portion = rows.devices_with_credentials(None, after.as_ref(), limit).await.unwrap();
            let Some((last, _)) = portion.last() else { break };
            assert!(portion.len() <= limit as usize);
            after = Some(last.id.clone());
            loaded.extend(portion);
        }
        let loaded: Vec<_> = loaded
            .into_iter()
            .map(|(device, credentials)| (device.id, credentials.iter().map(shown).collect::<Vec<_>>()))
            .collect();
        assert_eq!(loaded, expected.clone().into_iter().collect::<Vec<_>>(), "{limit}");
    }
}

pub(super) async fn pending_credentials_are_found_by_age(place: &dyn Place) {
    let store = place.empty().await;
    let device = device(1, id(1));
    let make = |number, state, age| Credential {
        state,
        created_at: UnixMillis::new(NOW.millis() - age),
        ..credential(number, &device.id)
    };
    let (pending, active) = (CredentialState::Pending, CredentialState::Active);
    let all = [make(1, pending, 5), make(2, pending, 10), make(3, active, 20), make(4, pending, 30)];
    let written = device.clone();
    write!(store, |rows| rows.put_device(&written);).await.unwrap();
    for credential in all {
        write!(store, |rows| rows.put_credential(&credential);).await.unwrap();
    }
    let mut rows = store.read().await.unwrap();
    let before = UnixMillis::new(NOW.millis() - 5);
    let ids = |found: Found<Credential>| found.items.into_iter().map(|found| found.id).collect::<Vec<_>>();
    assert_eq!(ids(rows.pending_credentials(before, 9).await.unwrap()), [id(4), id(2)]);
    assert_eq!(ids(rows.pending_credentials(NOW, 2).await.unwrap()), [id(4), id(2)]);
    assert_eq!(rows.pending_credentials(NOW, 9).await.unwrap().items.len(), 3);
}

pub(super) async fn the_last_use_of_a_credential_never_goes_back(place: &dyn Place) {
    let store = place.empty().await;
    let device = device(1, id(1));
    let owner = device.id.clone();
    let putting = job(move |rows| {
        Box::pin(async move {
            rows.put_device(&device).await.map_err(Aborted::Failed)?;
            for number in 0..40 {
                rows.put_credential(&credential(number, &owner)).await.map_err(Aborted::Failed)?;
            }
            Ok(())
        })
    });
    store.write(putting).await.unwrap();
    let at = |seconds: u64| UnixMillis::new(NOW.millis() + seconds * 1000);
    for (used, expected) in [
        ((0..40).map(|number| (id(number), at(number))).collect::<Vec<_>>(), Some(at(7))),
        (vec![(id(7), at(3)), (id(99), at(100))], Some(at(7))),
        (vec![(id(7), at(9)), (id(7), at(8))], Some(at(9))),
        (Vec::new(), Some(at(9))),
    ] {
        write!(store, |rows| rows.touch_credentials(&used);).await.unwrap();
        let read = store.read().await.unwrap().credential(id(7)).await.unwrap().unwrap();
        assert_eq!((read.last_used_at, read.first_used_at), (expected, None));
    }
    let mut rows = store.read().await.unwrap();
    for number in (0..40).filter(|number| *number != 7) {
        let read = rows.credential(id(number)).await.unwrap().unwrap();
        assert_eq!(read.last_used_at, Some(at(number)));
    }
}
