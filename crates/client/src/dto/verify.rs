//! The authentication service.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/auth/verify`: a client that wants to connect to a broker.
///
/// `Debug` does not show the password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// Its Client Identifier.
    #[serde(default)]
    pub clientid: String,
    /// Its User Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Its Password, if that is UTF-8; not together with `password_b64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Its Password, any bytes, in base64 with padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_b64: Option<String>,
    /// Its IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peerhost: Option<String>,
}

/// The answer: whether the client may connect, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifyResponse {
    /// What to do with the client.
    pub decision: Decision,
    /// Why it is denied, as far as it may learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The device that it is, when it is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The credential that it proved, when it is allowed: what to name when it is reconsidered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// What it may do, when it is allowed; what no rule allows is denied, and `deny` wins over `allow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Vec<AclEntry>>,
    /// When the verdict ends (RFC 3339); null if never.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// The change of the registry that the verdict is at least as new as.
    pub as_of: u64,
}

/// What to do with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is who it says.
    Allow,
    /// It may not connect; ask nobody else.
    Deny,
    /// Nobody here knows it: ask the next authenticator, if there is one.
    NotMine,
    /// It cannot be decided now: refuse it for the moment, and ask nobody else.
    Unavailable,
}

/// What a client that is denied may learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user name or password is wrong.
    BadCredential,
    /// This client may not connect.
    NotAllowed,
}

/// One rule for one client, its names filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AclEntry {
    /// Whether it allows or denies.
    pub permission: AclPermission,
    /// What.
    pub action: AclAction,
    /// A topic filter.
    pub topic: String,
}

/// Whether a rule allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AclPermission {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AclAction {
    /// Publishing.
    Publish,
    /// Subscribing and receiving.
    Subscribe,
    /// Both.
    All,
}

/// `POST /v1/auth/verify:batch`: several clients at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBatchRequest {
    /// At most [`BATCH_MAX`].
    #[schema(max_items = 256)]
    pub items: Vec<VerifyRequest>,
}

/// Most items of a batch.
pub const BATCH_MAX: usize = 256;

/// The answers, in the order of the items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifyBatchResponse {
    /// The change of the registry that all verdicts are at least as new as.
    pub as_of: u64,
    /// One for each item.
    pub results: Vec<VerifyResponse>,
}

/// `POST /v1/auth/reconsider`: devices that were let in, of which something may have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconsiderRequest {
    /// At most [`BATCH_MAX`].
    #[schema(max_items = 256)]
    pub items: Vec<ReconsiderItem>,
}

/// A device that was let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconsiderItem {
    /// The device, as the answer that let it in named it.
    pub device_id: String,
    /// The credential, as that answer named it.
    pub credential_id: String,
    /// Its Client Identifier.
    pub clientid: String,
    /// The User Name of its CONNECT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Its IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peerhost: Option<String>,
}

/// Whether they may stay, and what they may do now, in the order of the items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconsiderResponse {
    /// The change of the registry that all verdicts are at least as new as.
    pub as_of: u64,
    /// One for each item: `allow`, `deny`, or `unavailable` where that cannot be told now.
    pub results: Vec<VerifyResponse>,
}

impl fmt::Debug for VerifyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyRequest")
            .field("clientid", &self.clientid)
            .field("username", &self.username)
            .field("peerhost", &self.peerhost)
            .finish_non_exhaustive()
    }
}
