//! Many seeds at once.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Report, run};

/// Runs every seed on the cores there are, and tells each report as soon as it is there.
///
/// The order of the reports depends on the machine; what is in them does not.
pub fn run_all(seeds: &[u64], mut tell: impl FnMut(Report) + Send) {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let tell: Mutex<&mut (dyn FnMut(Report) + Send)> = Mutex::new(&mut tell);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(seeds.len()) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = run(*seed, None);
                    // A panic while telling spoils nothing but what is told.
                    let mut tell = tell.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    tell(report);
                }
            });
        }
    });
}
