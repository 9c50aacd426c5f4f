//! What keeps the resident set as new as the database: it follows the change log.
//!
//! An entry of the log says *what* changed; the row says how it is now. So every verifier, in this process and
//! in others on the same database, follows in one way, at its start and ever after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::blocks::{Blocks, BlocksFull};
use crate::model::{DeviceId, DeviceState, ProductId};
use crate::resident::{Change, Resident, ResidentDevice, ResidentProduct, UsedAttributes};
use crate::store::{ChangeKind, DeviceFilter, Kick, LogEntry, LogId, PageRequest, Rows, Store, StoreFault};
use crate::{Farewell, Sessions, Whom};

#[cfg(test)]
mod tests;

/// Applies the change log to a resident set, and to the connections that it concerns.
pub struct Follower {
    store: Arc<dyn Store>,
    resident: Arc<Resident>,
    sessions: Arc<dyn Sessions>,
    log: LogId,
    used: BTreeMap<ProductId, UsedAttributes>,
}

/// A resident set that is loaded, and follows as soon as there are connections that it may concern.
pub struct Loaded {
    store: Arc<dyn Store>,
    resident: Arc<Resident>,
    log: LogId,
    used: BTreeMap<ProductId, UsedAttributes>,
}

/// What following came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The last entry that is applied.
    pub sequence: u64,
    /// The entries that ended connections, each with how many; in their order.
    pub closed: Vec<(u64, usize)>,
    /// Rows that are not what they should be: who they were about is not let in any more.
    pub corrupt: Vec<StoreFault>,
}

/// Why a resident set cannot follow. It keeps verifying by what it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowFault {
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The database is another one than before, or older than it was.
    #[error("the change log is another one, or shorter than it was: the database was exchanged")]
    Exchanged,
    /// An entry is missing.
    #[error("entry {0} of the change log is missing")]
    Gap(u64),
    /// There are more blocks than can be resident.
    #[error(transparent)]
    Blocks(#[from] BlocksFull),
}

/// Rows that are read at once.
const PORTION: u32 = 5_000;
/// Entries that are applied at once.
const ENTRIES: u32 = 512;
/// Up to so many devices of one portion have their connections asked about one after the other, so that each
/// entry knows what it closed.
const APART_MAX: usize = 16;

impl Loaded {
    /// Loads everything that is resident, before anybody is judged.
    ///
    /// # Errors
    /// [`FollowFault`]: nobody must be judged by what was loaded so far.
    pub async fn load(store: Arc<dyn Store>, resident: Arc<Resident>) -> Result<Self, FollowFault> {
        let mut rows = store.read().await?;
        // What changes while we read has a later number, and is read again.
        let (log, head) = rows.log_head().await?;
        let mut used = BTreeMap::new();
        let mut changes = Vec::new();
        for product in all_products(&mut *rows).await? {
            used.insert(product.id, UsedAttributes::of(&product.acl));
            changes.push(Change::Product(product));
        }
        changes.push(Change::Blocks(Arc::new(all_blocks(&mut *rows).await?)));
        let mut after: Option<DeviceId> = None;
        let mut loading = resident.loading();
        loop {
            let devices = rows.devices_with_credentials(after.as_ref(), PORTION).await?;
            let Some((last, _)) = devices.last() else { break };
            after = Some(last.id.clone());
            let nothing = UsedAttributes::default();
            loading.extend(devices.iter().map(|(device, credentials)| {
                ResidentDevice::of(device, credentials, used.get(&device.product).unwrap_or(&nothing))
            }));
        }
        drop(rows);
        loading.finish();
        resident.apply(head, changes);
        Ok(Self { store, resident, log, used })
    }

    /// Follows from here, for these connections.
    pub fn follow(self, sessions: Arc<dyn Sessions>) -> Follower {
        let Self { store, resident, log, used } = self;
        Follower { store, resident, sessions, log, used }
    }
}

impl Follower {
    /// Which log is followed.
    pub const fn log(&self) -> LogId {
        self.log
    }

    /// Applies every entry that is there. When it is done, nobody is connected, or will be by a verdict from
    /// before, who should not be.
    ///
    /// # Errors
    /// [`FollowFault`]: what was applied before stays applied; ask again later.
    pub async fn catch_up(&mut self) -> Result<Followed, FollowFault> {
        let (mut closed, mut corrupt) = (Vec::new(), Vec::new());
        loop {
            let applied = self.resident.applied();
            let mut rows = self.store.read().await?;
            let (log, head) = rows.log_head().await?;
            if log != self.log || head < applied {
                return Err(FollowFault::Exchanged);
            }
            let entries = rows.log_after(applied, ENTRIES).await?;
            let Some(last) = entries.last().map(|last| last.sequence) else {
                return Ok(Followed { sequence: applied, closed, corrupt });
            };
            if let Some((expected, _)) =
                (applied + 1..).zip(&entries).find(|(expected, entry)| entry.sequence != *expected)
            {
                return Err(FollowFault::Gap(expected));
            }
            let touched = Touched::of(&entries);
            let mut reading = Reading {
                rows: &mut *rows,
                resident: &self.resident,
                used: &mut self.used,
                corrupt: &mut corrupt,
            };
            let (changes, concerned) = reading.changes_of(&touched).await?;
            drop(rows);
            self.resident.apply(last, changes);
            self.tell(&entries, &concerned, &mut closed).await;
        }
    }

