use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::arrivals::Begun;
use crate::authenticator::Reply;
use crate::events::{EventKind, NewEvent};
use crate::registry::{Actor, Arrive, Arrived};
use crate::resident::Newcomer;
use crate::{
    AuthRequest, Authenticator, CertificateFingerprint, ClientCertificate, Denial, Unavailable, Verdict,
};

/// How long a device waits that is in until whoever judges it knows that.
const APPLIED_MILLIS: u64 = 5_000;

/// A certificate that is looked into. Whatever becomes of it, all who wait are answered.
struct Landing {
    inner: Arc<Inner>,
    fingerprint: CertificateFingerprint,
    number: u64,
}

impl Inner {
    /// Looks into a certificate that nobody has seen.
    pub(super) fn receive(
        self: Arc<Self>,
        newcomer: &Newcomer,
        certificate: Arc<ClientCertificate>,
        request: AuthRequest,
        reply: Reply,
    ) {
        if self.resident.is_stale() {
            return reply.answer(Verdict::Unavailable(Unavailable::Stale));
        }
        let (fingerprint, peer, now) = (certificate.fingerprint(), request.peer, self.registry.now());
        let number = match self.arrivals.begin(fingerprint, newcomer.authority.id, now, request, reply) {
            Begun::Leads(number) => number,
            Begun::Joins => return,
            Begun::Refused(denial, reply) => return reply.answer(Verdict::Deny(denial)),
            Begun::Busy(reply) => return reply.answer(Verdict::Unavailable(Unavailable::Busy)),
        };
        let landing = Landing { inner: self.clone(), fingerprint, number };
        let device = newcomer.device.clone();
        let inner = self.clone();
        self.spawn.spawn(Box::pin(async move {
            let arrived =
                inner.registry.execute(Actor::stranger(peer), Arrive { certificate, is_trial: false }).await;
            let tell = |kind, reason| {
                let event = NewEvent::new(kind, device.as_str(), peer, reason).about(Some(device.clone()));
                inner.tell(event);
            };
            match arrived.map(|done| done.outcome) {
                Ok(Arrived::In { is_new, as_of, .. }) => {
                    if is_new {
                        tell(EventKind::DeviceRegistered, "certificate");
                    }
                    landing.once_applied(as_of);
                }
                Ok(Arrived::Waiting(registration)) => {
                    if registration.version == 1 {
                        tell(EventKind::RegistrationQuarantined, "certificate");
                    }
                    landing.deny(Denial::RegistrationPending);
                }
                Err(refusal) => match Arrive::denial_of(&refusal) {
                    Some(denial) => landing.deny(denial),
                    None => landing.answer(|_| Verdict::Unavailable(Unavailable::NotRecorded)),
                },
            }
        }));
    }

    /// The certificate of a newcomer, and who it is.
    pub(super) fn newcomer(&self, request: &AuthRequest) -> Option<(Newcomer, Arc<ClientCertificate>)> {
        let newcomer = self.resident.newcomer(request)?.ok()?;
        Some((newcomer, request.certificate.clone()?))
    }
}

impl Landing {
    /// The device is in: judges it as soon as it is known here.
    fn once_applied(self, as_of: u64) {
        let Self { inner, fingerprint, number } = &self;
        let (resident, late) = (inner.resident.clone(), inner.clone());
        let (fingerprint, number) = (*fingerprint, *number);
        inner.spawn.after(
            Duration::from_millis(APPLIED_MILLIS),
            Box::new(move || late.answer_all(fingerprint, number, |_| too_late())),
        );
        let judge = resident.clone();
        resident.when_applied(as_of, move || self.answer(|request| judge.verify(request)));
    }

    fn deny(self, denial: Denial) {
        self.inner.arrivals.refuse(self.fingerprint, denial, self.inner.registry.now());
        self.answer(|_| Verdict::Deny(denial));
    }

    fn answer(&self, verdict_of: impl Fn(&AuthRequest) -> Verdict) {
        self.inner.answer_all(self.fingerprint, self.number, verdict_of);
    }
}

impl Inner {
    fn answer_all(
        &self,
        fingerprint: CertificateFingerprint,
        number: u64,
        verdict_of: impl Fn(&AuthRequest) -> Verdict,
    ) {
        for (request, reply) in self.arrivals.end(fingerprint, number) {
            reply.answer(verdict_of(&request));
        }
    }

    fn tell(&self, event: NewEvent) {
        if let Some(events) = self.events.get() {
            events.record(self.registry.now(), event);
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.answer(|_| too_late());
    }
}

const fn too_late() -> Verdict {
    Verdict::Unavailable(Unavailable::TimedOut)
}
