use async_trait::async_trait;

use super::{Command, Desk, Refusal, What};
use crate::blocks::Cidr;
use crate::model::{ClaimToken, ClaimTokenId, HardwareIdPattern, Name, ProductId};
use crate::store::{Rows, StoreFault};
use crate::{Keyring, Secret, SecretUse, UnixMillis};

/// Makes a claim token.
#[derive(Clone, Debug)]
pub struct CreateClaimToken {
    /// Whose devices may use it.
    pub product: ProductId,
    /// Devices it lets in; `None` for any number.
    pub uses_max: Option<u32>,
    /// It lets nobody in from this time on.
    pub expires_at: Option<UnixMillis>,
    /// Where devices have to come from; anywhere if empty.
    pub networks: Vec<Cidr>,
    /// What their hardware ids look like.
    pub hardware_ids: Option<HardwareIdPattern>,
}

/// Withdraws a claim token. Devices that it let in stay.
#[derive(Clone, Copy, Debug)]
pub struct RevokeClaimToken(pub ClaimTokenId);

/// Networks of one claim token or API key.
pub(super) const NETWORKS_MAX: usize = 64;

#[async_trait]
impl Command for CreateClaimToken {
    type Outcome = (ClaimToken, Secret);

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(ClaimToken, Secret), Refusal> {
        if self.uses_max == Some(0) {
            return Err(Refusal::field("/max_uses", "let at least one device in"));
        }
        if self.networks.len() > NETWORKS_MAX {
            return Err(Refusal::field("/cidrs", "at most 64 networks are possible"));
        }
        desk.product(self.product).await?;
        let now = desk.now();
        let id = ClaimTokenId::generate(now, desk)?;
        let secret = Secret::generate(SecretUse::Claim, desk)?;
        let token = ClaimToken {
            id,
            product: self.product,
            key_id: secret.key_id(),
            verifier: desk.keyring().verifier_of(&id.to_string(), secret.expose().as_bytes()),
            uses_max: self.uses_max,
            uses: 0,
            expires_at: self.expires_at,
            networks: self.networks.clone(),
            hardware_ids: self.hardware_ids.clone(),
            revoked_at: None,
            created_by: name_of(desk)?,
            created_at: now,
        };
        desk.rows().put_claim_token(&token).await?;
        desk.audit("claim_token.create", "", None, Some(&token)).await?;
        Ok((token, secret))
    }
}

/// The claim token whose text this is, whether it is good for anything or not. An unknown one costs the same
/// keyed hash.
pub(super) async fn find(
    rows: &mut dyn Rows,
    keyring: &Keyring,
    text: &[u8],
) -> Result<Option<ClaimToken>, StoreFault> {
    let known = match Secret::key_id_in(SecretUse::Claim, text) {
        Ok(key_id) => rows.claim_token_by_key(key_id).await?,
        Err(_) => None,
    };
    let Some(token) = known else {
        keyring.match_nobody(text);
        return Ok(None);
    };
    let is_it = keyring.matches(&token.verifier, &token.id.to_string(), text) == Some(true);
    Ok(is_it.then_some(token))
}

/// Who acts, as a name.
pub(super) fn name_of(desk: &Desk<'_>) -> Result<Name, Refusal> {
    Ok(desk.actor().name().parse()?)
}

#[async_trait]
impl Command for RevokeClaimToken {
    type Outcome = ClaimToken;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<ClaimToken, Refusal> {
        let before = desk.rows().claim_token(self.0).await?.ok_or(Refusal::NotFound(What::ClaimToken))?;
        let mut token = before.clone();
        if token.revoked_at.is_none() {
            token.revoked_at = Some(desk.now());
            desk.rows().put_claim_token(&token).await?;
            desk.audit("claim_token.revoke", "", Some(&before), Some(&token)).await?;
        }
        Ok(token)
    }
}
