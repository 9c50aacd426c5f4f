use serde::Deserialize;
use serde_json::Value;
use vouchmq_identity::model::{DeviceState, ProductId};
use vouchmq_identity::password_import::from_mosquitto;

use super::elements::Elements;
use super::fault::Fault;
use super::format::{Ignored, Lines};
use super::row::{Row, device_of, with_hash};
use crate::http::{Code, Problem};

/// Reads Mosquitto's password file, `username:hash` a line, and the clients of its `dynamic-security.json`.
pub(super) struct MosquittoReader {
    product: ProductId,
    ignored: Ignored,
}

/// A client of `dynamic-security.json`. Names and descriptions say nothing that a device could do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    username: String,
    #[serde(default)]
    clientid: Option<String>,
    #[serde(default)]
    encoded_password: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    salt: Option<String>,
    #[serde(default)]
    iterations: Option<u32>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    roles: Vec<Value>,
    #[serde(default)]
    groups: Vec<Value>,
    #[serde(default, rename = "textname")]
    _name: Option<String>,
    #[serde(default, rename = "textdescription")]
    _description: Option<String>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Document<'a> {
    clients: Elements<'a>,
}

/// The clients of a document.
pub(super) fn users(document: &[u8]) -> Result<Elements<'_>, Problem> {
    let malformed =
        |_| Problem::new(Code::MalformedJson, "the body is not a dynamic-security.json with clients");
    serde_json::from_slice::<Document<'_>>(document).map(|document| document.clients).map_err(malformed)
}

impl MosquittoReader {
    pub(super) const fn new(product: ProductId, ignored: Ignored) -> Self {
        Self { product, ignored }
    }

    pub(super) fn user(&mut self, user: Value) -> Result<Row, Fault> {
        // An array would be read as fields without their names.
        if !user.is_object() {
            return Err(Fault::new("malformed_row", "a client is a JSON object"));
        }
        let client: Client = serde_json::from_value(user).map_err(|error| Fault::of_json(&error))?;
        if !client.roles.is_empty() {
            self.ignored.check("roles")?;
        }
        if !client.groups.is_empty() {
            self.ignored.check("groups")?;
        }
        let mut device = device_of(self.product, &client.username)?;
        if client.clientid.is_some_and(|id| id != client.username) {
            self.ignored.check("clientid")?;
        }
        if client.disabled {
            device.state = DeviceState::Suspended;
        }
        let hash = match (client.encoded_password, client.password, client.salt) {
            (Some(encoded), None, None) => encoded,
            (None, Some(hash), Some(salt)) => {
                let iterations =
                    client.iterations.ok_or_else(|| Fault::new("invalid", "iterations is missing"))?;
                format!("$7${iterations}${salt}${hash}")
            }
            (None, None, None) => return Ok(device.into()),
            _ => return Err(Fault::new("invalid", "password, salt and iterations belong together")),
        };
        Ok(with_hash(device, from_mosquitto(&hash)?).into())
    }
}

impl Lines for MosquittoReader {
    fn row(&mut self, line: &str) -> Result<Option<Row>, Fault> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let malformed = || Fault::new("malformed_row", "not of the form username:hash");
        let (name, hash) = line.split_once(':').ok_or_else(malformed)?;
        let device = device_of(self.product, name)?;
        Ok(Some(with_hash(device, from_mosquitto(hash.trim_end())?).into()))
    }
}
