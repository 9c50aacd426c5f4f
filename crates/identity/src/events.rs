//! What happens at the door: logins that were refused, registrations, claims that two devices make.
//!
//! Events are for operators who look now. They are kept in memory, as many as there is room for, so that
//! whoever knocks at the door often can push older ones out, and nothing more.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::UnixMillis;
use crate::model::{DeviceId, words};

#[cfg(test)]
mod tests;

words! {
    /// What kind of thing happened.
    EventKind {
        /// A client was not let in.
        LoginDenied = "login_denied",
        /// Whether a client may come in could not be decided.
        LoginUnavailable = "login_unavailable",
        /// A credential was used for the first time.
        CredentialConfirmed = "credential_confirmed",
        /// A device got a secret by registration.
        DeviceRegistered = "device_registered",
        /// A device waits for approval.
        RegistrationQuarantined = "registration_quarantined",
        /// A device may not register.
        RegistrationRefused = "registration_refused",
        /// Two devices claim one hardware id.
        DuplicateClaim = "duplicate_claim",
        /// A caller of the authentication service, or of the management API, is not who it says.
        CallerRefused = "caller_refused",
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number; the first is 1.
    pub sequence: u64,
    /// When it happened.
    pub at: UnixMillis,
    /// What it is.
    pub what: NewEvent,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What kind it is.
    pub kind: EventKind,
    /// The device it is about, if there is one of that name.
    pub device: Option<DeviceId>,
    /// What it called itself: at most 128 bytes of it.
    pub subject: Box<str>,
    /// Where it came from.
    pub peer: Option<IpAddr>,
    /// The exact reason, a word that stays the same.
    pub reason: &'static str,
}

/// Why a device was last refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// The exact reason, a word that stays the same.
    pub reason: &'static str,
    /// When.
    pub at: UnixMillis,
}

/// The last events, and the last failure of each device.
#[derive(Debug, Default)]
pub struct Events(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    sequence: u64,
    ring: VecDeque<Event>,
    failures: HashMap<DeviceId, LastFailure>,
    /// Whose failures are kept, the oldest first.
    order: VecDeque<DeviceId>,
    counts: BTreeMap<(EventKind, &'static str), u64>,
}

/// Events that are kept.
const EVENTS_MAX: usize = 4096;
/// Devices whose last failure is kept.
const FAILURES_MAX: usize = 65_536;
const SUBJECT_MAX: usize = 128;

impl Events {
    /// Something happened.
    pub fn record(&self, at: UnixMillis, what: NewEvent) {
        let mut kept = self.kept();
        kept.sequence += 1;
        *kept.counts.entry((what.kind, what.reason)).or_default() += 1;
        if what.kind == EventKind::LoginDenied
            && let Some(device) = &what.device
        {
            kept.fail(device, LastFailure { reason: what.reason, at });
        }
        if kept.ring.len() == EVENTS_MAX {
            kept.ring.pop_front();
        }
        let sequence = kept.sequence;
        kept.ring.push_back(Event { sequence, at, what });
    }

    /// Events after `after`, the oldest first, at most `limit`.
    pub fn after(&self, after: u64, limit: usize) -> Vec<Event> {
        let kept = self.kept();
        let begin = kept.ring.partition_point(|event| event.sequence <= after);
        kept.ring.iter().skip(begin).take(limit).cloned().collect()
    }

    /// Why a device was last refused.
    pub fn last_failure(&self, device: &str) -> Option<LastFailure> {
        self.kept().failures.get(device).copied()
    }

    /// How many there were of each kind and reason, since the start.
    pub fn counts(&self) -> Vec<(EventKind, &'static str, u64)> {
        self.kept().counts.iter().map(|((kind, reason), count)| (*kind, *reason, *count)).collect()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Whoever panicked with it left nothing half done that matters.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn fail(&mut self, device: &DeviceId, failure: LastFailure) {
        if self.failures.insert(device.clone(), failure).is_some() {
            return;
        }
        self.order.push_back(device.clone());
        if self.order.len() > FAILURES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.failures.remove(&oldest);
        }
    }
}

impl NewEvent {
    /// An event about whoever calls itself `subject`.
    pub fn new(kind: EventKind, subject: &str, peer: Option<IpAddr>, reason: &'static str) -> Self {
        let end = (0..=SUBJECT_MAX.min(subject.len())).rev().find(|end| subject.is_char_boundary(*end));
        let subject = subject.get(..end.unwrap_or(0)).unwrap_or_default().into();
        Self { kind, device: None, subject, peer, reason }
    }

    /// The same, about a device that there is.
    #[must_use]
    pub fn about(self, device: Option<DeviceId>) -> Self {
        Self { device, ..self }
    }
}
