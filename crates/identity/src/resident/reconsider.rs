use std::net::IpAddr;

use super::{Allowed, Judgement, Proven, Resident, ResidentCredential, ResidentDevice};
use crate::blocks::Subject;
use crate::model::{CredentialId, DeviceId, IdText, Unusable};
use crate::{
    Allowance, AuthRequest, Denial, Principal, Reconsidered, Standing, Unavailable, UnixMillis, Verdict,
};

/// What a client says of itself beside its proof, and where it comes from: the same when it connects and
/// when it is reconsidered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presented<'a> {
    pub(super) client_id: &'a str,
    pub(super) username: Option<&'a str>,
    pub(super) peer: Option<IpAddr>,
}

impl Resident {
    /// A device is held against everything that speaks against it when it connects, and its credential has
    /// to be resident still. Others are no devices, and only blocks can end their connections.
    pub(super) fn reconsider_standing(&self, standing: &Standing<'_>) -> Reconsidered {
        match standing.principal {
            Principal::Device(id, credential) => match self.reconsider_device(standing, id, *credential) {
                Ok((allowance, _)) => Reconsidered::Changed(allowance),
                Err(denial) => Reconsidered::Ended(denial),
            },
            Principal::User(_) | Principal::Vouched(_) | Principal::Anonymous
                if self.blocks_standing(standing) =>
            {
                Reconsidered::Ended(Denial::Blocked)
            }
            Principal::User(_) | Principal::Vouched(_) | Principal::Anonymous => Reconsidered::Unchanged,
        }
    }

    /// Judges a device that another broker let in, by the credential that it proved then: no password, no hash.
    /// Whoever is no device is not ours.
    pub fn judge_again(&self, standing: &Standing<'_>) -> Judgement {
        let as_of = self.applied();
        let Principal::Device(id, credential) = standing.principal else {
            return Judgement { verdict: Verdict::NotMine, device: None, proven: None, allowed: None, as_of };
        };
        let (verdict, allowed) = match self.reconsider_device(standing, id, *credential) {
            Ok(_) if self.is_stale() => (Verdict::Unavailable(Unavailable::Stale), None),
            Ok((allowance, allowed)) => (Verdict::Allow(allowance), Some(allowed)),
            Err(denial) => (Verdict::Deny(denial), None),
        };
        let proven = Proven { credential: *credential, is_unconfirmed: false };
        Judgement { verdict, device: Some(id.clone()), proven: Some(proven), allowed, as_of }
    }

    fn reconsider_device(
        &self,
        standing: &Standing<'_>,
        id: &DeviceId,
        credential: CredentialId,
    ) -> Result<(Allowance, Allowed), Denial> {
        // Retired devices leave, and so does one that was never durable.
        let device = self.device(id.as_str()).ok_or(Denial::Retired)?;
        let is_it = |known: &&ResidentCredential| known.id == credential;
        let credential = device.credentials.iter().find(is_it);
        // One that is revoked is not resident any more.
        let credential = credential.ok_or(Denial::Credential(Unusable::Revoked))?;
        let allowed = self.admit(&Presented::from(standing), &device, credential)?;
        Ok((allowed.allowance(&device, credential), allowed))
    }

    /// Whether a block keeps out whoever says this, before anything is proven.
    pub fn blocks_request(&self, request: &AuthRequest) -> bool {
        self.finds(&Presented::from(request).subject(), None, self.clock.now())
    }

    /// Whether a block keeps out somebody who was let in, by what it says and who it proved to be.
    pub(crate) fn blocks_standing(&self, standing: &Standing<'_>) -> bool {
        let proven = standing.principal.user_name();
        self.finds(&Presented::from(standing).subject(), proven, self.clock.now())
    }

    /// Whether a block keeps out a device that proved a credential.
    pub(super) fn blocks_device(
        &self,
        presented: &Presented<'_>,
        device: &ResidentDevice,
        credential: &ResidentCredential,
        now: UnixMillis,
    ) -> bool {
        if self.blocks.load().is_empty() {
            return false;
        }
        let (mut credential_text, mut product_text) = (IdText::default(), IdText::default());
        let subject = Subject {
            credential: Some(credential.id.write(&mut credential_text)),
            device: Some(device.id.as_str()),
            product: Some(device.product.write(&mut product_text)),
            ..presented.subject()
        };
        self.finds(&subject, Some(device.id.as_str()), now)
    }

    /// A name that is proven counts as much as one that is only said, where they differ.
    pub(super) fn finds(&self, subject: &Subject<'_>, proven: Option<&str>, now: UnixMillis) -> bool {
        let blocks = self.blocks.load();
        if blocks.is_empty() {
            return false;
        }
        let proven = Subject { username: proven, ..Subject::default() };
        blocks.find(subject, now).is_some()
            || (proven.username != subject.username && blocks.find(&proven, now).is_some())
    }
}

impl<'a> Presented<'a> {
    pub(super) fn subject(&self) -> Subject<'a> {
        let Self { client_id, username, peer } = *self;
        Subject { client_id: Some(client_id), username, peer, ..Subject::default() }
    }
}

impl<'a> From<&'a AuthRequest> for Presented<'a> {
    fn from(request: &'a AuthRequest) -> Self {
        Self { client_id: &request.client_id, username: request.username.as_deref(), peer: request.peer }
    }
}

impl<'a> From<&Standing<'a>> for Presented<'a> {
    fn from(standing: &Standing<'a>) -> Self {
        Self { client_id: standing.client_id, username: standing.username, peer: standing.peer }
    }
}
