use async_trait::async_trait;

use super::product::go_on_deleting;
use super::register::expire;
use super::{Command, Desk, Refusal};
use crate::UnixMillis;
use crate::model::{Credential, PENDING_MILLIS, ProductState, RegistrationState};
use crate::store::{NewEntry, PageRequest, RegistrationFilter};

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

/// Does what time brings about, a portion of each kind: ends what nobody used in time and what is over, goes on
/// with products that are being deleted, and forgets what was over for long. The audit log is kept for ever.
#[derive(Clone, Copy, Debug)]
pub struct Sweep;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

#[async_trait]
impl Command for Sweep {
    type Outcome = Swept;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Swept, Refusal> {
        let credential_count = expire_secrets(desk).await?;
        let expired_count = expire_credentials(desk).await?;
        let registration_count = expire_registrations(desk).await?;
        let block_count = remove_blocks(desk).await?;
        let forgotten = forget(desk).await?;
        let is_deleting = delete_products(desk).await?;
        let is_portion = |count: usize| count >= PORTION as usize;
        Ok(Swept {
            credential_count,
            registration_count,
            expired_count,
            block_count,
            forgotten_count: forgotten.iter().map(|(count, _)| count).sum(),
            is_more: [credential_count, expired_count, registration_count, block_count]
                .map(is_portion)
                .contains(&true)
                || forgotten.iter().any(|(count, portion)| *count >= u64::from(*portion))
                || is_deleting,
        })
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

async fn expire_secrets(desk: &mut Desk<'_>) -> Result<usize, Refusal> {
    let before = ago(desk, PENDING_MILLIS);
    let unused = desk.rows().pending_credentials(before, PORTION).await?;
    end_all(desk, unused).await
}

async fn expire_credentials(desk: &mut Desk<'_>) -> Result<usize, Refusal> {
    let before = ago(desk, EXPIRED_KEPT_MILLIS);
    let over = desk.rows().expired_credentials(before, PORTION).await?;
    end_all(desk, over).await
}

async fn end_all(desk: &mut Desk<'_>, credentials: Vec<Credential>) -> Result<usize, Refusal> {
    let count = credentials.len();
    for mut credential in credentials {
        credential.revoke(desk.now());
        desk.rows().put_credential(&credential).await?;
        let registration = desk.rows().registration_of(credential.id).await?;
        if let Some(registration) = registration.filter(|known| known.state == RegistrationState::Issued) {
            expire(desk, registration).await?;
        }
        desk.log(NewEntry::device(credential.device, Some(credential.id))).await?;
    }
    Ok(count)
}

async fn expire_registrations(desk: &mut Desk<'_>) -> Result<usize, Refusal> {
    let mut count = 0;
    for state in [RegistrationState::Quarantined, RegistrationState::Approved] {
        let filter = RegistrationFilter { product: None, state: Some(state) };
        let waiting = desk.rows().registrations(&filter, PageRequest::first(PORTION)).await?;
        let now = desk.now();
        for registration in waiting.items.into_iter().filter(|waiting| waiting.is_stale(now)) {
            expire(desk, registration).await?;
            count += 1;
        }
    }
    Ok(count)
}

async fn remove_blocks(desk: &mut Desk<'_>) -> Result<usize, Refusal> {
    let before = ago(desk, BLOCK_KEPT_MILLIS);
    let over = desk.rows().expired_blocks(before, PORTION).await?;
    let count = over.len();
    for entry in over {
        desk.rows().delete_block(entry.id).await?;
        desk.log(NewEntry::block(entry.block.target)).await?;
    }
    Ok(count)
}

/// Deletes what was over for long; returns how much of each kind, and how much it may have been.
async fn forget(desk: &mut Desk<'_>) -> Result<[(u64, u32); 3], Refusal> {
    let revoked = revoked_horizon(desk);
    let credentials = desk.rows().delete_revoked_credentials(revoked, PORTION).await?;
    let past = ago(desk, REGISTRATION_KEPT_MILLIS);
    let registrations = desk.rows().delete_past_registrations(past, PORTION).await?;
    let entries = forget_log(desk).await?;
    Ok([(credentials, PORTION), (registrations, PORTION), (entries, LOG_PORTION)])
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
