use super::{Desk, Refusal, What};
use crate::model::{Credential, CredentialId, Device, may_connect};

/// A credential that somebody proved a moment ago, and its device, if they are good for connecting now: much
/// may have changed since they were judged, and who judged them may not know yet.
pub(super) async fn still_proven(
    desk: &mut Desk<'_>,
    id: CredentialId,
) -> Result<(Credential, Device), Refusal> {
    let now = desk.now();
    let credential = desk.credential(id).await?;
    credential.is_usable(now).map_err(|_| Refusal::NotFound(What::Credential))?;
    let device = desk.device(&credential.device).await?;
    let product = desk.product(device.product).await?;
    may_connect(device.state, device.expires_at, product.state, now)
        .map_err(|_| Refusal::NotFound(What::Device))?;
    Ok((credential, device))
}
