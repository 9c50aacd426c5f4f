use crate::UnixMillis;
use crate::model::{Attributes, CredentialId, DeviceId, DeviceState, ProductId, Proof, Validity};

/// What is resident of a device: what judging it takes, and no more.
#[derive(Clone, Debug)]
pub struct ResidentDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its product.
    pub product: ProductId,
    /// Where it stands.
    pub state: DeviceState,
    /// It may not connect from this time on.
    pub expires_at: Option<UnixMillis>,
    /// Those attributes that stand in its product's rules.
    pub attributes: Attributes,
    /// Its live credentials; those that are revoked are not here.
    pub credentials: Box<[ResidentCredential]>,
}

/// What is resident of a credential.
#[derive(Clone, Debug)]
pub struct ResidentCredential {
    /// Its id.
    pub id: CredentialId,
    /// What it is compared with.
    pub proof: Proof,
    /// When it is good.
    pub validity: Validity,
    /// Its first use has to be durable before the client is let in: it ends what it replaces.
    pub is_unconfirmed: bool,
}
