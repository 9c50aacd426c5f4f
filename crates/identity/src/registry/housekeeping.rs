use async_trait::async_trait;

use super::product::go_on_deleting;
use super::register::expire;
use super::{Command, Desk, Refusal};
use crate::UnixMillis;
use crate::model::{
    Credential, CredentialId, PENDING_MILLIS, ProductState, QUARANTINE_MILLIS, RegistrationState,
};
use crate::store::{Found, NewEntry, StoreFault};

/// How long a credential whose time is over is kept as it is before it is revoked, in milliseconds: an hour, in
/// which whoever uses it is told that it has expired, and connections end by their own clocks.
pub const EXPIRED_KEPT_MILLIS: u64 = 3_600_000;

/// How long a block that is over is kept, in milliseconds: an hour. What is deleted is gone for every node, and the
/// clock of the one that keeps house may be wrong.
pub const BLOCK_KEPT_MILLIS: u64 = 3_600_000;

/// How long a revoked credential is kept, in milliseconds: 90 days.
pub const REVOKED_KEPT_MILLIS: u64 = 90 * DAY;

/// How long a registration that is confirmed or expired is kept, in milliseconds: 30 days. One that is rejected
/// is kept until somebody deletes it or resets its device, since it keeps the device out.
pub const REGISTRATION_KEPT_MILLIS: u64 = 30 * DAY;

/// How long entries of the change log are kept, in milliseconds: seven days.
pub const LOG_KEPT_MILLIS: u64 = 7 * DAY;

/// As many entries of the change log are kept however old they are. Who follows and is further behind than what
/// is kept has to begin anew.
pub const LOG_KEPT_MIN: u64 = 100_000;

const DAY: u64 = 86_400_000;

/// Rows of each kind in one sweep.
const PORTION: u32 = if cfg!(test) { 3 } else { 100 };

/// Entries of the change log in one sweep.
const LOG_PORTION: u32 = if cfg!(test) { 100 } else { 1_000 };

/// What time brings about, of one kind. Each is done by itself: what stops one does not stop the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Secrets that nobody used in time are revoked.
    Secrets,
    /// Credentials whose time is over are revoked.
    Credentials,
    /// Registrations that nobody decided in time expire.
    Registrations,
    /// Blocks that are over go.
    Blocks,
    /// Credentials and registrations that were over for long are forgotten.
    Rows,
    /// The change log loses its beginning. The audit log is kept for ever.
    Log,
    /// Products that are being deleted are gone on with.
    Products,
}

/// Does a chore, or a portion of it. Rows that are not what was written are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Sweep(pub Chore);

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Secrets that were never used.
    pub credential_count: usize,
    /// Registrations that nobody decided.
    pub registration_count: usize,
    /// Credentials whose time was over.
    pub expired_count: usize,
    /// Blocks that were over.
    pub block_count: usize,
    /// Rows and entries of the change log that were forgotten.
    pub forgotten_count: u64,
    /// There may be more to do at once.
    pub is_more: bool,
    /// Rows that were passed over: somebody else wrote to them, or the disk. They stay.
    pub corrupt: Vec<StoreFault>,
}

#[async_trait]
impl Command for Sweep {
    type Outcome = Swept;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Swept, Refusal> {
        let mut swept = Swept::default();
        match self.0 {
            Chore::Secrets => {
                let before = ago(desk, PENDING_MILLIS);
                let unused = desk.rows().pending_credentials(before, PORTION).await?;
                swept.credential_count = end_all(desk, unused, &mut swept).await?;
            }
            Chore::Credentials => {
                let before = ago(desk, EXPIRED_KEPT_MILLIS);
                let over = desk.rows().expired_credentials(before, PORTION).await?;
                swept.expired_count = end_all(desk, over, &mut swept).await?;
            }
            Chore::Registrations => {
                let before = ago(desk, QUARANTINE_MILLIS);
                let waiting = desk.rows().waiting_registrations(before, PORTION).await?;
                for registration in swept.take(waiting) {
                    expire(desk, registration).await?;
                    swept.registration_count += 1;
                }
            }
            Chore::Blocks => {
                let before = ago(desk, BLOCK_KEPT_MILLIS);
                let over = desk.rows().expired_blocks(before, PORTION).await?;
                for entry in swept.take(over) {
                    desk.rows().delete_block(entry.id).await?;
                    desk.log(NewEntry::block(entry.block.target)).await?;
                    swept.block_count += 1;
                }
            }
            Chore::Rows => {
                let (revoked, past) = (revoked_horizon(desk), ago(desk, REGISTRATION_KEPT_MILLIS));
                let credentials = desk.rows().delete_revoked_credentials(revoked, PORTION).await?;
                let registrations = desk.rows().delete_past_registrations(past, PORTION).await?;
                swept.forgotten_count = credentials + registrations;
                swept.is_more = credentials.max(registrations) >= u64::from(PORTION);
            }
            Chore::Log => {
                swept.forgotten_count = forget_log(desk).await?;
                swept.is_more = swept.forgotten_count >= u64::from(LOG_PORTION);
            }
            Chore::Products => swept.is_more = delete_products(desk).await?,
        }
        Ok(swept)
    }
}

