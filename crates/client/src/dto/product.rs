//! Products: kinds of devices.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::present;

/// What the devices of a kind have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// What people and devices call it by; unique.
    pub key: String,
    /// What people read.
    pub name: String,
    /// How devices get in: `off`, `allow_list`, `quarantine` or `auto`.
    pub reg_strategy: String,
    /// Which Client Identifiers they may use: `exact`, `prefix` or `any`.
    pub clientid_binding: String,
    /// How they may prove who they are: `secret`, `password`, `scram`.
    pub allowed_kinds: Vec<String>,
    /// What they may do; what no rule allows is denied, and `deny` wins over `allow`.
    pub acl: Vec<AclRule>,
    /// Most devices; null for any number.
    pub max_devices: Option<u32>,
    /// `active`, or `disabled`: none of its devices may connect.
    pub state: String,
    /// Grows with every change; the `ETag`.
    pub version: u64,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// One rule of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AclRule {
    /// `allow` or `deny`.
    pub effect: String,
    /// `publish`, `subscribe` or `both`.
    pub action: String,
    /// A topic filter; `${device}`, `${clientid}`, `${username}`, `${product}` and `${attr.NAME}` stand in it.
    pub topic: String,
}

/// One rule, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAclRule {
    /// `allow` or `deny`.
    pub effect: String,
    /// `publish`, `subscribe` or `both`.
    pub action: String,
    /// A topic filter; `${device}`, `${clientid}`, `${username}`, `${product}` and `${attr.NAME}` stand in it.
    pub topic: String,
}

/// `POST /v1/products`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// What people and devices call it by: 1 to 64 of `a-z 0-9 _ -`, the first a letter or digit.
    pub key: String,
    /// What people read: 1 to 256 bytes.
    pub name: String,
    /// How devices get in; `off` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reg_strategy: Option<String>,
    /// Which Client Identifiers they may use; `exact` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clientid_binding: Option<String>,
    /// How they may prove who they are; `secret` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_kinds: Option<Vec<String>>,
    /// What they may do, at most 64 rules; both below `dev/${device}/#` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 64)]
    pub acl: Option<Vec<NewAclRule>>,
    /// Most devices; any number if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<u32>,
    /// `active` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// `PATCH /v1/products/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPatch {
    /// What people read.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How devices get in.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub reg_strategy: Option<String>,
    /// Which Client Identifiers they may use.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub clientid_binding: Option<String>,
    /// How they may prove who they are.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub allowed_kinds: Option<Vec<String>>,
    /// What they may do, at most 64 rules; all of them are replaced.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 64)]
    pub acl: Option<Vec<NewAclRule>>,
    /// Most devices; null for any number.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub max_devices: Option<Option<u32>>,
    /// `active` or `disabled`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl From<AclRule> for NewAclRule {
    fn from(AclRule { effect, action, topic }: AclRule) -> Self {
        Self { effect, action, topic }
    }
}
