use std::sync::Arc;

use super::reconsider::Presented;
use super::{Proven, Resident, ResidentAuthority, ResidentCredential, ResidentDevice};
use crate::blocks::Subject;
use crate::model::{CredentialKind, DeviceId, IdText, ProductState, Strategy, may_connect};
use crate::resident::permit::Allowed;
use crate::{AuthRequest, CertificateFingerprint, ClientCertificate, Denial, Unavailable, Verdict};

/// A device whose certificate nobody has seen, and whose authority vouches for it.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Who it is, by its certificate.
    pub device: DeviceId,
    /// Who says so.
    pub authority: Arc<ResidentAuthority>,
}

/// What came of judging a certificate: the device that it names, too, if that is known.
pub(super) type Judged = (Verdict, Option<DeviceId>, Option<Proven>, Option<Allowed>);

impl Resident {
    /// Judges a client by its certificate, where it sends no password; `None` if nobody here knows that.
    pub(super) fn judge_certificate(&self, request: &AuthRequest) -> Option<Judged> {
        let certificate = deciding(request)?;
        let Some(device) = self.holder_of(certificate.fingerprint()) else {
            return self.newcomer(request).map(|newcomer| match newcomer {
                Ok(Newcomer { device, .. }) => {
                    (Verdict::Unavailable(Unavailable::NotRecorded), Some(device), None, None)
                }
                Err(denial) => (Verdict::Deny(denial), None, None, None),
            });
        };
        let id = device.id.clone();
        let credential = credential_of(&device, certificate.fingerprint())?;
        let proven = Some(Proven { credential: credential.id, is_unconfirmed: credential.is_unconfirmed });
        let (verdict, allowed) = match self.admit_certificate(request, &device, credential) {
            Ok(_) if self.is_stale() => (Verdict::Unavailable(Unavailable::Stale), None),
            Ok(allowed) => {
                let mut allowance = allowed.allowance(&device, credential);
                // Of one that was entered by its fingerprint nothing else is known yet.
                let ends = [allowance.expires_at, certificate.validity().not_after];
                allowance.expires_at = ends.into_iter().flatten().min();
                (Verdict::Allow(allowance), Some(allowed))
            }
            Err(denial) => (Verdict::Deny(denial), None),
        };
        Some((verdict, Some(id), proven, allowed))
    }

    fn admit_certificate(
        &self,
        request: &AuthRequest,
        device: &ResidentDevice,
        credential: &ResidentCredential,
    ) -> Result<Allowed, Denial> {
        names(request, &device.id)?;
        self.admit(&Presented::from(request), device, credential)
    }

    /// Whether a certificate decides that is known here, or whose authority is: who it is about is not for others to
    /// say.
    pub(super) fn knows_certificate(&self, request: &AuthRequest) -> bool {
        deciding(request).is_some_and(|certificate| {
            self.holder_of(certificate.fingerprint()).is_some() || self.authority_of(certificate).is_some()
        })
    }

    /// Who a client is by its certificate that nobody has seen; `None` if no authority here vouches for it, or it
    /// is known.
    ///
    /// # Errors
    /// [`Denial`]: what is resident says already that it will not be let in.
    pub fn newcomer(&self, request: &AuthRequest) -> Option<Result<Newcomer, Denial>> {
        let certificate = deciding(request)?;
        if self.holder_of(certificate.fingerprint()).is_some() {
            return None;
        }
        let authority = self.authority_of(certificate)?;
        Some(self.admit_newcomer(request, certificate, authority))
    }

    fn admit_newcomer(
        &self,
        request: &AuthRequest,
        certificate: &ClientCertificate,
        authority: Arc<ResidentAuthority>,
    ) -> Result<Newcomer, Denial> {
        let now = self.clock.now();
        certificate.validity().holds(now).map_err(Denial::Credential)?;
        let product = self.product(authority.product).ok_or(Denial::ProductDisabled)?;
        if product.state != ProductState::Active {
            return Err(Denial::ProductDisabled);
        }
        let device = authority.template.device_of(certificate).map_err(|_| Denial::CertificateName)?;
        names(request, &device)?;
        if !product.kinds.contains(&CredentialKind::X509) {
            return Err(Denial::CredentialKind);
        }
        if let Some(known) = self.device(device.as_str()) {
            may_connect(known.state, known.expires_at, product.state, now)?;
            if known.product != product.id {
                return Err(Denial::NotRegistered);
            }
        }
        if product.strategy == Strategy::Off {
            return Err(Denial::NotRegistered);
        }
        if !product.binding.admits(device.as_str(), &request.client_id) {
            return Err(Denial::ClientId);
        }
        let mut product_text = IdText::default();
        let subject = Subject {
            device: Some(device.as_str()),
            product: Some(product.id.write(&mut product_text)),
            ..Presented::from(request).subject()
        };
        if self.finds(&subject, Some(device.as_str()), now) {
            return Err(Denial::Blocked);
        }
        Ok(Newcomer { device, authority })
    }

    /// The authority that vouches for a certificate now.
    fn authority_of(&self, certificate: &ClientCertificate) -> Option<Arc<ResidentAuthority>> {
        self.authorities.load().of(certificate, self.clock.now()).cloned()
    }

    /// The one authority with this subject.
    pub fn authority_named(&self, subject: &str) -> Option<Arc<ResidentAuthority>> {
        self.authorities.load().named(subject).cloned()
    }

    /// The device that has a certificate with this fingerprint.
    pub fn holder_of(&self, fingerprint: CertificateFingerprint) -> Option<Arc<ResidentDevice>> {
        let device = self.device(self.fingerprints.get(fingerprint)?.as_str())?;
        credential_of(&device, fingerprint).is_some().then_some(device)
    }
}

/// The certificate, where no password is there to decide.
fn deciding(request: &AuthRequest) -> Option<&ClientCertificate> {
    request.certificate.as_deref().filter(|_| request.password.is_none())
}

/// A user name says nothing else than the certificate.
fn names(request: &AuthRequest, device: &DeviceId) -> Result<(), Denial> {
    let is_other = request.username.as_deref().is_some_and(|name| *name != *device.as_str());
    if is_other { Err(Denial::UserName) } else { Ok(()) }
}

fn credential_of(
    device: &ResidentDevice,
    fingerprint: CertificateFingerprint,
) -> Option<&ResidentCredential> {
    let is_it = |known: &&ResidentCredential| {
        known.proof.certificate().is_some_and(|proof| proof.fingerprint == fingerprint)
    };
    device.credentials.iter().find(is_it)
}
