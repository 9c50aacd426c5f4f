//! Clients: whoever is connected, and whoever left a session here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One client, connected or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// Its Client Identifier.
    pub clientid: String,
    /// Whether it is connected now.
    pub connected: bool,
    /// The user name that it was let in by; null without one.
    pub username: Option<String>,
    /// The device that it is; null while it is not connected, or for a client that is none of the registry.
    pub device_id: Option<String>,
    /// Where it is connected from, as `192.0.2.1:40123`; null while it is not, or over a Unix socket.
    pub peer: Option<String>,
    /// The listener that it came by, as `tcp` or `ssl.backup`.
    pub listener: Option<String>,
    /// `3.1`, `3.1.1` or `5`: what it speaks, or spoke last.
    pub protocol: String,
    /// Seconds within which it has to be heard; 0: no bound.
    pub keep_alive_secs: u16,
    /// Whether it began with an empty session.
    pub clean_start: bool,
    /// Seconds that its session outlives the connection; null: for ever.
    pub session_expiry_secs: Option<u32>,
    /// When it connected; null while it is not.
    pub connected_at: Option<String>,
    /// When its connection ended; null while it is connected.
    pub disconnected_at: Option<String>,
    /// When its session ends if it stays away; null while it is connected, and where that is never.
    pub session_expires_at: Option<String>,
    /// Its subscriptions, shared ones included.
    pub subscriptions: u64,
    /// QoS 1 and 2 messages that were sent to it and are not finished.
    pub inflight: u64,
    /// Messages that wait for it.
    pub queued: u64,
    /// Bytes of these.
    pub queued_bytes: u64,
    /// What is published for it when it is lost.
    pub will: Option<Will>,
    /// The shard that serves it.
    pub shard: u16,
}

/// What is published when a client is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Will {
    /// Its topic.
    pub topic: String,
    /// The payload's size in bytes: what it says is read by nobody here.
    pub payload_bytes: u64,
    /// 0, 1 or 2.
    pub qos: u8,
    /// Whether it is retained.
    pub retain: bool,
    /// Seconds after the loss that it waits for the client to come back.
    pub delay_secs: u64,
}

/// `POST /v1/clients/{id}:disconnect`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disconnected {
    /// Whether it was connected.
    pub disconnected: bool,
}
