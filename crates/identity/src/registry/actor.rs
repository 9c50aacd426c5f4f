use std::net::IpAddr;

use crate::model::{DeviceId, Name};

/// Who wants something done: what stands in the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: Box<str>,
    address: Option<IpAddr>,
    request_id: Option<Box<str>>,
    is_administrator: bool,
}

/// Whoever has the token of the first administrator.
const ADMINISTRATOR: &str = "admin";
const SYSTEM: &str = "system";
const STRANGER: &str = "registration";
const DEVICE: &str = "device:";
/// Whoever comes from this machine and shows nothing.
const ANONYMOUS: &str = "anonymous";
/// What stands before the names of operators that no API key has let in.
const OPERATORS: [&str; 4] = ["user:", "jwt:", "cert:", "key:"];

impl Actor {
    /// Whether this name stands for somebody in the audit log who has no API key.
    pub fn is_reserved(name: &str) -> bool {
        [ADMINISTRATOR, SYSTEM, STRANGER, ANONYMOUS].contains(&name)
            || name.starts_with(DEVICE)
            || OPERATORS.iter().any(|kind| name.starts_with(kind))
    }

    /// The broker itself.
    pub fn system() -> Self {
        Self { name: SYSTEM.into(), address: None, request_id: None, is_administrator: false }
    }

    /// Somebody who administers, by the name of the key they used.
    pub fn administrator(name: &Name, address: Option<IpAddr>) -> Self {
        Self { name: name.as_str().into(), address, request_id: None, is_administrator: true }
    }

    /// A device that proved itself.
    pub fn device(id: &DeviceId, address: Option<IpAddr>) -> Self {
        let name = format!("{DEVICE}{id}").into();
        Self { name, address, request_id: None, is_administrator: false }
    }

    /// Somebody who proved nothing yet: a device that registers.
    pub fn stranger(address: Option<IpAddr>) -> Self {
        Self { name: STRANGER.into(), address, request_id: None, is_administrator: false }
    }

    /// The same, as part of this request.
    #[must_use]
    pub fn in_request(self, id: impl Into<Box<str>>) -> Self {
        Self { request_id: Some(id.into()), ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it acts from.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The request that it acts in.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Whether what it does is an administrative change.
    pub const fn is_administrator(&self) -> bool {
        self.is_administrator
    }
}
