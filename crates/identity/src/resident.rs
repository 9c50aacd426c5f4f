//! What verifies every device, in memory: a lookup, a keyed hash and a compare, without I/O.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
pub use vouchmq_mqtt::topic::HashSeed;

use crate::blocks::Blocks;
use crate::model::{DeviceId, ProductId, Proof};
use crate::{CertificateFingerprint, Clock, Keyring};

mod authorities;
mod certificate;
mod device;
mod fingerprints;
mod judge;
mod permit;
mod products;
mod reconsider;
mod scram;
mod staleness;
mod table;
mod waiters;

#[cfg(test)]
mod tests;

pub use authorities::{Authorities, ResidentAuthority};
pub use certificate::Newcomer;
pub use device::{ResidentCredential, ResidentDevice, UsedAttributes};
pub use judge::{Judgement, Proven};
pub use permit::{Allowed, Named};
pub use products::ResidentProduct;

use fingerprints::Fingerprints;
use products::Products;
use staleness::Staleness;
use table::{Gathered, Table};
use waiters::Waiters;

/// Every live credential, the devices they belong to, their products, and all blocks.
///
/// Any number of threads read it without a lock while one writer applies the changes of the store's log, in
/// their order. A reader sees each device as it was before or after a change, never between; a change is
/// applied to everything it touches before [`applied`](Self::applied) counts it. Whoever judges a client
/// takes that number first: the verdict then is at least as new as the number says.
///
/// # Cost
/// A device takes about 300 bytes with a generated secret. A change copies the entries of one bucket, some
/// 250 pointers among a million devices.
pub struct Resident {
    keyring: ArcSwap<Keyring>,
    devices: Table,
    fingerprints: Fingerprints,
    authorities: ArcSwap<Authorities>,
    products: ArcSwap<Products>,
    blocks: ArcSwap<Blocks>,
    applied: AtomicU64,
    waiters: Waiters,
    /// Some device has, or had, a password.
    has_passwords: AtomicBool,
    clock: Arc<dyn Clock>,
    /// `None` judges by what was last known for ever.
    staleness: Option<Staleness>,
}

/// Devices that are being taken in; none of them is known before it is finished.
pub struct Loading<'a> {
    resident: &'a Resident,
    gathered: Gathered,
    fingerprints: Vec<(CertificateFingerprint, DeviceId)>,
}

/// One change of what is resident.
#[derive(Clone, Debug)]
pub enum Change {
    /// A device is new, or one of its credentials or itself changed.
    Device(ResidentDevice),
    /// A device is gone: it is retired, or was never durable.
    DeviceGone(DeviceId),
    /// A product is new or changed.
    Product(ResidentProduct),
    /// A product is gone.
    ProductGone(ProductId),
    /// These are all blocks now.
    Blocks(Arc<Blocks>),
    /// These are all certificate authorities now.
    Authorities(Arc<Authorities>),
}

impl Resident {
    /// Nobody is known. `seed` spreads device ids over buckets and is random in production.
    pub fn new(keyring: impl Into<Arc<Keyring>>, seed: HashSeed, clock: Arc<dyn Clock>) -> Self {
        Self {
            keyring: ArcSwap::from(keyring.into()),
            devices: Table::new(seed),
            fingerprints: Fingerprints::new(),
            authorities: ArcSwap::from_pointee(Authorities::default()),
            products: ArcSwap::from_pointee(Products::default()),
            blocks: ArcSwap::from_pointee(Blocks::default()),
            applied: AtomicU64::new(0),
            waiters: Waiters::default(),
            has_passwords: AtomicBool::new(false),
            clock,
            staleness: None,
        }
    }

    /// Takes in many devices at once, before anybody is judged.
    pub fn load(&self, devices: impl IntoIterator<Item = ResidentDevice>) {
        let mut loading = self.loading();
        loading.extend(devices);
        loading.finish();
    }

    /// The same for devices that come portion by portion: they are there, all together, when it is finished.
    pub fn loading(&self) -> Loading<'_> {
        Loading { resident: self, gathered: self.devices.gather(), fingerprints: Vec::new() }
    }

    /// Applies the changes of one entry of the log; entries come in order, from one thread.
    pub fn apply(&self, sequence: u64, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            match change {
                Change::Device(device) => {
                    self.notice(&device);
                    let before = self.device(device.id.as_str());
                    let after = Arc::new(device);
                    self.devices.insert(after.clone());
                    self.fingerprints.change(before.as_deref(), Some(&after));
                }
                Change::DeviceGone(id) => {
                    let before = self.device(id.as_str());
                    self.devices.remove(id.as_str());
                    self.fingerprints.change(before.as_deref(), None);
                }
                Change::Product(product) => self.change_products(|products| products.insert(product)),
                Change::ProductGone(id) => self.change_products(|products| products.remove(id)),
                Change::Blocks(blocks) => self.blocks.store(blocks),
                Change::Authorities(authorities) => self.authorities.store(authorities),
            }
        }
        self.applied.store(sequence, Ordering::Release);
        self.tell_waiters();
    }

    /// Takes other peppers from now on.
    pub fn set_keyring(&self, keyring: impl Into<Arc<Keyring>>) {
        self.keyring.store(keyring.into());
    }

    /// The last entry of the log that is applied.
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// Whether some device has, or had, a password.
    pub(crate) fn has_passwords(&self) -> bool {
        self.has_passwords.load(Ordering::Relaxed)
    }

    fn notice(&self, device: &ResidentDevice) {
        if device.credentials.iter().any(|known| matches!(known.proof, Proof::Password(_))) {
            self.has_passwords.store(true, Ordering::Relaxed);
        }
    }

    /// How many devices are resident.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether no device is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A product, if it is resident.
    pub fn product(&self, id: ProductId) -> Option<Arc<ResidentProduct>> {
        self.products.load().get(id).cloned()
    }

    /// All blocks, as they are now.
    pub(crate) fn blocks(&self) -> Arc<Blocks> {
        self.blocks.load_full()
    }

    /// How many targets are blocked.
    pub fn block_count(&self) -> usize {
        self.blocks.load().len()
    }

    /// A device, if it is resident.
    pub fn device(&self, id: &str) -> Option<Arc<ResidentDevice>> {
        self.devices.get(id)
    }

    fn change_products(&self, change: impl FnOnce(&mut Products)) {
        let mut products = Products::clone(&self.products.load());
        change(&mut products);
        self.products.store(Arc::new(products));
    }
}

impl Loading<'_> {
    /// From now on they are all known.
    pub fn finish(self) {
        self.resident.devices.load(self.gathered);
        self.resident.fingerprints.load(self.fingerprints);
    }
}

impl Extend<ResidentDevice> for Loading<'_> {
    fn extend<T: IntoIterator<Item = ResidentDevice>>(&mut self, devices: T) {
        for device in devices {
            self.resident.notice(&device);
            let own = fingerprints::all_of(&device);
            self.fingerprints.extend(own.map(|known| (known, device.id.clone())));
            self.gathered.push(device);
        }
    }
}

impl std::fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loading").field("resident", &self.resident).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resident")
            .field("devices", &self.len())
            .field("applied", &self.applied())
            .finish_non_exhaustive()
    }
}
