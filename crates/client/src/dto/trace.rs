//! Events of `GET /v1/trace`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that happened to a connection that is traced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceEvent {
    /// When.
    pub at: String,
    /// `accepted`, `found`: it was there when the trace began, `packet`, `allowed`, `refused`, `closed`, `missed`: so
    /// many events came faster than they were read, `end`: the time of the trace is over.
    pub event: String,
    /// The number of the connection in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// Where it comes from; null over a Unix socket.
    pub peer: Option<String>,
    /// By which listener it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
    /// Why a client is refused, or a connection closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many events were missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What was received or sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet: Option<TracedPacket>,
}

/// A packet: never a password, authentication data or the payload of a will.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedPacket {
    /// `in`: from the client; `out`: to it.
    pub direction: String,
    /// `CONNECT` and so on; `?`: it is none.
    #[serde(rename = "type")]
    pub kind: String,
    /// Bytes of the whole packet.
    pub length: u64,
    /// Packet Identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_id: Option<u16>,
    /// Topic Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// QoS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qos: Option<u8>,
    /// RETAIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain: Option<bool>,
    /// DUP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dup: Option<bool>,
    /// Reason codes in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Session Present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_present: Option<bool>,
    /// Topic Filters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<TracedFilter>,
    /// Properties of MQTT 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<TracedProperty>,
    /// Bytes of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_length: Option<u64>,
    /// The first bytes of it, as many as were asked for, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_b64: Option<String>,
    /// What a CONNECT says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<TracedConnect>,
    /// Why no more is told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A Topic Filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedFilter {
    /// The filter.
    pub filter: String,
    /// What is subscribed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
}

/// A property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedProperty {
    /// As the standard calls it.
    pub name: String,
    /// Its value; `<secret>` of Authentication Data.
    pub value: String,
}

/// A CONNECT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedConnect {
    /// Client Identifier.
    pub clientid: String,
    /// User Name.
    pub username: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// Clean Start.
    pub clean_start: bool,
    /// Keep Alive, in seconds.
    pub keepalive: u16,
    /// 3, 4 or 5.
    pub proto_ver: u8,
    /// The topic of its will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub will_topic: Option<String>,
    /// Bytes of the payload of its will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub will_length: Option<u64>,
}
