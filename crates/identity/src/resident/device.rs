use crate::UnixMillis;
use std::collections::BTreeSet;

use crate::acl::{Acl, Variable};
use crate::model::{
    Attributes, Credential, CredentialId, CredentialState, Device, DeviceId, DeviceState, ProductId, Proof,
    Validity,
};

/// What is resident of a device: what judging it takes, and no more.
#[derive(Clone, Debug)]
pub struct ResidentDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its product.
    pub product: ProductId,
    /// Where it stands.
    pub state: DeviceState,
    /// It may not connect from this time on.
    pub expires_at: Option<UnixMillis>,
    /// Those attributes that stand in its product's rules.
    pub attributes: Attributes,
    /// Its live credentials; those that are revoked are not here.
    pub credentials: Box<[ResidentCredential]>,
}

/// What is resident of a credential.
#[derive(Clone, Debug)]
pub struct ResidentCredential {
    /// Its id.
    pub id: CredentialId,
    /// What it is compared with.
    pub proof: Proof,
    /// When it is good.
    pub validity: Validity,
    /// When connections that it opened end: later than its validity, where that waits for the first use.
    pub ends_at: Option<UnixMillis>,
    /// Its first use has to be durable before the client is let in: it ends what it replaces.
    pub is_unconfirmed: bool,
}

/// The attributes that stand in a product's rules: no other is resident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedAttributes(BTreeSet<Box<str>>);

impl UsedAttributes {
    /// Those of these rules.
    pub fn of(acl: &Acl) -> Self {
        let variables = acl.rules().iter().flat_map(|rule| rule.pattern.variables());
        let names = variables.filter_map(|variable| match variable {
            Variable::Attribute(name) => Some(name.clone()),
            Variable::ClientId | Variable::UserName | Variable::Device | Variable::Product => None,
        });
        Self(names.collect())
    }

    /// Whether all of `others` are among them.
    pub fn contains(&self, others: &Self) -> bool {
        others.0.is_subset(&self.0)
    }

    /// These and `others`.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).cloned().collect())
    }
}

impl ResidentDevice {
    /// What is resident of a device with these credentials, whose product uses these attributes.
    pub fn of(device: &Device, credentials: &[Credential], used: &UsedAttributes) -> Self {
        let is_used = |(name, _): &&(Box<str>, Box<str>)| used.0.contains(name);
        let live = credentials.iter().filter(|known| known.state != CredentialState::Revoked);
        Self {
            id: device.id.clone(),
            product: device.product,
            state: device.state,
            expires_at: device.expires_at,
            attributes: device.attributes.iter().filter(is_used).cloned().collect(),
            credentials: live.map(ResidentCredential::of).collect(),
        }
    }

    /// Whether judging it comes to the same as judging `other`, save that one first use is confirmed.
    pub fn is_judged_like(&self, other: &Self) -> bool {
        let key = |known: &ResidentCredential| (known.id, known.validity);
        self.product == other.product
            && self.state.may_connect() == other.state.may_connect()
            && self.expires_at == other.expires_at
            && self.attributes == other.attributes
            && self.credentials.iter().map(key).eq(other.credentials.iter().map(key))
    }
}

impl ResidentCredential {
    fn of(credential: &Credential) -> Self {
        Self {
            id: credential.id,
            proof: credential.proof.clone(),
            validity: credential.window(),
            ends_at: credential.validity.not_after,
            is_unconfirmed: credential.first_used_at.is_none(),
        }
    }
}
