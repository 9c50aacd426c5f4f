use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::authenticator::Reply;
use crate::model::CertificateAuthorityId;
use crate::{AuthRequest, CertificateFingerprint, Denial, UnixMillis};

/// Devices that come with certificates nobody has seen: what they take of the database has bounds, whoever
/// holds the key of an authority.
#[derive(Default)]
pub(super) struct Arrivals(Mutex<State>);

#[derive(Default)]
struct State {
    flights: HashMap<CertificateFingerprint, Flight>,
    /// The number of the last flight.
    last: u64,
    allowances: HashMap<CertificateAuthorityId, Bucket>,
    /// Who was refused a moment ago, and until when that is not asked again.
    refused: HashMap<CertificateFingerprint, (UnixMillis, Denial)>,
}

/// One certificate that is being looked into, and all who wait for what comes of it.
struct Flight {
    number: u64,
    waiting: Vec<(AuthRequest, Reply)>,
}

/// So many at once, and so many more as time goes by.
struct Bucket {
    left: u64,
    filled_at: UnixMillis,
}

/// What becomes of one who comes.
pub(super) enum Begun {
    /// It is to be looked into, under this number.
    Leads(u64),
    /// Somebody else with the same certificate is being looked into: what comes of that is for both.
    Joins,
    /// It was refused a moment ago.
    Refused(Denial, Reply),
    /// Too many come.
    Busy(Reply),
}

/// Certificates that are looked into at once.
const FLIGHTS_MAX: usize = 64;
/// Connections with one certificate that wait at once.
const JOINED_MAX: usize = 8;
/// Certificates of one authority a second, and at once: as many as registrations with one claim token.
const PER_SECOND: u64 = 20;
const AT_ONCE: u64 = 100;
/// How long who was refused is not looked into again, in milliseconds.
const REFUSED_MILLIS: u64 = 5_000;
/// Refusals that are remembered, and authorities that are counted.
const REMEMBERED_MAX: usize = 4_096;

impl Arrivals {
    /// Somebody comes with this certificate, of this authority.
    pub(super) fn begin(
        &self,
        fingerprint: CertificateFingerprint,
        authority: CertificateAuthorityId,
        now: UnixMillis,
        request: AuthRequest,
        reply: Reply,
    ) -> Begun {
        let mut state = self.state();
        if let Some((_, denial)) = state.refused.get(&fingerprint).filter(|(until, _)| now < *until) {
            return Begun::Refused(*denial, reply);
        }
        if let Some(flight) = state.flights.get_mut(&fingerprint) {
            if flight.waiting.len() >= JOINED_MAX {
                return Begun::Busy(reply);
            }
            flight.waiting.push((request, reply));
            return Begun::Joins;
        }
        if state.flights.len() >= FLIGHTS_MAX || !state.takes(authority, now) {
            return Begun::Busy(reply);
        }
        state.last += 1;
        let number = state.last;
        state.flights.insert(fingerprint, Flight { number, waiting: vec![(request, reply)] });
        Begun::Leads(number)
    }

    /// All who wait for a flight, which is over; nobody if it was over before.
    pub(super) fn end(&self, fingerprint: CertificateFingerprint, number: u64) -> Vec<(AuthRequest, Reply)> {
        let mut state = self.state();
        let is_it = state.flights.get(&fingerprint).is_some_and(|flight| flight.number == number);
        let flight = if is_it { state.flights.remove(&fingerprint) } else { None };
        flight.map(|flight| flight.waiting).unwrap_or_default()
    }

    /// Remembers that somebody was refused.
    pub(super) fn refuse(&self, fingerprint: CertificateFingerprint, denial: Denial, now: UnixMillis) {
        let mut state = self.state();
        if state.refused.len() >= REMEMBERED_MAX {
            state.refused.retain(|_, (until, _)| now < *until);
        }
        if state.refused.len() < REMEMBERED_MAX {
            let until = UnixMillis::new(now.millis().saturating_add(REFUSED_MILLIS));
            state.refused.insert(fingerprint, (until, denial));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked with it left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn takes(&mut self, authority: CertificateAuthorityId, now: UnixMillis) -> bool {
        if self.allowances.len() >= REMEMBERED_MAX {
            self.allowances.clear();
        }
        let full = || Bucket { left: AT_ONCE, filled_at: now };
        self.allowances.entry(authority).or_insert_with(full).takes(now)
    }
}

impl Bucket {
    fn takes(&mut self, now: UnixMillis) -> bool {
        let passed = now.millis().saturating_sub(self.filled_at.millis());
        let more = passed.saturating_mul(PER_SECOND) / 1000;
        // A clock that went back fills nothing, and goes on from where it is.
        if more > 0 || now < self.filled_at {
            self.left = self.left.saturating_add(more).min(AT_ONCE);
            self.filled_at = now;
        }
        let has_one = self.left > 0;
        self.left = self.left.saturating_sub(1);
        has_one
    }
}
