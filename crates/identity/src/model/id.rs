use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

use crate::{Entropy, NoEntropy, UnixMillis};

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdFault {
    /// Not a UUID.
    #[error("an id is 36 characters: lower-case hexadecimal digits in groups of 8-4-4-4-12")]
    Uuid,
    /// Not the id of a device.
    #[error(
        "a device id is 1 to 128 of the characters A-Z a-z 0-9 . _ : - and starts with a letter or digit"
    )]
    Device,
}

/// Room for the text of an id that is a UUID.
#[derive(Clone, Copy, Debug)]
pub struct IdText([u8; uuid::fmt::Hyphenated::LENGTH]);

impl Default for IdText {
    fn default() -> Self {
        Self([0; uuid::fmt::Hyphenated::LENGTH])
    }
}

/// The id of a device: its user name, and with the default binding its Client Identifier.
///
/// 1 to 128 of the characters `A-Z a-z 0-9 . _ : -`, the first a letter or digit: so it stands in a topic, a
/// URL and a log line as it is. Ids that the registry gives are UUIDs of version 7.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(Arc<str>);

const DEVICE_ID_MAX: usize = 128;

/// A UUID of version 7 (RFC 9562 §5.7): ids that were made later sort later.
fn generate(now: UnixMillis, entropy: &mut dyn Entropy) -> Result<Uuid, NoEntropy> {
    let mut random = [0; 10];
    entropy.fill(&mut random)?;
    Ok(uuid::Builder::from_unix_timestamp_millis(now.millis(), &random).into_uuid())
}

/// The one text form of a UUID: two texts are never one id.
fn parse(text: &str) -> Result<Uuid, IdFault> {
    let id = Uuid::try_parse(text).map_err(|_| IdFault::Uuid)?;
    let is_canonical = *id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *text;
    if is_canonical { Ok(id) } else { Err(IdFault::Uuid) }
}

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        $($(#[$doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one: a UUID of version 7.
            ///
            /// # Errors
            /// [`NoEntropy`]: no randomness.
            pub fn generate(now: UnixMillis, entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
                generate(now, entropy).map(Self)
            }

            /// Its text, written into `buffer`: where a string would be one allocation for each CONNECT.
            pub fn write<'a>(&self, buffer: &'a mut IdText) -> &'a str {
                self.0.hyphenated().encode_lower(&mut buffer.0)
            }
        }

        impl FromStr for $name {
            type Err = IdFault;

            fn from_str(text: &str) -> Result<Self, IdFault> {
                parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        })+
    };
}

ids! {
    /// The id of a product.
    ProductId,
    /// The id of a credential.
    CredentialId,
    /// The id of a certificate authority.
    CertificateAuthorityId,
    /// The id of a claim token.
    ClaimTokenId,
    /// The id of a registration.
    RegistrationId,
    /// The id of a block.
    BlockId,
    /// The id of an API key.
    ApiKeyId,
    /// The id of a process that follows a change log.
    NodeId,
}

// === impl DeviceId ===

impl DeviceId {
    /// A new one: a UUID of version 7.
    ///
    /// # Errors
    /// [`NoEntropy`]: no randomness.
    pub fn generate(now: UnixMillis, entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        Ok(Self(generate(now, entropy)?.to_string().into()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceId {
    type Err = IdFault;

    fn from_str(text: &str) -> Result<Self, IdFault> {
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if starts_well && text.len() <= DEVICE_ID_MAX && text.bytes().all(is_usual) {
            Ok(Self(text.into()))
        } else {
            Err(IdFault::Device)
        }
    }
}

impl std::borrow::Borrow<str> for DeviceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({self})")
    }
}
