use async_trait::async_trait;

use super::claim::NETWORKS_MAX;
use super::{Actor, Command, Desk, Refusal, What};
use crate::blocks::Cidr;
use crate::model::{ApiKey, ApiKeyId, Name, Scope};
use crate::store::PageRequest;
use crate::{Secret, SecretUse, UnixMillis};

/// Makes an API key, whose name no other has or had: by it the audit log tells who did something, and requests
/// that are sent again are told apart.
#[derive(Clone, Debug)]
pub struct CreateApiKey {
    /// What people call it.
    pub name: Name,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// Where it may be used from; anywhere if empty.
    pub networks: Vec<Cidr>,
    /// It opens nothing from this time on.
    pub expires_at: Option<UnixMillis>,
}

/// Withdraws an API key.
#[derive(Clone, Copy, Debug)]
pub struct RevokeApiKey(pub ApiKeyId);

/// API keys that are read at once.
const PORTION: u32 = 500;
/// API keys, those that are withdrawn too.
const KEYS_MAX: usize = 10_000;

#[async_trait]
impl Command for CreateApiKey {
    type Outcome = (ApiKey, Secret);

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(ApiKey, Secret), Refusal> {
        self.is_new(desk).await?;
        if self.scopes.is_empty() {
            return Err(Refusal::field("/scopes", "name at least one scope"));
        }
        if self.networks.len() > NETWORKS_MAX {
            return Err(Refusal::field("/cidrs", "at most 64 networks are possible"));
        }
        let now = desk.now();
        let id = ApiKeyId::generate(now, desk)?;
        let secret = Secret::generate(SecretUse::ApiKey, desk)?;
        let key = ApiKey {
            id,
            name: self.name.clone(),
            key_id: secret.key_id(),
            verifier: desk.keyring().verifier_of(&id.to_string(), secret.expose().as_bytes()),
            scopes: self.scopes.clone(),
            networks: self.networks.clone(),
            expires_at: self.expires_at,
            revoked_at: None,
            created_at: now,
        };
        desk.rows().put_api_key(&key).await?;
        desk.audit("api_key.create", "", None, Some(&key)).await?;
        Ok((key, secret))
    }
}

impl CreateApiKey {
    /// Whether there is room for one more, and nobody has its name.
    async fn is_new(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        if Actor::is_reserved(self.name.as_str()) {
            let why = "this name stands for somebody else in the audit log: choose another";
            return Err(Refusal::field("/name", why));
        }
        let mut page = PageRequest::first(PORTION);
        let mut count = 0;
        loop {
            let keys = desk.rows().api_keys(page).await?;
            if keys.items.iter().any(|key| key.name == self.name) {
                return Err(Refusal::Exists { what: What::ApiKey, field: "name" });
            }
            count += keys.items.len();
            if count >= KEYS_MAX {
                let why = format_args!("there are {KEYS_MAX} API keys, which is the most");
                return Err(Refusal::field("", why));
            }
            let Some(next) = keys.next else { return Ok(()) };
            page = PageRequest::after(next, PORTION);
        }
    }
}

#[async_trait]
impl Command for RevokeApiKey {
    type Outcome = ApiKey;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<ApiKey, Refusal> {
        let before = desk.rows().api_key(self.0).await?.ok_or(Refusal::NotFound(What::ApiKey))?;
        let mut key = before.clone();
        if key.revoked_at.is_none() {
            key.revoked_at = Some(desk.now());
            desk.rows().put_api_key(&key).await?;
            desk.audit("api_key.revoke", "", Some(&before), Some(&key)).await?;
        }
        Ok(key)
    }
}
