use std::sync::Arc;

use vouchmq_client::dto::import::ImportReport;
use vouchmq_identity::model::{Product, ProductId, Proof, Scope};
use vouchmq_identity::registry::{Entered, ITEMS_MAX, ImportItem, ImportRows};
use vouchmq_identity::{HashCost, Keyring, PasswordHash};

use super::fault::Fault;
use super::report::Tally;
use super::row::{Plain, Row, credential};
use crate::http::{Code, Problem};
use crate::management::Management;
use crate::management::caller::Caller;
use crate::management::hashing::Drawn;

/// How rows are entered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Devices that exist get what they do not have.
    pub(super) updates: bool,
    /// All or nothing.
    pub(super) is_atomic: bool,
    /// Nothing.
    pub(super) is_dry: bool,
}

/// An import at work: it gathers rows, and enters them some hundred at a time.
pub(super) struct Run {
    here: Arc<Management>,
    caller: Caller,
    manner: Manner,
    waiting: Vec<Waiting>,
    assumed: Vec<Product>,
    plain_count: usize,
    tally: Tally,
}

struct Waiting {
    number: u64,
    id: Option<String>,
    row: Row,
}

/// Rows that share a transaction.
const BATCH: usize = 500;
/// Passwords in plain text of one import: each takes some 20 ms of a processor.
const PLAIN_MAX: usize = 1_000;
/// Products that a dry run remembers.
const ASSUMED_MAX: usize = 1_000;

impl Run {
    pub(super) fn new(here: Arc<Management>, caller: Caller, manner: Manner) -> Self {
        let (waiting, assumed, tally) = (Vec::new(), Vec::new(), Tally::default());
        Self { here, caller, manner, waiting, assumed, plain_count: 0, tally }
    }

    pub(super) fn keyring(&self) -> Arc<Keyring> {
        self.here.registry.keyring()
    }

    /// Whether the caller may import such rows too.
    pub(super) fn may(&self, scope: Scope) -> Result<(), Fault> {
        Ok(self.caller.needs(scope)?)
    }

    /// The product here that has this one's id or key.
    pub(super) async fn product_like(&self, product: &Product) -> Result<Option<ProductId>, Problem> {
        let mut rows = self.here.registry.read().await?;
        if rows.product(product.id).await?.is_some() {
            return Ok(Some(product.id));
        }
        Ok(rows.product_by_key(&product.key).await?.map(|known| known.id))
    }

    /// One row, or why there is none; `None` says nothing.
    pub(super) async fn take(&mut self, number: u64, row: Result<Option<Row>, Fault>) -> Result<(), Problem> {
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(()),
            Err(fault) => {
                self.tally.count(number, None, Err(fault));
                return Ok(());
            }
        };
        self.waiting.push(Waiting { number, id: row.id(), row });
        match self.manner.is_atomic {
            true if self.waiting.len() > ITEMS_MAX => {
                let detail = format!("mode=atomic takes at most {ITEMS_MAX} rows: nothing was entered");
                Err(Problem::new(Code::Invalid, detail))
            }
            false if self.waiting.len() >= BATCH => self.flush().await,
            true | false => Ok(()),
        }
    }

    /// Enters what waits.
    pub(super) async fn finish(&mut self) -> Result<(), Problem> {
        self.flush().await
    }

    pub(super) fn report(&mut self, dry_run: bool) -> ImportReport {
        self.tally.report(dry_run)
    }

    async fn flush(&mut self) -> Result<(), Problem> {
        let (mut items, mut places) = (Vec::new(), Vec::new());
        for Waiting { number, id, row } in std::mem::take(&mut self.waiting) {
            match self.item(row).await {
                Ok(item) => {
                    items.push(item);
                    places.push((number, id));
                }
                Err(fault) => self.tally.count(number, id, Err(fault)),
            }
        }
        if items.is_empty() {
            return Ok(());
        }
        let is_lost = self.manner.is_atomic && self.tally.has_failed();
        let command = ImportRows {
            updates: self.manner.updates,
            is_atomic: self.manner.is_atomic,
            is_dry: self.manner.is_dry || is_lost,
            assumed: self.assumed.clone(),
            items,
        };
        if self.manner.is_dry {
            self.assume(&command.items);
        }
        let imported = self.here.registry.execute(self.caller.actor.clone(), command).await?.outcome;
        let is_undone = imported.is_undone && !self.manner.is_dry
            || (self.manner.is_atomic && (is_lost || imported.rows.iter().any(Result::is_err)));
        for ((number, id), entered) in places.into_iter().zip(imported.rows) {
            match entered {
                Ok(Entered::Created | Entered::Updated) if is_undone => self.tally.undone(number, id),
                entered => self.tally.count(number, id, entered.map_err(Fault::from)),
            }
        }
        Ok(())
    }

    /// What a row is as soon as its password is hashed.
    async fn item(&mut self, row: Row) -> Result<ImportItem, Fault> {
        let (mut device, plain) = match row {
            Row::Item(ImportItem::Block(block)) => {
                self.here.has_room_for(&block.block.target).await?;
                return Ok(ImportItem::Block(block));
            }
            Row::Item(item) => return Ok(item),
            Row::Plain(device, plain) => (device, plain),
        };
        let is_here = match &device.id {
            Some(id) if !self.manner.updates => {
                let mut rows = self.here.registry.read().await.map_err(Problem::from)?;
                rows.device(id).await.map_err(Problem::from)?.is_some()
            }
            Some(_) | None => false,
        };
        // It is skipped: its password is not looked at.
        if !is_here {
            device.credentials.push(credential(self.proof(plain).await?));
        }
        Ok(ImportItem::Device(device))
    }

    async fn proof(&mut self, plain: Plain) -> Result<Proof, Fault> {
        self.plain_count += 1;
        if self.plain_count > PLAIN_MAX {
            let detail =
                format!("an import has at most {PLAIN_MAX} passwords in plain text: give password_hash");
            return Err(Fault::new("too_many_passwords", detail));
        }
        if self.manner.is_dry {
            return self.stand_in();
        }
        let (registry, hashing) = (&self.here.registry, self.here.hashing.patient());
        Ok(match plain {
            Plain::Password(password) => Proof::Password(hashing.argon2id(registry, password).await?),
            Plain::Scram(password) => Proof::Scram(Arc::new(hashing.scram(registry, password).await?)),
        })
    }

    /// Nobody will compare anything with it.
    fn stand_in(&self) -> Result<Proof, Fault> {
        let none = || Fault::new("unavailable", "nothing can be hashed");
        let cost = HashCost::new(8, 1, 1).ok_or_else(none)?;
        let mut entropy = Drawn(self.here.registry.clone());
        PasswordHash::create(b"dry run", cost, &mut entropy).map(Proof::Password).map_err(|_| none())
    }

    fn assume(&mut self, items: &[ImportItem]) {
        for item in items {
            if let ImportItem::Product(product) = item
                && self.assumed.len() < ASSUMED_MAX
            {
                self.assumed.push((**product).clone());
            }
        }
    }
}
