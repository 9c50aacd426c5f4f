use secrecy::SecretString;
use serde_json::Value;
use vouchmq_identity::model::ProductId;
use vouchmq_identity::password_import::{EmqxRow, Imported, from_emqx};

use super::Wanted;
use super::elements::Elements;
use super::fault::Fault;
use super::format::Ignored;
use super::row::{Plain, Row, device_of, with_hash};
use super::table::{Record, Records};
use crate::http::{Code, Problem};

/// Reads what EMQX exports of the users of its built-in database, as JSON or CSV: `user_id`, `password_hash`,
/// `salt`, `is_superuser`, or `password` in plain text.
pub(super) struct EmqxReader {
    product: ProductId,
    ignored: Ignored,
    algorithm: String,
    salt_position: Option<String>,
    mac_fun: Option<String>,
    iterations: Option<u32>,
}

/// The users of a document.
pub(super) fn users(document: &[u8]) -> Result<Elements<'_>, Problem> {
    let malformed = |_| Problem::new(Code::MalformedJson, "the body is not a JSON array of users");
    serde_json::from_slice(document).map_err(malformed)
}

impl EmqxReader {
    pub(super) fn new(product: ProductId, ignored: Ignored, wanted: &Wanted) -> Result<Self, Problem> {
        let Wanted { algorithm, salt_position, mac_fun, iterations, .. } = wanted;
        let algorithm = algorithm.clone().unwrap_or_else(|| "sha256".to_owned());
        let (salt_position, mac_fun, iterations) = (salt_position.clone(), mac_fun.clone(), *iterations);
        Ok(Self { product, ignored, algorithm, salt_position, mac_fun, iterations })
    }

    pub(super) fn user(&mut self, user: Value) -> Result<Row, Fault> {
        let Value::Object(fields) = user else {
            return Err(Fault::new("malformed_row", "a user is a JSON object"));
        };
        let fields = fields.into_iter().map(|(name, value)| {
            let value = match value {
                Value::String(text) => text,
                Value::Null => String::new(),
                Value::Bool(is_so) => is_so.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Array(_) | Value::Object(_) => return Err(Fault::unknown_field(&name)),
            };
            Ok((name, value))
        });
        let fields = fields.collect::<Result<Vec<_>, Fault>>()?;
        self.record(Record::new(fields))
    }

    fn imported(&self, hash: &str, salt: &str) -> Result<Imported, Fault> {
        let row = EmqxRow {
            algorithm: &self.algorithm,
            salt_position: self.salt_position.as_deref(),
            mac_fun: self.mac_fun.as_deref(),
            iterations: self.iterations,
            password_hash: hash,
            salt,
        };
        Ok(from_emqx(&row)?)
    }
}

impl Records for EmqxReader {
    const NAMES: &'static [&'static str] = &["user_id"];

    fn record(&mut self, mut record: Record) -> Result<Row, Fault> {
        let name = record.take("user_id").ok_or_else(|| Fault::new("invalid", "user_id is missing"))?;
        let (hash, salt) = (record.take("password_hash"), record.take("salt").unwrap_or_default());
        let password = record.take("password");
        match record.take("is_superuser").as_deref() {
            None | Some("false" | "0") => {}
            Some(_) => self.ignored.check("is_superuser")?,
        }
        record.end()?;
        let device = device_of(self.product, &name)?;
        match (hash, password) {
            (Some(hash), None) => match self.imported(&hash, &salt)? {
                Imported::Hash(hash) => Ok(with_hash(device, hash).into()),
                Imported::Plain(_) => Ok(Row::Plain(Box::new(device), Plain::Password(hash.into()))),
            },
            (None, Some(password)) => {
                Ok(Row::Plain(Box::new(device), Plain::Password(SecretString::from(password))))
            }
            _ => Err(Fault::new("invalid", "give password_hash or password")),
        }
    }
}