impl Chore {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Secrets,
        Self::Credentials,
        Self::Registrations,
        Self::Blocks,
        Self::Rows,
        Self::Log,
        Self::Products,
    ];
}

impl Swept {
    /// The sound rows; the others are noted.
    fn take<T>(&mut self, found: Found<T>) -> Vec<T> {
        self.corrupt.extend(found.corrupt);
        self.is_more = found.items.len() >= PORTION as usize;
        found.items
    }

    /// Adds what another sweep did.
    pub fn add(&mut self, other: Self) {
        self.credential_count += other.credential_count;
        self.registration_count += other.registration_count;
        self.expired_count += other.expired_count;
        self.block_count += other.block_count;
        self.forgotten_count += other.forgotten_count;
        self.is_more |= other.is_more;
        self.corrupt.extend(other.corrupt);
    }
}

/// So long ago.
fn ago(desk: &Desk<'_>, millis: u64) -> UnixMillis {
    UnixMillis::new(desk.now().millis().saturating_sub(millis))
}

/// Of credentials that were revoked before this nothing is known.
pub(super) fn revoked_horizon(desk: &Desk<'_>) -> UnixMillis {
    ago(desk, REVOKED_KEPT_MILLIS)
}

async fn end_all(desk: &mut Desk<'_>, found: Found<Credential>, swept: &mut Swept) -> Result<usize, Refusal> {
    let credentials = swept.take(found);
    let count = credentials.len();
    for mut credential in credentials {
        credential.revoke(desk.now());
        desk.rows().put_credential(&credential).await?;
        // Whatever became of its registration, the secret is over.
        match end_registration(desk, credential.id).await {
            Err(Refusal::Store(fault @ StoreFault::Corrupt { .. })) => swept.corrupt.push(fault),
            ended => ended?,
        }
        desk.log(NewEntry::device(credential.device, Some(credential.id))).await?;
    }
    Ok(count)
}

/// Ends the registration that handed a secret out. Of rows that are corrupt nothing is written.
async fn end_registration(desk: &mut Desk<'_>, credential: CredentialId) -> Result<(), Refusal> {
    let registration = desk.rows().registration_of(credential).await?;
    match registration.filter(|known| known.state == RegistrationState::Issued) {
        Some(registration) => expire(desk, registration).await,
        None => Ok(()),
    }
}

/// Deletes the beginning of the change log, and only that: what is left has no gaps, whatever clocks did.
async fn forget_log(desk: &mut Desk<'_>) -> Result<u64, Refusal> {
    let (_, head) = desk.rows().log_head().await?;
    let (last, before) = (head.saturating_sub(LOG_KEPT_MIN), ago(desk, LOG_KEPT_MILLIS));
    if last == 0 {
        return Ok(0);
    }
    let entries = desk.rows().log_after(0, LOG_PORTION).await?;
    let old = entries.iter().take_while(|entry| entry.sequence <= last && entry.at < before);
    let old: Vec<u64> = old.map(|entry| entry.sequence).collect();
    if let Some(up_to) = old.last() {
        desk.rows().delete_log(*up_to).await?;
    }
    Ok(old.len() as u64)
}

/// Goes on with a product that is being deleted; whether there is one.
async fn delete_products(desk: &mut Desk<'_>) -> Result<bool, Refusal> {
    let Some(product) = desk.rows().product_in_state(ProductState::Deleting).await? else { return Ok(false) };
    // Its devices were in use: who retires them stands in the audit log, though nobody asks for it now.
    desk.audit_all();
    go_on_deleting(desk, product.id).await?;
    Ok(true)
}
