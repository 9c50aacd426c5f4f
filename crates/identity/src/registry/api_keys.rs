use async_trait::async_trait;

use super::claim::NETWORKS_MAX;
use super::{Command, Desk, Refusal, What};
use crate::blocks::Cidr;
use crate::model::{ApiKey, ApiKeyId, Name, Scope};
use crate::{Secret, SecretUse, UnixMillis};

/// Makes an API key.
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

#[async_trait]
impl Command for CreateApiKey {
    type Outcome = (ApiKey, Secret);

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(ApiKey, Secret), Refusal> {
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
