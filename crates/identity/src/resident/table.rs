use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use vouchmq_mqtt::topic::HashSeed;

use super::ResidentDevice;

/// Buckets: some 250 devices each among a million.
const BUCKETS: usize = 4096;

/// Devices by id, read without a lock and changed a bucket at a time.
pub(super) struct Table {
    buckets: Box<[ArcSwap<Bucket>]>,
    seed: HashSeed,
    len: AtomicUsize,
}

/// Devices that are about to be taken in, by bucket.
pub(super) struct Gathered {
    seed: HashSeed,
    buckets: Vec<Vec<(u64, Arc<ResidentDevice>)>>,
}

/// The devices of one bucket, in the order of their hashes.
#[derive(Clone, Default)]
struct Bucket(Box<[(u64, Arc<ResidentDevice>)]>);

impl Table {
    pub(super) fn new(seed: HashSeed) -> Self {
        // One empty bucket stands for all of them.
        let empty = Arc::new(Bucket::default());
        let buckets = (0..BUCKETS).map(|_| ArcSwap::new(empty.clone())).collect();
        Self { buckets, seed, len: AtomicUsize::new(0) }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<ResidentDevice>> {
        let hash = self.seed.hash(id.as_bytes());
        self.bucket(hash)?.load().find(hash, id).cloned()
    }

    pub(super) fn insert(&self, device: Arc<ResidentDevice>) {
        let hash = self.seed.hash(device.id.as_str().as_bytes());
        self.change(hash, device.id.clone().as_str(), Some(device));
    }

    pub(super) fn remove(&self, id: &str) {
        self.change(self.seed.hash(id.as_bytes()), id, None);
    }

    /// Begins to take in many devices.
    pub(super) fn gather(&self) -> Gathered {
        Gathered { seed: self.seed.clone(), buckets: vec![Vec::new(); BUCKETS] }
    }

    /// Takes in many devices with one copy of each bucket.
    pub(super) fn load(&self, gathered: Gathered) {
        for (bucket, fresh) in self.buckets.iter().zip(gathered.buckets) {
            if fresh.is_empty() {
                continue;
            }
            let before = bucket.load_full();
            // The newest first: of two with one id it is the one that stays.
            let mut entries: Vec<_> = fresh.into_iter().rev().collect();
            entries.extend(before.0.iter().cloned());
            entries.sort_by(|(a, left), (b, right)| (a, &left.id).cmp(&(b, &right.id)));
            entries.dedup_by(|(a, older), (b, newer)| a == b && older.id == newer.id);
            self.publish(bucket, before.0.len(), Bucket(entries.into()));
        }
    }

    /// Puts `device`, or nothing, in the place of the device `id`.
    fn change(&self, hash: u64, id: &str, device: Option<Arc<ResidentDevice>>) {
        let Some(bucket) = self.bucket(hash) else { return };
        let before = bucket.load_full();
        let others = before.0.iter().filter(|(_, known)| known.id.as_str() != id).cloned();
        let mut entries: Vec<_> = others.collect();
        if let Some(device) = device {
            let place = entries.partition_point(|(known, _)| *known < hash);
            entries.insert(place, (hash, device));
        }
        self.publish(bucket, before.0.len(), Bucket(entries.into()));
    }

    fn publish(&self, place: &ArcSwap<Bucket>, len_before: usize, bucket: Bucket) {
        self.len.fetch_add(bucket.0.len(), Ordering::Relaxed);
        self.len.fetch_sub(len_before, Ordering::Relaxed);
        place.store(Arc::new(bucket));
    }

    fn bucket(&self, hash: u64) -> Option<&ArcSwap<Bucket>> {
        self.buckets.get(place_of(hash))
    }
}

impl Gathered {
    pub(super) fn push(&mut self, device: ResidentDevice) {
        let hash = self.seed.hash(device.id.as_str().as_bytes());
        if let Some(bucket) = self.buckets.get_mut(place_of(hash)) {
            bucket.push((hash, Arc::new(device)));
        }
    }
}

/// The upper bits choose the bucket, all of them the place in it.
const fn place_of(hash: u64) -> usize {
    (hash >> (64 - BUCKETS.ilog2())) as usize
}

impl Bucket {
    fn find(&self, hash: u64, id: &str) -> Option<&Arc<ResidentDevice>> {
        let from = self.0.partition_point(|(known, _)| *known < hash);
        let same = self.0.get(from..)?.iter().take_while(|(known, _)| *known == hash);
        same.map(|(_, device)| device).find(|device| device.id.as_str() == id)
    }
}
