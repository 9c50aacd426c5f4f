use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::UnixMillis;
use crate::model::CredentialId;

/// When credentials were last used, until that is written down: a storm of logins must not become a storm of
/// writes.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<CredentialId, UnixMillis>>);

/// Credentials whose last use waits to be written down; of more, the last use is not known.
const WAITING_MAX: usize = 262_144;

impl Uses {
    /// A credential was used.
    pub fn record(&self, credential: CredentialId, at: UnixMillis) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX || waiting.contains_key(&credential) {
            waiting.insert(credential, at);
        }
    }

    /// What has to be written down.
    pub fn take(&self) -> Vec<(CredentialId, UnixMillis)> {
        let waiting = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().collect()
    }
}
