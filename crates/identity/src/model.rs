//! What the registry knows: products, their devices, and the credentials of those.
//!
//! Everything here is a value: what a row of the store says, checked. What may follow from what is in
//! functions beside the values, without a clock or a database.

mod credential;
mod device;
mod id;
mod product;
mod text;
mod word;

#[cfg(test)]
mod tests;

pub use credential::{
    CREDENTIALS_MAX, Credential, CredentialKind, CredentialState, Proof, Unusable, Validity,
};
pub use device::{Attributes, Device, DeviceOrigin, DeviceState, Refused, Transition};
pub use id::{ClaimTokenId, CredentialId, DeviceId, IdFault, IdText, ProductId, RegistrationId};
pub use product::{Binding, Product, ProductState, Strategy};
pub use text::{HardwareId, Name, Slug, TextFault};
pub use word::UnknownWord;
