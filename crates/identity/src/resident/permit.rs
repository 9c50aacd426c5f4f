use std::net::IpAddr;
use std::sync::Arc;

use super::reconsider::Presented;
use super::{Resident, ResidentCredential, ResidentDevice, ResidentProduct};
use crate::acl::{Names, Rules};
use crate::model::{ProductState, Unusable, may_connect};
use crate::{Allowance, Denial, Principal, UnixMillis};

/// What a device that is let in may do, for those who tell others.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// Its rules: those of the verdict.
    pub rules: Arc<Rules>,
    /// Its product.
    pub product: Arc<ResidentProduct>,
}

/// A device that is connected elsewhere, as its broker names it.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The user name that it proved to its broker.
    pub username: &'a str,
    /// The Client Identifier.
    pub client_id: &'a str,
    /// The client's address, if the broker tells it.
    pub peer: Option<IpAddr>,
}

impl Resident {
    /// What a device may do that its broker let in before, as it stands now. Proves nothing: the broker's word
    /// is taken for who it is.
    ///
    /// # Errors
    /// [`Denial`]: nothing at all. The device is unknown, or would be kept out now with each of its credentials.
    pub fn permit(&self, named: &Named<'_>) -> Result<Allowed, Denial> {
        let device = self.device(named.username).ok_or(Denial::UnknownUser)?;
        let now = self.clock.now();
        let Named { username, client_id, peer } = *named;
        let presented = Presented { client_id, username: Some(username), peer };
        // Nobody says by which it was let in: by one that still lets it in, or else what is wrong with the last of
        // those that hold, or of all.
        let holds = |known: &ResidentCredential| known.validity.holds(now).map_err(Denial::Credential);
        let revoked = Err(Denial::Credential(Unusable::Revoked));
        { device.credentials.iter() }.map(holds).reduce(Result::or).unwrap_or(revoked)?;
        let in_time = device.credentials.iter().filter(|known| holds(known).is_ok());
        let products = in_time.map(|known| self.object(&presented, &device, known, now));
        let product = products.reduce(Result::or).unwrap_or(Err(Denial::ProductDisabled))?;
        Ok(allowed(&presented, &device, product))
    }

    /// What a device may do that proved this credential, now or when it connected.
    pub(super) fn admit(
        &self,
        presented: &Presented<'_>,
        device: &ResidentDevice,
        credential: &ResidentCredential,
    ) -> Result<Allowed, Denial> {
        let now = self.clock.now();
        credential.validity.holds(now).map_err(Denial::Credential)?;
        let product = self.object(presented, device, credential, now)?;
        Ok(allowed(presented, device, product))
    }

    /// What speaks against a device with this credential, whose time it is; its product, if nothing does.
    fn object(
        &self,
        presented: &Presented<'_>,
        device: &ResidentDevice,
        credential: &ResidentCredential,
        now: UnixMillis,
    ) -> Result<Arc<ResidentProduct>, Denial> {
        let product = self.product(device.product);
        let state = product.as_ref().map_or(ProductState::Disabled, |product| product.state);
        may_connect(device.state, device.expires_at, state, now)?;
        let product = product.ok_or(Denial::ProductDisabled)?;
        if !product.kinds.contains(&credential.proof.kind()) {
            return Err(Denial::CredentialKind);
        }
        let authority = credential.proof.certificate().and_then(|proof| proof.authority);
        if authority.is_some_and(|known| !self.authorities.load().vouches(known, product.id)) {
            return Err(Denial::Authority);
        }
        if !product.binding.admits(device.id.as_str(), presented.client_id) {
            return Err(Denial::ClientId);
        }
        if self.blocks_device(presented, device, credential, now) {
            return Err(Denial::Blocked);
        }
        Ok(product)
    }
}

fn allowed(presented: &Presented<'_>, device: &ResidentDevice, product: Arc<ResidentProduct>) -> Allowed {
    let rules = product.acl.rules_of(&Names {
        client_id: presented.client_id,
        username: Some(device.id.as_str()),
        device: Some(device.id.as_str()),
        product: Some(product.key.as_str()),
        address: presented.peer,
        attributes: &device.attributes,
    });
    Allowed { rules: Arc::new(rules), product }
}

impl Allowed {
    /// What the broker is told of a device that proved this credential.
    pub(super) fn allowance(&self, device: &ResidentDevice, credential: &ResidentCredential) -> Allowance {
        let ends = [credential.ends_at, device.expires_at];
        Allowance {
            principal: Principal::Device(device.id.clone(), credential.id),
            authorize: self.rules.clone(),
            expires_at: ends.into_iter().flatten().min(),
        }
    }
}
