use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use vouchmq_identity::model::CredentialState;
use vouchmq_identity::registry::{EXPIRED_KEPT_MILLIS, Rotate};
use vouchmq_identity::store::{Job, Kick, Rows, Store, StoreFault};

use super::*;

/// Panics at so many writes.
struct Panicking {
    store: Arc<MemoryStore>,
    left: AtomicUsize,
}

#[async_trait]
impl Store for Panicking {
    async fn read(&self) -> Result<Box<dyn Rows + '_>, StoreFault> {
        self.store.read().await
    }

    async fn write(&self, job: Box<dyn Job>) -> Result<(), StoreFault> {
        let less = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            panic!("as a bug would");
        }
        self.store.write(job).await
    }
}

/// It is so much later.
struct Later(u64);

impl Clock for Later {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(Standing.now().millis() + self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_whose_time_is_over_is_revoked_though_housekeeping_panicked() {
    let store = Arc::new(MemoryStore::default());
    let keyring = keyring();
    let registrar = Registrar::open(opening(store.clone(), keyring.clone())).await.unwrap();
    let credential = a_device(&registrar).await;
    let device = store.read().await.unwrap().credential(credential).await.unwrap().unwrap().device;
    let (grace_millis, kick) = (1_000, Kick::None);
    let rotate = Rotate { device, grace_millis, kick, not_before: None, not_after: None };
    registrar.registry.execute(administrator(), rotate).await.unwrap();
    let panicking = Arc::new(Panicking { store: store.clone(), left: AtomicUsize::new(0) });
    let clock = Arc::new(Later(grace_millis + EXPIRED_KEPT_MILLIS + 1));
    let opening = Opening { store: panicking.clone(), clock, ..opening(store.clone(), keyring) };
    let registrar = Registrar::open(opening).await.unwrap();
    panicking.left.store(10, Ordering::Relaxed);
    let mut running = registrar.run(Arc::new(One::default()));
    let swept = async {
        let mut looks = tokio::time::interval(Duration::from_secs(1));
        let state = async || store.read().await?.credential(credential).await;
        while state().await.unwrap().unwrap().state != CredentialState::Revoked {
            looks.tick().await;
        }
    };
    tokio::select! {
        swept = tokio::time::timeout(Duration::from_secs(600), swept) => swept.unwrap(),
        fault = running.failed() => panic!("{fault}"),
    }
    assert_eq!(panicking.left.load(Ordering::Relaxed), 0);
}
