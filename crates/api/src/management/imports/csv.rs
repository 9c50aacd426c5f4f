use std::collections::BTreeMap;

use secrecy::SecretString;
use vouchmq_identity::model::{Attributes, CredentialKind, ProductId};

use super::fault::Fault;
use super::row::{Plain, Row, new_device, with_hash, word};
use super::table::{Record, Records};
use crate::management::text::{read, read_some, read_some_time};

/// Reads the columns `id`, `hw_id`, `tags`, `attributes`, `expires_at`, `password`, `password_hash` and
/// `secret_kind`; tags and attributes are written `name=value;name=value`.
pub(super) struct CsvReader {
    product: ProductId,
}

impl CsvReader {
    pub(super) const fn new(product: ProductId) -> Self {
        Self { product }
    }
}

impl Records for CsvReader {
    const NAMES: &'static [&'static str] = &["id", "hw_id"];

    fn record(&mut self, mut record: Record) -> Result<Row, Fault> {
        let mut device = new_device(self.product, read_some("id", record.take("id").as_deref())?);
        device.hardware_id = read_some("hw_id", record.take("hw_id").as_deref())?;
        device.tags = pairs("tags", record.take("tags"))?;
        device.attributes = pairs("attributes", record.take("attributes"))?;
        device.expires_at = read_some_time("expires_at", record.take("expires_at").as_deref())?;
        let (password, hash) = (record.take("password"), record.take("password_hash"));
        let kind: Option<CredentialKind> =
            record.take("secret_kind").map(|kind| word("secret_kind", &kind)).transpose()?;
        record.end()?;
        if device.id.is_none() && device.hardware_id.is_none() {
            return Err(Fault::new(
                "invalid",
                "give id or hw_id: otherwise nobody could tell it from others",
            ));
        }
        let password = password.map(SecretString::from);
        match (kind, password, hash) {
            (None, None, None) => Ok(device.into()),
            (None | Some(CredentialKind::Password), Some(password), None) => {
                Ok(Row::Plain(Box::new(device), Plain::Password(password)))
            }
            (None | Some(CredentialKind::Password), None, Some(hash)) => {
                Ok(with_hash(device, read("password_hash", &hash)?).into())
            }
            (Some(CredentialKind::Scram), Some(password), None) => {
                Ok(Row::Plain(Box::new(device), Plain::Scram(password)))
            }
            (Some(CredentialKind::Secret), ..) => {
                let detail = "secrets are generated: import the device without one, and issue or claim it";
                Err(Fault::new("invalid", detail))
            }
            (Some(CredentialKind::X509), ..) => {
                let detail =
                    "a table has no certificates: import the device without one, and add its certificate";
                Err(Fault::new("invalid", detail))
            }
            (_, Some(_), Some(_)) => Err(Fault::new("invalid", "give password or password_hash, not both")),
            (Some(_), None, _) => Err(Fault::new("invalid", "secret_kind needs a password")),
        }
    }
}

fn pairs(name: &str, text: Option<String>) -> Result<Attributes, Fault> {
    let text = text.unwrap_or_default();
    let mut pairs = BTreeMap::new();
    for pair in text.split(';').filter(|pair| !pair.trim().is_empty()) {
        let malformed = || Fault::new("invalid", format!("{name}: write name=value;name=value"));
        let (key, value) = pair.split_once('=').ok_or_else(malformed)?;
        if pairs.insert(Box::from(key.trim()), Box::from(value.trim())).is_some() {
            return Err(Fault::new("invalid", format!("{name}: a name is there twice")));
        }
    }
    Ok(pairs.into_iter().collect())
}
