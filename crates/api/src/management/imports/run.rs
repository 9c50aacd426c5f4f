use std::sync::Arc;
use std::time::Duration;

use vouchmq_client::dto::import::ImportReport;
use vouchmq_identity::model::{Product, ProductId, Proof, Scope};
use vouchmq_identity::registry::{Entered, ITEMS_MAX, ImportItem, ImportRows};
use vouchmq_identity::{HashCost, Keyring, PasswordHash};

use super::fault::Fault;
use super::report::Tally;
use super::row::{Plain, Row, credential};
use super::seen::Seen;
use crate::http::{Code, Problem, Prolong};
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
    prolong: Prolong,
    waiting: Vec<Waiting>,
    /// Bytes of their lines.
    waiting_len: usize,
    assumed: Vec<Product>,
    seen: Seen,
    plain_count: usize,
    tally: Tally,
}

struct Waiting {
    number: u64,
    id: Option<String>,
    row: Row,
}

/// Rows that share a transaction, and bytes of their lines: each may hold a thousand credentials. A first login waits
/// for it, and on a database that is a millisecond away each row takes some ten.
const BATCH: usize = 100;
const BATCH_LEN: usize = 1024 * 1024;
/// The same of all or nothing, beside [`ITEMS_MAX`].
const ATOMIC_LEN: usize = 8 * 1024 * 1024;
/// How long the rows of one transaction may take to come, to be hashed and to be entered.
const PATIENCE: Duration = Duration::from_mins(10);
/// Passwords in plain text of one import: each takes some 20 ms of a processor.
const PLAIN_MAX: usize = 1_000;
/// Products that a dry run remembers.
const ASSUMED_MAX: usize = 1_000;

impl Run {
    pub(super) fn new(here: Arc<Management>, caller: Caller, manner: Manner, prolong: Prolong) -> Self {
        prolong.by(PATIENCE);
        let (waiting, assumed, seen, tally) = (Vec::new(), Vec::new(), Seen::default(), Tally::default());
        Self { here, caller, manner, prolong, waiting, waiting_len: 0, assumed, seen, plain_count: 0, tally }
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

    /// Counts credentials that the file has without what they are compared with.
    pub(super) const fn leave(&mut self, credentials: u64) {
        self.tally.leave(credentials);
    }

    /// One row of so many bytes, or why there is none; `None` says nothing.
    pub(super) async fn take(
        &mut self,
        number: u64,
        len: usize,
        row: Result<Option<Row>, Fault>,
    ) -> Result<(), Problem> {
        let row = match row {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(()),
            Err(fault) if fault.is_of_all => return Err(Problem::new(Code::Invalid, fault.detail)),
            Err(fault) => {
                self.tally.count(number, None, Err(fault));
                return Ok(());
            }
        };
        let id = row.id();
        if row.has_credentials()
            && let Err(fault) = self.may(Scope::CredentialsWrite)
        {
            self.tally.count(number, id, Err(fault));
            return Ok(());
        }
        self.waiting.push(Waiting { number, id, row });
        self.waiting_len += len;
        if !self.manner.is_atomic {
            let is_full = self.waiting.len() >= BATCH || self.waiting_len >= BATCH_LEN;
            return if is_full { self.flush().await } else { Ok(()) };
        }
        if self.waiting.len() > ITEMS_MAX || self.waiting_len > ATOMIC_LEN {
            let detail = format!("mode=atomic takes at most {ITEMS_MAX} rows and 8 MiB: nothing was entered");
            return Err(Problem::new(Code::Invalid, detail));
        }
        Ok(())
    }

    /// Enters what waits.
    pub(super) async fn finish(&mut self) -> Result<(), Problem> {
        self.flush().await
    }

    pub(super) fn report(&mut self, dry_run: bool) -> ImportReport {
        self.tally.report(dry_run)
    }

    async fn flush(&mut self) -> Result<(), Problem> {
        self.prolong.by(PATIENCE);
        self.waiting_len = 0;
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
        let done = self.here.registry.execute(self.caller.actor.clone(), command).await?;
        // Who is imported may log in at once, and what is resident does not fall behind.
        self.here.applied.settle(done.sequence).await;
        let imported = done.outcome;
        let is_undone = imported.is_undone && !self.manner.is_dry
            || (self.manner.is_atomic && (is_lost || imported.rows.iter().any(Result::is_err)));
        for ((number, id), entered) in places.into_iter().zip(imported.rows) {
            match entered {
                Ok(Entered::Created) if self.manner.is_dry && self.seen.is_again(id.as_deref()) => {
                    self.tally.count(number, id, Ok(Entered::Skipped));
                }
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
            let detail = format!(
                "an import has at most {PLAIN_MAX} passwords in plain text: import again for the rest"
            );
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
