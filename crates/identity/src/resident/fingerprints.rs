use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::ResidentDevice;
use crate::CertificateFingerprint;
use crate::model::DeviceId;

/// Buckets: some 250 certificates each among a million.
const BUCKETS: usize = 4096;

/// Whose certificates are whose, read without a lock and changed a bucket at a time. Who has none takes no room.
///
/// Only says where to look: what is good stands in the device, so an entry that is too much does no harm.
pub(super) struct Fingerprints(Box<[ArcSwap<Bucket>]>);

/// In the order of the fingerprints, each once.
type Bucket = Box<[(CertificateFingerprint, DeviceId)]>;

impl Fingerprints {
    pub(super) fn new() -> Self {
        // One empty bucket stands for all of them.
        let empty = Arc::new(Bucket::default());
        Self((0..BUCKETS).map(|_| ArcSwap::new(empty.clone())).collect())
    }

    pub(super) fn get(&self, fingerprint: CertificateFingerprint) -> Option<DeviceId> {
        let bucket = self.0.get(place_of(fingerprint))?.load();
        let place = bucket.binary_search_by_key(&fingerprint, |(known, _)| *known).ok()?;
        bucket.get(place).map(|(_, device)| device.clone())
    }

    /// A device is as it is `after`; it may be gone.
    pub(super) fn change(&self, before: Option<&ResidentDevice>, after: Option<&ResidentDevice>) {
        let has = |device: &Option<&ResidentDevice>, fingerprint| {
            device.is_some_and(|device| all_of(device).any(|known| known == fingerprint))
        };
        for fingerprint in before.into_iter().flat_map(all_of) {
            if !has(&after, fingerprint) {
                let device = before.map(|device| device.id.clone());
                self.edit(place_of(fingerprint), |all| {
                    // It may be another's by now.
                    if all.get(&fingerprint) == device.as_ref() {
                        all.remove(&fingerprint);
                    }
                });
            }
        }
        let Some(device) = after else { return };
        for fingerprint in all_of(device).filter(|known| !has(&before, *known)) {
            self.edit(place_of(fingerprint), |all| drop(all.insert(fingerprint, device.id.clone())));
        }
    }

    /// Takes in many with one copy of each bucket.
    pub(super) fn load(&self, fresh: Vec<(CertificateFingerprint, DeviceId)>) {
        let mut places: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for entry in fresh {
            places.entry(place_of(entry.0)).or_default().push(entry);
        }
        for (place, entries) in places {
            self.edit(place, |all| all.extend(entries));
        }
    }

    fn edit(&self, place: usize, edit: impl FnOnce(&mut BTreeMap<CertificateFingerprint, DeviceId>)) {
        let Some(bucket) = self.0.get(place) else { return };
        let mut all = bucket.load().iter().cloned().collect();
        edit(&mut all);
        bucket.store(Arc::new(all.into_iter().collect()));
    }
}

/// The certificates of a device.
pub(super) fn all_of(device: &ResidentDevice) -> impl Iterator<Item = CertificateFingerprint> + '_ {
    device.credentials.iter().filter_map(|known| known.proof.certificate()).map(|proof| proof.fingerprint)
}

/// A fingerprint is as random as a hash: its first bits choose the bucket.
fn place_of(fingerprint: CertificateFingerprint) -> usize {
    let [first, second, ..] = *fingerprint.as_bytes();
    usize::from(u16::from_be_bytes([first, second])) >> (16 - BUCKETS.ilog2())
}
