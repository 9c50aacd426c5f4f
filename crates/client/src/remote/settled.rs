//! What a service has said about a client.

use std::sync::Arc;
use std::time::Duration;

use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::{Denial, UnixMillis};

use super::answer::Carried;
use super::cache::Bounds;

/// What a service has said about a client: the same for each connection that asks the same.
#[derive(Clone, Debug)]
pub(super) enum Settled {
    /// It may connect.
    Allow(Arc<Grounds>),
    /// It may not.
    Deny(Denial),
    /// The service does not know it.
    NotMine,
}

/// On what grounds a client is let in.
#[derive(Debug)]
pub(super) struct Grounds {
    /// What the answer carries: rights, their end, attributes.
    pub(super) carried: Carried,
    /// The device that it is, of a service with a registry like ours.
    pub(super) device: Option<DeviceId>,
    /// The credential that it proved there.
    pub(super) credential: Option<CredentialId>,
    /// The change of the service's registry that this is at least as new as; 0 where there is none.
    pub(super) as_of: u64,
}

impl Settled {
    /// By an answer that says nothing of devices.
    pub(super) fn allowed(carried: Carried) -> Self {
        Self::Allow(Arc::new(Grounds { carried, device: None, credential: None, as_of: 0 }))
    }

    pub(super) fn allows(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// For how long the service lets it be remembered.
    pub(super) fn bounds(&self, now: UnixMillis) -> Bounds {
        let Self::Allow(grounds) = self else { return Bounds::default() };
        let left = |end: UnixMillis| Duration::from_millis(end.millis().saturating_sub(now.millis()));
        Bounds { max_age: grounds.carried.max_age, ends_in: grounds.carried.expires_at.map(left) }
    }

    /// What it takes beyond its own size, about.
    pub(super) fn bytes(&self) -> usize {
        let Self::Allow(grounds) = self else { return 0 };
        let attributes: usize =
            grounds.carried.attributes.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
        size_of::<Grounds>()
            + attributes
            + grounds.carried.acl.as_ref().map_or(0, |acl| acl.rule_count() * RULE_BYTES)
    }
}

/// A rule with its topic, about.
const RULE_BYTES: usize = 192;
