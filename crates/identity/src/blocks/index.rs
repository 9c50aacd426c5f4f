use std::collections::HashMap;

use super::{BlockName, BlockTarget, PeerAddress, trie::PrefixTrie};

/// Where the block of each target is: tables of what is compared as a whole, a trie of networks.
#[derive(Clone)]
pub(super) struct Index {
    pub(super) credentials: Names,
    pub(super) devices: Names,
    pub(super) client_ids: Names,
    pub(super) usernames: Names,
    pub(super) products: Names,
    pub(super) addresses: HashMap<PeerAddress, u32>,
    pub(super) networks: PrefixTrie,
}

pub(super) type Names = HashMap<BlockName, u32>;

impl Index {
    pub(super) fn new() -> Self {
        Self {
            credentials: Names::new(),
            devices: Names::new(),
            client_ids: Names::new(),
            usernames: Names::new(),
            products: Names::new(),
            addresses: HashMap::new(),
            networks: PrefixTrie::new(),
        }
    }

    pub(super) fn get(&self, target: &BlockTarget) -> Option<u32> {
        match target {
            BlockTarget::Credential(id) => self.credentials.get(id).copied(),
            BlockTarget::Device(id) => self.devices.get(id).copied(),
            BlockTarget::ClientId(name) => self.client_ids.get(name).copied(),
            BlockTarget::UserName(name) => self.usernames.get(name).copied(),
            BlockTarget::Ip(address) => self.addresses.get(address).copied(),
            BlockTarget::Cidr(cidr) => self.networks.get(cidr.prefix()),
            BlockTarget::Product(id) => self.products.get(id).copied(),
        }
    }

    /// Stores `slot` for the target, in place of the one that was there.
    pub(super) fn insert(&mut self, target: &BlockTarget, slot: u32) {
        match target {
            BlockTarget::Credential(id) => self.credentials.insert(id.clone(), slot),
            BlockTarget::Device(id) => self.devices.insert(id.clone(), slot),
            BlockTarget::ClientId(name) => self.client_ids.insert(name.clone(), slot),
            BlockTarget::UserName(name) => self.usernames.insert(name.clone(), slot),
            BlockTarget::Ip(address) => self.addresses.insert(*address, slot),
            BlockTarget::Cidr(cidr) => self.networks.insert(cidr.prefix(), slot),
            BlockTarget::Product(id) => self.products.insert(id.clone(), slot),
        };
    }

    pub(super) fn remove(&mut self, target: &BlockTarget) -> Option<u32> {
        match target {
            BlockTarget::Credential(id) => self.credentials.remove(id),
            BlockTarget::Device(id) => self.devices.remove(id),
            BlockTarget::ClientId(name) => self.client_ids.remove(name),
            BlockTarget::UserName(name) => self.usernames.remove(name),
            BlockTarget::Ip(address) => self.addresses.remove(address),
            BlockTarget::Cidr(cidr) => self.networks.remove(cidr.prefix()),
            BlockTarget::Product(id) => self.products.remove(id),
        }
    }
}
