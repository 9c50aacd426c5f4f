use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use vouchmq_identity::model::{CredentialId, DeviceId, DeviceOrigin, Name};
use vouchmq_identity::registry::{
    CreateDevice, CreateProduct, NewDevice, NewProduct, ProductPatch, RevokeCredential,
};
use vouchmq_identity::store::memory::MemoryStore;
use vouchmq_identity::{Farewell, Pending, UnixMillis, Whom};
use vouchmq_mqtt::topic::HashSeed;

mod housekeeper;
mod peers;

use super::*;
use std::sync::Arc;
use std::time::Duration;
use vouchmq_identity::{Clock, Keyring, Sessions, resident::Resident};

struct Standing;

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(1_700_000_000_000)
    }
}

/// One connection of each device that is asked about.
#[derive(Default)]
struct One(Mutex<Vec<Whom>>);

impl Sessions for One {
    fn reconsider(&self, whom: Whom) -> Pending<'_, usize> {
        self.0.lock().unwrap().push(whom);
        Box::pin(async { 1 })
    }

    fn disconnect(&self, _: Whom, _: Option<CredentialId>, _: Farewell) -> Pending<'_, usize> {
        Box::pin(async { 1 })
    }

    fn connected(&self, devices: Vec<DeviceId>) -> Pending<'_, Vec<bool>> {
        Box::pin(async move { devices.iter().map(|_| true).collect() })
    }
}

fn opening(store: Arc<MemoryStore>, keyring: Arc<Keyring>) -> Opening {
    // Nobody tells of changes: they are found all the same.
    let (_, changes) = tokio::sync::watch::channel(0);
    let clock = Arc::new(Standing);
    let resident = Arc::new(Resident::new(keyring.clone(), HashSeed::new([1, 2]), clock.clone()));
    Opening {
        followed: store.clone(),
        store,
        changes,
        keyring,
        clock,
        resident,
        high_water: None,
        peers: None,
        is_ours: true,
        accepts_rollback: false,
    }
}

fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::generate(&mut SystemEntropy).unwrap())
}

fn administrator() -> vouchmq_identity::registry::Actor {
    vouchmq_identity::registry::Actor::administrator(&"admin".parse::<Name>().unwrap(), None)
}

