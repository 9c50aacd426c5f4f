use std::sync::Arc;

use super::reconsider::Presented;
use super::{Proven, Resident, ResidentCredential, ResidentDevice};
use crate::model::{Proof, Unusable};
use crate::scram::{ScramLookup, ScramVerifier};
use crate::{AuthRequest, Denial, Unavailable, UnixMillis, Verdict};

impl Resident {
    /// The SCRAM verifier of a device: that of the newest credential of this kind.
    pub(crate) fn scram_of(&self, username: &str) -> ScramLookup {
        let Some(device) = self.device(username) else { return ScramLookup::Unknown };
        let verifier = newest(&device, self.clock.now()).map(|(_, verifier)| verifier.clone());
        verifier.map_or(ScramLookup::WithoutVerifier, ScramLookup::Found)
    }

    /// What a device gets that proved this verifier, and the credential that it is of.
    pub(crate) fn admit_scram(
        &self,
        request: &AuthRequest,
        verifier: &ScramVerifier,
    ) -> (Verdict, Option<Proven>) {
        let device = request.username.as_deref().and_then(|name| self.device(name));
        let Some(device) = device else { return (Verdict::Deny(Denial::UnknownUser), None) };
        // What was proven may have been replaced a moment ago.
        let found =
            newest(&device, self.clock.now()).filter(|(_, known)| known.to_text() == verifier.to_text());
        let Some((credential, _)) = found else {
            return (Verdict::Deny(Denial::Credential(Unusable::Revoked)), None);
        };
        let proven = Proven { credential: credential.id, is_unconfirmed: credential.is_unconfirmed };
        let verdict = match self.admit(&Presented::from(request), &device, credential) {
            Ok(_) if self.is_stale() => Verdict::Unavailable(Unavailable::Stale),
            Ok(allowed) => Verdict::Allow(allowed.allowance(&device, credential)),
            Err(denial) => Verdict::Deny(denial),
        };
        (verdict, Some(proven))
    }
}

/// The newest that is good now, or else the newest.
fn newest(device: &ResidentDevice, now: UnixMillis) -> Option<(&ResidentCredential, &Arc<ScramVerifier>)> {
    let of_scram = device.credentials.iter().filter_map(|known| match &known.proof {
        Proof::Scram(verifier) => Some((known, verifier)),
        Proof::Secret(..) | Proof::Password(_) | Proof::Certificate(_) => None,
    });
    of_scram.max_by_key(|(known, _)| (known.validity.holds(now).is_ok(), known.id))
}
