//! The registry: what may be done to products, devices and their credentials, and what follows from it.
//!
//! Each [`Command`] is one file. It reads rows, decides, writes rows, and writes down in the same transaction
//! what changed: an entry of the change log, by which every verifier follows, and, when somebody administers,
//! an entry of the audit log. When [`Registry::execute`] returns, that is durable.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::model::ClaimToken;
use crate::store::{Aborted, Job, Rows, Store, StoreFault, Transaction};
use crate::{Clock, Entropy, Keyring, NoEntropy, UnixMillis};

mod actor;
mod api_keys;
mod arrive;
mod authority;
mod block;
mod claim;
mod confirm;
mod credential;
mod deed;
mod desk;
mod device;
mod fingerprint;
mod housekeeping;
mod import;
mod keys;
mod kick;
mod product;
mod proven;
mod refusal;
mod register;
mod registrations;
mod rotate_own;

#[cfg(test)]
pub(crate) mod tests;

pub use actor::Actor;
pub use api_keys::{CreateApiKey, RevokeApiKey};
pub use arrive::{Arrive, Arrived};
pub use authority::{AttachAuthority, ChangeAuthority, RemoveAuthority};
pub use block::{PutBlock, RemoveBlock};
pub use claim::{CreateClaimToken, RevokeClaimToken};
pub use confirm::{Confirm, ConfirmCertificate, Confirmed, UpgradePassword};
pub use credential::{AddCredential, Added, NewProof, RevokeCredential, Rotate, Rotated, TouchCredentials};
pub use deed::RecordDeed;
pub use desk::Desk;
pub use device::{ChangeDevice, CreateDevice, DevicePatch, MoveDevice, NewDevice};
pub use fingerprint::Fingerprint;
pub use housekeeping::{
    BLOCK_KEPT_MILLIS, Chore, EXPIRED_KEPT_MILLIS, LOG_KEPT_MILLIS, LOG_KEPT_MIN, REGISTRATION_KEPT_MILLIS,
    REVOKED_KEPT_MILLIS, Sweep, Swept,
};
pub use import::{Entered, ITEMS_MAX, ImportCredential, ImportDevice, ImportItem, ImportRows, Imported};
pub use keys::{AdoptKeys, KeysFault, Opened};
pub use kick::KickDevice;
pub use product::{ChangeProduct, CreateProduct, DeleteProduct, NewProduct, ProductPatch};
pub use refusal::{Refusal, What};
pub use register::{Issued, Register, Registered};
pub use registrations::{DecideRegistration, DeleteRegistration};
pub use rotate_own::RotateOwn;

/// Executes commands on a store.
pub struct Registry {
    store: Arc<dyn Store>,
    keyring: ArcSwap<Keyring>,
    clock: Arc<dyn Clock>,
    entropy: Arc<Mutex<dyn Entropy + Send>>,
}

/// Something to be done.
#[async_trait]
pub trait Command: Send + Sync + 'static {
    /// What comes of it.
    type Outcome: Send + 'static;

    /// Does it. May be called more than once; the last call counts.
    async fn run(&self, desk: &mut Desk<'_>) -> Result<Self::Outcome, Refusal>;
}

/// Something that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// What came of it.
    pub outcome: T,
    /// The last entry of the change log that it wrote; `None` if verifiers need not know.
    pub sequence: Option<u64>,
}

/// Where a job leaves what came of it.
type Slot<T> = Arc<Mutex<Option<Result<Done<T>, Refusal>>>>;

/// A command within a transaction.
struct Execution<C: Command> {
    command: C,
    actor: Actor,
    now: UnixMillis,
    keyring: Arc<Keyring>,
    entropy: Arc<Mutex<dyn Entropy + Send>>,
    slot: Slot<C::Outcome>,
}

impl Registry {
    /// A registry on `store`, whose verifiers are made with `keyring` and whose ids and secrets come of
    /// `entropy`.
    pub fn new(
        store: Arc<dyn Store>,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        entropy: impl Entropy + Send + 'static,
    ) -> Self {
        Self { store, keyring: ArcSwap::from(keyring), clock, entropy: Arc::new(Mutex::new(entropy)) }
    }

    /// Executes a command for somebody.
    ///
    /// # Errors
    /// [`Refusal`]: nothing was changed; after [`Refusal::Store`] it may not be known.
    pub async fn execute<C: Command>(&self, actor: Actor, command: C) -> Result<Done<C::Outcome>, Refusal> {
        let slot = Slot::default();
        let job = Execution {
            command,
            actor,
            now: self.clock.now(),
            keyring: self.keyring.load_full(),
            entropy: self.entropy.clone(),
            slot: slot.clone(),
        };
        self.store.write(Box::new(job)).await?;
        let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| Err(StoreFault::Unavailable("the change was not made".into()).into()))
    }

    /// Looks at rows.
    ///
    /// # Errors
    /// [`StoreFault`]: nobody to ask.
    pub async fn read(&self) -> Result<Box<dyn Rows + '_>, StoreFault> {
        self.store.read().await
    }

    /// The claim token whose text this is, whether it is good for anything or not. An unknown one costs the same
    /// keyed hash.
    ///
    /// # Errors
    /// [`StoreFault`]: nobody to ask.
    pub async fn claim_token(&self, text: &[u8]) -> Result<Option<ClaimToken>, StoreFault> {
        claim::find(&mut *self.read().await?, &self.keyring(), text).await
    }

    /// What verifiers are made with and compared by.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.load_full()
    }

    /// Takes other keys from now on.
    pub fn set_keyring(&self, keyring: Arc<Keyring>) {
        self.keyring.store(keyring);
    }

    /// The time now.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Randomness, as commands have it.
    ///
    /// # Errors
    /// [`NoEntropy`]: there is none.
    pub fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("keyring", &self.keyring.load()).finish_non_exhaustive()
    }
}

#[async_trait]
impl<C: Command> Job for Execution<C> {
    async fn run(&mut self, rows: &mut dyn Transaction) -> Result<(), Aborted> {
        let mut desk = Desk::new(rows, self.now, &self.actor, &self.keyring, &*self.entropy);
        let result = self.command.run(&mut desk).await;
        let (sequence, is_undone) = (desk.sequence(), desk.is_undone());
        let aborted = match &result {
            Ok(_) if is_undone => Err(Aborted::Refused),
            Ok(_) => Ok(()),
            Err(Refusal::Store(fault)) => Err(Aborted::Failed(fault.clone())),
            Err(_) => Err(Aborted::Refused),
        };
        let done = result.map(|outcome| Done { outcome, sequence });
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        aborted
    }
}
