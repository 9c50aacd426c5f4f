use async_trait::async_trait;

use super::register::expire;
use super::{Command, Desk, Refusal};
use crate::UnixMillis;
use crate::model::{PENDING_MILLIS, RegistrationState};
use crate::store::{NewEntry, PageRequest, RegistrationFilter};

/// Ends what nobody used in time: secrets that were handed out, registrations that nobody decided.
#[derive(Clone, Copy, Debug)]
pub struct Sweep;

/// What a sweep ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Secrets that were never used.
    pub credential_count: usize,
    /// Registrations that nobody decided.
    pub registration_count: usize,
}

/// Rows of one sweep; the next one goes on.
const PORTION: u32 = 500;

#[async_trait]
impl Command for Sweep {
    type Outcome = Swept;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Swept, Refusal> {
        let credential_count = expire_secrets(desk).await?;
        let mut registration_count = 0;
        for state in [RegistrationState::Quarantined, RegistrationState::Approved] {
            let filter = RegistrationFilter { product: None, state: Some(state) };
            let waiting = desk.rows().registrations(&filter, PageRequest::first(PORTION)).await?;
            let now = desk.now();
            for registration in waiting.items.into_iter().filter(|waiting| waiting.is_stale(now)) {
                expire(desk, registration).await?;
                registration_count += 1;
            }
        }
        Ok(Swept { credential_count, registration_count })
    }
}

async fn expire_secrets(desk: &mut Desk<'_>) -> Result<usize, Refusal> {
    let before = UnixMillis::new(desk.now().millis().saturating_sub(PENDING_MILLIS));
    let unused = desk.rows().pending_credentials(before, PORTION).await?;
    let count = unused.len();
    for mut credential in unused {
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
