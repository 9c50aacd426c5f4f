use super::word::words;
use super::{CredentialKind, Name, ProductId, Slug};
use crate::UnixMillis;
use crate::acl::{Acl, AclRule, Action, Effect};

words! {
    /// How a product takes in devices that ask for registration.
    Strategy {
        /// Not at all.
        Off = "off",
        /// Those whose hardware id was entered before.
        AllowList = "allow_list",
        /// Those that somebody approves.
        Quarantine = "quarantine",
        /// All that hold a claim token.
        Auto = "auto",
    }
}

words! {
    /// Which Client Identifiers a device may use.
    Binding {
        /// Its own id and no other.
        Exact = "exact",
        /// Its own id, and those that continue it with `/`, `~` or `@`, which no device id contains.
        Prefix = "prefix",
        /// Any: a device may take over the session of another.
        Any = "any",
    }
}

words! {
    /// Whether devices of a product may connect.
    ProductState {
        /// They may.
        Active = "active",
        /// They may not.
        Disabled = "disabled",
        /// They may not any more: the product goes as soon as all of them are retired.
        Deleting = "deleting",
    }
}

/// A kind of device: what its devices have in common.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// What people and devices call it by; unique.
    pub key: Slug,
    /// What people read.
    pub name: Name,
    /// How devices get in.
    pub strategy: Strategy,
    /// Which Client Identifiers they may use.
    pub binding: Binding,
    /// How they may prove who they are.
    pub kinds: Vec<CredentialKind>,
    /// What they may do.
    pub acl: Acl,
    /// Most devices; `None` for any number.
    pub devices_max: Option<u32>,
    /// Whether they may connect.
    pub state: ProductState,
    /// Grows with every change.
    pub version: u64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

impl Product {
    /// A product as it is when nothing but key and name are chosen: nobody registers, a device uses its own
    /// id, proves itself by a generated secret, and speaks below `dev/${device}/`.
    pub fn new(id: ProductId, key: Slug, name: Name, now: UnixMillis) -> Self {
        Self {
            id,
            key,
            name,
            strategy: Strategy::Off,
            binding: Binding::Exact,
            kinds: vec![CredentialKind::Secret],
            acl: Self::default_acl(),
            devices_max: None,
            state: ProductState::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    fn default_acl() -> Acl {
        let pattern = "dev/${device}/#".parse().ok();
        let rules = pattern.map(|pattern| AclRule { effect: Effect::Allow, action: Action::Both, pattern });
        rules.into_iter().collect()
    }
}

impl Binding {
    /// Whether a device may use this Client Identifier.
    pub fn admits(self, device: &str, client_id: &str) -> bool {
        match self {
            Self::Exact => client_id == device,
            Self::Prefix => client_id.strip_prefix(device).is_some_and(|rest| {
                // `d1` must not become `d1-2`, another device.
                rest.is_empty() || rest.starts_with(['/', '~', '@'])
            }),
            Self::Any => true,
        }
    }
}
