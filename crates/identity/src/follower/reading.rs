use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::load::{all_authorities, all_blocks};
use super::{FollowFault, PORTION};
use crate::BlockTarget;
use crate::blocks::{Block, Blocks};
use crate::model::{DeviceId, DeviceState, ProductId};
use crate::resident::{Authorities, Change, Resident, ResidentDevice, ResidentProduct, UsedAttributes};
use crate::store::{ChangeKind, LogEntry, Rows, StoreFault};

/// What some entries of the log are about.
#[derive(Default)]
pub(super) struct Touched {
    devices: BTreeSet<DeviceId>,
    products: BTreeSet<ProductId>,
    blocks: BTreeSet<BlockTarget>,
    /// Some entry does not say which block.
    has_other_blocks: bool,
    has_authorities: bool,
}

/// Whose connections have to be asked about.
#[derive(Default)]
pub(super) struct Concerned {
    pub(super) devices: BTreeSet<DeviceId>,
    pub(super) is_everybody: bool,
}

/// Reads the rows that were touched, as they are now.
pub(super) struct Reading<'a> {
    pub(super) rows: &'a mut dyn Rows,
    pub(super) resident: &'a Resident,
    pub(super) used: &'a mut BTreeMap<ProductId, UsedAttributes>,
    pub(super) corrupt: &'a mut Vec<StoreFault>,
}

impl Touched {
    pub(super) fn of(entries: &[LogEntry]) -> Self {
        let mut touched = Self::default();
        for change in entries.iter().map(|entry| &entry.change) {
            touched.devices.extend(change.device.clone());
            touched.products.extend(change.product);
            touched.has_other_blocks |= change.kind == ChangeKind::Blocks && change.block.is_none();
            touched.has_authorities |= change.kind == ChangeKind::Authorities;
            touched.blocks.extend(change.block.clone());
        }
        touched
    }
}

impl Concerned {
    /// Takes in whom a block ends that was put there. Nobody is ended by one that is gone.
    fn blocked(&mut self, target: &BlockTarget) {
        match target {
            // What is no id is no device's.
            BlockTarget::Device(name) => self.devices.extend(name.as_str().parse::<DeviceId>()),
            BlockTarget::Credential(_)
            | BlockTarget::ClientId(_)
            | BlockTarget::UserName(_)
            | BlockTarget::Ip(_)
            | BlockTarget::Cidr(_)
            | BlockTarget::Product(_) => self.is_everybody = true,
        }
    }
}

