//! What the registry knows: products, their devices, and the credentials of those.
//!
//! Everything here is a value: what a row of the store says, checked. What may follow from what is in
//! functions beside the values, without a clock or a database.

mod api_key;
mod authority;
mod blocked;
mod claim;
mod credential;
mod device;
mod id;
mod id_template;
mod product;
mod registration;
mod rights;
mod role;
mod text;
mod word;

#[cfg(test)]
mod tests;

pub use api_key::{ApiKey, Scope};
pub use authority::{AUTHORITIES_MAX, AuthorityCertificate, AuthorityState, CertificateAuthority};
pub use blocked::BlockEntry;
pub use claim::{ClaimFault, ClaimToken, Claimant, HardwareIdPattern};
pub use credential::{
    CREDENTIALS_MAX, CertificateProof, Credential, CredentialKind, CredentialState, PENDING_MILLIS, Proof,
    Unusable, Validity,
};
pub(crate) use device::may_connect;
pub use device::{Attributes, Device, DeviceOrigin, DeviceState, Refused, Transition};
pub use id::{
    ApiKeyId, BlockId, CertificateAuthorityId, ClaimTokenId, CredentialId, DeviceId, IdFault, IdText, NodeId,
    ProductId, RegistrationId,
};
pub use id_template::{IdTemplate, TemplateFault, Unnamed};
pub use product::{Binding, Product, ProductState, Strategy};
pub use registration::{
    QUARANTINE_MILLIS, Registration, RegistrationState, Voucher, WAITING_PER_PRODUCT_MAX,
    WAITING_PER_TOKEN_MAX,
};
pub use rights::Rights;
pub use role::Role;
pub use text::{HardwareId, Name, Slug, TextFault};
pub use word::UnknownWord;
pub(crate) use word::words;