    /// Has the connections asked about that may not stay as they are.
    async fn tell(&self, entries: &[LogEntry], concerned: &Concerned, closed: &mut Vec<(u64, usize)>) {
        let Some(last) = entries.last().map(|last| last.sequence) else { return };
        if concerned.is_everybody {
            let count = self.sessions.reconsider(Whom::Everybody).await;
            let whose = entries.iter().rev().find(|entry| entry.change.kind != ChangeKind::Device);
            closed.push((whose.map_or(last, |entry| entry.sequence), count));
        } else if concerned.devices.len() > APART_MAX {
            let devices = concerned.devices.iter().cloned().collect();
            closed.push((last, self.sessions.reconsider(Whom::Devices(devices)).await));
        } else {
            for device in &concerned.devices {
                let is_its = |entry: &&LogEntry| entry.change.device.as_ref() == Some(device);
                let sequence = entries.iter().rev().find(is_its).map_or(last, |entry| entry.sequence);
                let whom = Whom::Devices([device.clone()].into());
                closed.push((sequence, self.sessions.reconsider(whom).await));
            }
        }
        for entry in entries.iter().filter(|entry| entry.change.kick != Kick::None) {
            if let Some(device) = &entry.change.device {
                let whom = Whom::Devices([device.clone()].into());
                closed.push((entry.sequence, self.sessions.disconnect(whom, None, Farewell::Asked).await));
            }
        }
        closed.retain(|(_, count)| *count > 0);
        closed.sort_unstable();
    }
}

/// What some entries of the log are about.
#[derive(Default)]
struct Touched {
    devices: BTreeSet<DeviceId>,
    products: BTreeSet<ProductId>,
    has_blocks: bool,
}

/// Whose connections have to be asked about.
#[derive(Default)]
struct Concerned {
    devices: Vec<DeviceId>,
    is_everybody: bool,
}

impl Touched {
    fn of(entries: &[LogEntry]) -> Self {
        let mut touched = Self::default();
        for change in entries.iter().map(|entry| &entry.change) {
            touched.devices.extend(change.device.clone());
            touched.products.extend(change.product);
            touched.has_blocks |= change.kind == ChangeKind::Blocks;
        }
        touched
    }
}

/// Reads the rows that were touched, as they are now.
struct Reading<'a> {
    rows: &'a mut dyn Rows,
    resident: &'a Resident,
    used: &'a mut BTreeMap<ProductId, UsedAttributes>,
    corrupt: &'a mut Vec<StoreFault>,
}

impl Reading<'_> {
    async fn changes_of(&mut self, touched: &Touched) -> Result<(Vec<Change>, Concerned), FollowFault> {
        let mut changes = Vec::new();
        // A product that is new concerns nobody yet.
        let is_known = |id: &ProductId| self.resident.product(*id).is_some();
        let is_everybody = touched.has_blocks || touched.products.iter().any(is_known);
        let mut concerned = Concerned { devices: Vec::new(), is_everybody };
        for id in &touched.products {
            if let Err(fault) = change_product(self.rows, self.used, *id, &mut changes).await {
                self.give_up(fault)?;
                changes.push(Change::ProductGone(*id));
            }
        }
        if touched.has_blocks {
            changes.push(Change::Blocks(Arc::new(all_blocks(self.rows).await?)));
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
                concerned.devices.push(id.clone());
            }
            changes.push(after.map_or_else(|| Change::DeviceGone(id.clone()), Change::Device));
        }
        Ok((changes, concerned))
    }

    /// One row that nobody can read must not keep all others from being followed: what it is about is gone.
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

/// Reads one product, and its devices where its rules name attributes that they did not name before.
async fn change_product(
    rows: &mut dyn Rows,
    used: &mut BTreeMap<ProductId, UsedAttributes>,
    id: ProductId,
    changes: &mut Vec<Change>,
) -> Result<(), StoreFault> {
    let Some(product) = rows.product(id).await? else {
        used.remove(&id);
        changes.push(Change::ProductGone(id));
        return Ok(());
    };
    let now_used = UsedAttributes::of(&product.acl);
    let before = used.insert(id, now_used.clone()).unwrap_or_default();
    changes.push(Change::Product(ResidentProduct::from(&product)));
    if now_used == before {
        return Ok(());
    }
    let filter = DeviceFilter { product: Some(id), ..DeviceFilter::default() };
    let mut page = PageRequest::first(PORTION);
    loop {
        let devices = rows.devices(&filter, page).await?;
        for device in devices.items.iter().filter(|device| device.state != DeviceState::Retired) {
            let credentials = rows.credentials_of(&device.id).await?;
            changes.push(Change::Device(ResidentDevice::of(device, &credentials, &now_used)));
        }
        let Some(next) = devices.next else { return Ok(()) };
        page = PageRequest::after(next, PORTION);
    }
}

async fn all_products(rows: &mut dyn Rows) -> Result<Vec<ResidentProduct>, StoreFault> {
    let mut all = Vec::new();
    let mut page = PageRequest::first(PORTION);
    loop {
        let products = rows.products(page).await?;
        all.extend(products.items.iter().map(ResidentProduct::from));
        let Some(next) = products.next else { return Ok(all) };
        page = PageRequest::after(next, PORTION);
    }
}

async fn all_blocks(rows: &mut dyn Rows) -> Result<Blocks, FollowFault> {
    let mut all = Blocks::default();
    let mut page = PageRequest::first(PORTION);
    loop {
        let blocks = rows.blocks(page).await?;
        for entry in blocks.items {
            all.insert(entry.block)?;
        }
        let Some(next) = blocks.next else { return Ok(all) };
        page = PageRequest::after(next, PORTION);
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("resident", &self.resident).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("log", &self.log).finish_non_exhaustive()
    }
}
