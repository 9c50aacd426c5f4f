//! Who somebody is to the management API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/whoami`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Whoami {
    /// As it stands in the audit log.
    pub name: String,
    /// By what: `administrator_token`, `api_key`, `jwt`, `password`, `certificate` or `anonymous`.
    pub login: String,
    /// The role that was given, if one was.
    pub role: Option<String>,
    /// What is opened, those of the role among them.
    pub scopes: Vec<String>,
    /// Nothing is opened from this time on.
    pub expires_at: Option<String>,
    /// Where the request comes from, as far as this listener can tell.
    pub address: String,
}
