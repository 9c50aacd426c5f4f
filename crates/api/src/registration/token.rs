use vouchmq_identity::model::{ClaimFault, ClaimToken};
use vouchmq_identity::store::{Rows, StoreFault};
use vouchmq_identity::{Keyring, Secret, SecretUse};

/// The claim token whose text this is, whether it is good for anything or not. An unknown one costs the same
/// keyed hash.
pub(super) async fn find(
    rows: &mut dyn Rows,
    keyring: &Keyring,
    text: &[u8],
) -> Result<Result<ClaimToken, ClaimFault>, StoreFault> {
    let known = match Secret::key_id_in(SecretUse::Claim, text) {
        Ok(key_id) => rows.claim_token_by_key(key_id).await?,
        Err(_) => None,
    };
    let Some(token) = known else {
        keyring.match_nobody(text);
        return Ok(Err(ClaimFault::Unknown));
    };
    let is_it = keyring.matches(&token.verifier, &token.id.to_string(), text) == Some(true);
    Ok(if is_it { Ok(token) } else { Err(ClaimFault::Unknown) })
}