async fn a_device(registrar: &Registrar) -> CredentialId {
    let rest = ProductPatch::default();
    let new = NewProduct { key: "sensor".parse().unwrap(), name: "Sensor".parse().unwrap(), rest };
    let product = registrar.registry.execute(administrator(), CreateProduct(new)).await.unwrap().outcome;
    let new = NewDevice {
        id: None,
        product: product.id,
        hardware_id: None,
        tags: Vec::new(),
        attributes: Vec::new(),
        expires_at: None,
        origin: DeviceOrigin::Manual,
    };
    let create = CreateDevice { new, with_secret: true };
    let (_, added) = registrar.registry.execute(administrator(), create).await.unwrap().outcome;
    added.unwrap().credential.id
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_change_is_told_when_it_is_applied_and_what_it_ended() {
    let store = Arc::new(MemoryStore::default());
    let keyring = keyring();
    let registrar = Registrar::open(opening(store.clone(), keyring.clone())).await.unwrap();
    let credential = a_device(&registrar).await;
    // Loaded anew, as after a restart: the device is resident, and may be connected.
    let registrar = Registrar::open(opening(store, keyring)).await.unwrap();
    let registry = registrar.registry.clone();
    let running = registrar.run(Arc::new(One::default()));
    let revoke = RevokeCredential { id: credential, reason: "lost".into() };
    let sequence = registry.execute(administrator(), revoke).await.unwrap().sequence.unwrap();
    let applied = running.progress().wait(sequence, Duration::from_secs(5)).await;
    assert_eq!(applied, Applied { is_applied: true, sessions_closed: 1 });
    let never = running.progress().wait(sequence + 1, Duration::from_secs(5)).await;
    assert_eq!(never, Applied { is_applied: false, sessions_closed: 0 });
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_noticed_and_ends() {
    let store = Arc::new(MemoryStore::default());
    let registrar = Registrar::open(opening(store.clone(), keyring())).await.unwrap();
    let running = registrar.run(Arc::new(One::default()));
    for is_healthy in [true, false, true] {
        let fault = vouchmq_identity::store::StoreFault::Busy;
        store.fail_with((!is_healthy).then_some(fault));
        let noticed = async {
            let mut looks = tokio::time::interval(Duration::from_millis(100));
            while running.progress().is_healthy() != is_healthy {
                looks.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), noticed).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_was_restored_or_exchanged_is_not_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("high-water");
    let keyring = keyring();
    let open = |store: &Arc<MemoryStore>, accepts_rollback| {
        let high_water = Some(mark.clone());
        Registrar::open(Opening { high_water, accepts_rollback, ..opening(store.clone(), keyring.clone()) })
    };
    let store = Arc::new(MemoryStore::default());
    let registrar = open(&store, false).await.unwrap();
    let first = registrar.opened();
    a_device(&registrar).await;
    drop(registrar);
    assert_eq!(open(&store, false).await.unwrap().opened().head, 2);
    std::fs::write(&mark, format!("{} 7\n", first.log)).unwrap();
    let fault = open(&store, false).await.unwrap_err();
    assert!(matches!(fault, OpenFault::HighWater(HighWaterFault::RolledBack { head: 2, was: 7 })), "{fault}");
    let other = Arc::new(MemoryStore::default());
    let fault = open(&other, false).await.unwrap_err();
    assert!(matches!(fault, OpenFault::HighWater(HighWaterFault::Exchanged { .. })), "{fault}");
    // Accepted, it is another log: whoever followed the old one begins anew.
    let accepted = open(&store, true).await.unwrap().opened();
    assert_ne!(accepted.log, first.log);
    assert!(open(&store, false).await.is_ok());
    // Without its mark it could be any backup.
    std::fs::remove_file(&mark).unwrap();
    let fault = open(&store, false).await.unwrap_err();
    assert!(matches!(fault, OpenFault::HighWater(HighWaterFault::Unmarked { .. })), "{fault}");
    std::fs::write(&mark, "").unwrap();
    let fault = open(&store, true).await.unwrap_err();
    assert!(matches!(fault, OpenFault::HighWater(HighWaterFault::File { .. })), "{fault}");
}

#[tokio::test]
async fn a_database_does_not_open_with_other_keys() {
    let store = Arc::new(MemoryStore::default());
    Registrar::open(opening(store.clone(), keyring())).await.unwrap();
    let fault = Registrar::open(opening(store, keyring())).await.unwrap_err();
    assert!(matches!(fault, OpenFault::Keys(_)), "{fault}");
}

#[test]
fn a_key_file_is_made_once_for_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    let made = keys_at(&path, true, &mut SystemEntropy).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let read = keys_at(&path, true, &mut SystemEntropy).unwrap();
    assert!(made.check_values().eq(read.check_values()));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let fault = keys_at(&path, true, &mut SystemEntropy).unwrap_err();
    assert!(matches!(fault, KeyFileFault::Mode { mode: 0o640, .. }), "{fault}");
}

#[test]
fn a_database_that_was_used_gets_no_new_keys() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    let fault = keys_at(&path, false, &mut SystemEntropy).unwrap_err();
    assert!(matches!(fault, KeyFileFault::Missing { .. }), "{fault}");
    assert!(!path.exists());
}

#[test]
fn a_key_file_that_is_none_is_refused_without_repeating_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    std::fs::write(&path, "1:secret-but-short\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let fault = keys_at(&path, true, &mut SystemEntropy).unwrap_err().to_string();
    assert!(fault.contains("key 1") && !fault.contains("secret-but-short"), "{fault}");
}
