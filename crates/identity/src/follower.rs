//! What keeps the resident set as new as the database: it follows the change log.
//!
//! An entry of the log says *what* changed; the row says how it is now. So every verifier, in this process and
//! in others on the same database, follows in one way, at its start and ever after.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::blocks::BlocksFull;
use crate::model::{DeviceId, ProductId};
use crate::resident::{Change, Resident, ResidentDevice, UsedAttributes};
use crate::store::{ChangeKind, Kick, LogEntry, LogId, Store, StoreFault};
use crate::{BlockTarget, Farewell, Sessions, Whom};

mod load;
mod reading;

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
    /// There were more entries when these were read.
    pub is_behind: bool,
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
    /// An entry is missing, or nobody can read it.
    #[error("entry {0} of the change log, or one soon after it, is missing or not what was written")]
    Gap(u64),
    /// There are more blocks than can be resident.
    #[error(transparent)]
    Blocks(#[from] BlocksFull),
}

use load::{all_authorities, all_blocks, all_products};
use reading::{Concerned, Reading, Touched};

/// Rows that are read at once.
const PORTION: u32 = if cfg!(test) { 2 } else { 5_000 };
/// Entries that are applied at once.
const ENTRIES: u32 = if cfg!(test) { 8 } else { 512 };
/// Up to so many devices of one portion have their connections asked about one after the other, so that each
/// entry knows what it closed.
const APART_MAX: usize = 16;

impl Loaded {
    /// Loads everything that is resident, before anybody is judged.
    ///
    /// # Errors
    /// [`FollowFault`]: nobody must be judged by what was loaded so far.
    pub async fn load(store: Arc<dyn Store>, resident: Arc<Resident>) -> Result<Self, FollowFault> {
        let began_at = resident.looks_at();
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
        changes.push(Change::Authorities(Arc::new(all_authorities(&mut *rows).await?)));
        let mut after: Option<DeviceId> = None;
        let mut loading = resident.loading();
        loop {
            let devices = rows.devices_with_credentials(None, after.as_ref(), PORTION).await?;
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
        resident.confirm(began_at);
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

    /// Whether nobody is let in, since it did not [catch up](Self::catch_up) for too long.
    pub fn is_stale(&self) -> bool {
        self.resident.is_stale()
    }

    /// Applies the entries that are there, at most so many at once that others hear of them soon: where more are
    /// there or come all the time, it has to be called again. When it is done, nobody is connected, or will be by a
    /// verdict from before, who should not be by what was applied.
    ///
    /// # Errors
    /// [`FollowFault`]: what was applied before stays applied; ask again later.
    pub async fn catch_up(&mut self) -> Result<Followed, FollowFault> {
        let (mut closed, mut corrupt) = (Vec::new(), Vec::new());
        let (applied, began_at) = (self.resident.applied(), self.resident.looks_at());
        let mut rows = self.store.read().await?;
        let (log, head) = rows.log_head().await?;
        if log != self.log || head < applied {
            return Err(FollowFault::Exchanged);
        }
        let entries = rows.log_after(applied, ENTRIES).await.map_err(|fault| match fault {
            // It stays so: whoever began anew would know more than who waits for it to change.
            StoreFault::Corrupt { .. } => FollowFault::Gap(applied + 1),
            StoreFault::Unavailable(_) | StoreFault::Busy => fault.into(),
        })?;
        let Some(last) = entries.last().map(|last| last.sequence) else {
            // Entries that housekeeping has deleted are missing, too.
            if head != applied {
                return Err(FollowFault::Gap(applied + 1));
            }
            self.resident.confirm(began_at);
            return Ok(Followed { sequence: applied, closed, corrupt, is_behind: false });
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
        if last == head {
            self.resident.confirm(began_at);
        }
        Ok(Followed { sequence: last, closed, corrupt, is_behind: last < head })
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
                let is_its = |entry: &&LogEntry| is_about(entry, device);
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

/// Whether it is a device, or its block, that changed.
fn is_about(entry: &LogEntry, device: &DeviceId) -> bool {
    let is_blocked = match &entry.change.block {
        Some(BlockTarget::Device(name)) => name.as_str() == device.as_str(),
        Some(_) | None => false,
    };
    is_blocked || entry.change.device.as_ref() == Some(device)
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
