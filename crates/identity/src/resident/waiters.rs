use std::sync::{Mutex, PoisonError};

use super::Resident;

/// Who wants to hear that an entry of the log is applied.
#[derive(Default)]
pub(super) struct Waiters(Mutex<Vec<(u64, Then)>>);

/// More than may arrive at once; who gives up stays counted until the entry is applied.
const WAITING_MAX: usize = 1024;

type Then = Box<dyn FnOnce() + Send>;

impl Resident {
    /// Does something quick as soon as the entry `sequence` is applied: at once if it is, else on the thread that
    /// applies it. Never if too many wait.
    pub fn when_applied(&self, sequence: u64, then: impl FnOnce() + Send + 'static) {
        let mut waiting = self.waiters.lock();
        // Who applies an entry counts it first and then looks who waits.
        if self.applied() >= sequence {
            drop(waiting);
            return then();
        }
        if waiting.len() < WAITING_MAX {
            waiting.push((sequence, Box::new(then)));
        }
    }

    /// Tells those who wait for what is applied.
    pub(super) fn tell_waiters(&self) {
        let applied = self.applied();
        let due: Vec<_> = self.waiters.lock().extract_if(.., |(sequence, _)| *sequence <= applied).collect();
        due.into_iter().for_each(|(_, then)| then());
    }
}

impl Waiters {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Then)>> {
        // Whoever panicked with it left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