impl Reading<'_> {
    pub(super) async fn changes_of(
        &mut self,
        touched: &Touched,
    ) -> Result<(Vec<Change>, Concerned), FollowFault> {
        let mut changes = Vec::new();
        // A product that is new concerns nobody yet.
        let is_known = |id: &ProductId| self.resident.product(*id).is_some();
        let is_everybody = touched.products.iter().any(is_known);
        let mut concerned = Concerned { devices: BTreeSet::new(), is_everybody };
        for id in &touched.products {
            let change = match self.changed_product(*id).await {
                Ok(change) => change,
                Err(fault) => {
                    self.give_up(fault)?;
                    Change::ProductGone(*id)
                }
            };
            changes.push(change);
        }
        if touched.has_other_blocks {
            concerned.is_everybody = true;
            changes.push(Change::Blocks(Arc::new(all_blocks(self.rows).await?)));
        } else if !touched.blocks.is_empty() {
            let blocks = self.changed_blocks(&touched.blocks, &mut concerned).await?;
            changes.push(Change::Blocks(Arc::new(blocks)));
        }
        if touched.has_authorities {
            concerned.is_everybody = true;
            // Where nobody can read who vouches, nobody does.
            let authorities = match all_authorities(self.rows).await {
                Ok(authorities) => authorities,
                Err(fault) => {
                    self.give_up(fault)?;
                    Authorities::default()
                }
            };
            changes.push(Change::Authorities(Arc::new(authorities)));
        }
        for id in &touched.devices {
            let before = self.resident.device(id.as_str());
            let after = match resident_of(self.rows, self.used, id).await {
                Ok(after) => after,
                Err(fault) => {
                    self.give_up(fault)?;
                    None
                }
            };
            let is_same = match (&before, &after) {
                (None, _) => true,
                (Some(before), Some(after)) => before.is_judged_like(after),
                (Some(_), None) => false,
            };
            if !is_same {
                concerned.devices.insert(id.clone());
            }
            changes.push(after.map_or_else(|| Change::DeviceGone(id.clone()), Change::Device));
        }
        Ok((changes, concerned))
    }

    /// Reads one product, and its devices where its rules name attributes that they did not name before: those
    /// are taken in at once, a portion after the other, as they do not harm by being new.
    async fn changed_product(&mut self, id: ProductId) -> Result<Change, StoreFault> {
        let Some(product) = self.rows.product(id).await? else {
            self.used.remove(&id);
            return Ok(Change::ProductGone(id));
        };
        let used = UsedAttributes::of(&product.acl);
        let before = self.used.get(&id).cloned().unwrap_or_default();
        if !before.contains(&used) {
            // The old rules hold until all devices are there, and need what they name.
            self.load_devices(id, &before.and(&used)).await?;
        }
        self.used.insert(id, used);
        Ok(Change::Product(ResidentProduct::from(&product)))
    }

    async fn load_devices(&mut self, product: ProductId, used: &UsedAttributes) -> Result<(), StoreFault> {
        let mut after: Option<DeviceId> = None;
        loop {
            let devices = self.rows.devices_with_credentials(Some(product), after.as_ref(), PORTION).await?;
            let Some((last, _)) = devices.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let devices = devices.iter();
            self.resident
                .load(devices.map(|(device, credentials)| ResidentDevice::of(device, credentials, used)));
        }
    }

    /// All blocks, where those of these targets are as they are now; the others are not read.
    async fn changed_blocks(
        &mut self,
        targets: &BTreeSet<BlockTarget>,
        concerned: &mut Concerned,
    ) -> Result<Blocks, FollowFault> {
        let mut blocks = Blocks::clone(&self.resident.blocks());
        let mut put = Vec::new();
        for target in targets {
            match self.rows.block_of(target.kind().name(), &target.to_string()).await {
                Ok(Some(entry)) => put.push(entry.block),
                Ok(None) => drop(blocks.remove(target)),
                // Until somebody mends the row nobody knows when it ends.
                Err(fault) => {
                    self.give_up(fault)?;
                    put.push(Block { target: target.clone(), reason: "".into(), until: None });
                }
            }
        }
        for block in put {
            concerned.blocked(&block.target);
            blocks.insert(block)?;
        }
        Ok(blocks)
    }

    /// One row that nobody can read must not keep all others from being followed: what it is about is not let
    /// in.
    fn give_up(&mut self, fault: StoreFault) -> Result<(), FollowFault> {
        match fault {
            StoreFault::Corrupt { .. } => {
                self.corrupt.push(fault);
                Ok(())
            }
            StoreFault::Unavailable(_) | StoreFault::Busy => Err(fault.into()),
        }
    }
}

/// Reads one device; `None` when it is gone.
async fn resident_of(
    rows: &mut dyn Rows,
    used: &BTreeMap<ProductId, UsedAttributes>,
    id: &DeviceId,
) -> Result<Option<ResidentDevice>, StoreFault> {
    let device = rows.device(id).await?.filter(|device| device.state != DeviceState::Retired);
    let Some(device) = device else { return Ok(None) };
    let credentials = rows.credentials_of(id).await?;
    let nothing = UsedAttributes::default();
    Ok(Some(ResidentDevice::of(&device, &credentials, used.get(&device.product).unwrap_or(&nothing))))
}
