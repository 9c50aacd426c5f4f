//! Messages: published over the API, and retained ones.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/publish`: one Application Message. Its payload is `payload`, `payload_b64`, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// The Topic Name, without wildcards. One that begins with `$` needs the scope `broker:control`.
    pub topic: String,
    /// The payload, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The payload, as base64 (RFC 4648, section 4); not together with `payload`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_b64: Option<String>,
    /// 0, 1 or 2; 0 if it is missing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub qos: u8,
    /// Whether it is kept for those who subscribe later; with an empty payload what is kept is removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retain: bool,
    /// The properties of MQTT 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<MessageProperties>,
}

/// The properties of a PUBLISH that its publisher chooses (MQTT 5.0, 3.3.2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageProperties {
    /// 1: the payload is UTF-8; 0: it is bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_format_indicator: Option<u8>,
    /// Seconds after which it is worth nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_expiry_interval: Option<u32>,
    /// What the payload is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Where an answer is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_topic: Option<String>,
    /// What belongs to the request, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_data: Option<String>,
    /// The same as base64; not together with `correlation_data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_data_b64: Option<String>,
    /// Names and values, in this order; a name may come again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_properties: Vec<UserProperty>,
}

/// A name and a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserProperty {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Published {
    /// Whether anybody had subscribed to it.
    pub matched: bool,
    /// Of many: why this one was not published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// `POST /v1/publish:batch`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessages {
    /// 1 to 256, published in this order; none of them if one is not valid.
    pub items: Vec<NewMessage>,
}

/// What became of messages, in the order of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublishedMessages {
    /// One for each.
    pub results: Vec<Published>,
}

/// A retained message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetainedMessage {
    /// Its topic.
    pub topic: String,
    /// 0, 1 or 2.
    pub qos: u8,
    /// Bytes of the whole payload.
    pub payload_bytes: u64,
    /// The payload, where it is UTF-8; in a list its first 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The payload as base64, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_b64: Option<String>,
    /// Whether there is more of the payload than stands here.
    pub is_cut: bool,
    /// Its properties, as far as there are any; in lists without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<MessageProperties>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// `DELETE /v1/retained`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetainedDeleted {
    /// How many were deleted.
    pub deleted: u64,
    /// Whether there may be more that fit: one call deletes 10,000 at most.
    pub has_more: bool,
}

impl NewMessage {
    /// A message with nothing but a payload: as text, where it is text.
    pub fn with_payload(payload: Vec<u8>) -> Self {
        match String::from_utf8(payload) {
            Ok(text) => Self { payload: Some(text), ..Self::default() },
            Err(bytes) => {
                Self { payload_b64: Some(Base64::encode_string(bytes.as_bytes())), ..Self::default() }
            }
        }
    }
}

/// Whether a field says nothing.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
