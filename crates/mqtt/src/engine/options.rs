use std::sync::Arc;

use crate::limits::Limits;
use crate::retained::SharedRetained;
use crate::topic::HashSeed;

/// What engines are made with; the same for all that work together.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// How many engines work together, 1 to [`SHARDS_MAX`](super::SHARDS_MAX).
    pub shard_count: u16,
    /// Seeds every hash table: random in production, fixed in tests.
    pub hash_seed: HashSeed,
    /// Starts the Client Identifiers that the server assigns: random in production.
    pub assigned_id_seed: u64,
    /// The one store of retained messages.
    pub retained: SharedRetained,
    /// What may change while the engines run.
    pub settings: EngineSettings,
}

/// What may change while engines run ([`Input::Reconfigure`](super::Input::Reconfigure)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// Every bound. A connection keeps those that its client was told of (packet size, Receive Maximum, topic
    /// aliases, keep-alive, session expiry) for as long as it lasts; all others count at once.
    pub limits: Arc<Limits>,
    /// How a shared subscription picks its member.
    pub share_policy: SharePolicy,
    /// What happens to a QoS 0 PUBLISH, or any PUBLISH of MQTT 3.x, that is not allowed.
    pub deny_action: DenyAction,
    /// Answer a SUBSCRIBE that is not allowed with Not authorized (0x87) instead of 0x80.
    pub subscribe_denied_reason: crate::ReasonCode,
    /// Refuse payloads that are announced as UTF-8 and are not (0x99).
    pub check_payload_format: bool,
    /// Given to clients that request Response Information.
    pub response_information: Option<Arc<str>>,
}

/// How a shared subscription picks the member for a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SharePolicy {
    /// One after the other.
    #[default]
    RoundRobin,
    /// The same member for as long as it is online.
    Sticky,
    /// By the publisher's Client Identifier.
    HashClientId,
}

/// What happens to a PUBLISH that is not allowed and cannot be answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DenyAction {
    /// Dropped and counted; acknowledged where an acknowledgement is due.
    #[default]
    Ignore,
    /// The client is disconnected (0x87).
    Disconnect,
}

impl EngineOptions {
    /// Options for `shard_count` engines with default limits, an empty retained store and fixed seeds.
    pub fn new(shard_count: u16) -> Self {
        Self {
            shard_count: shard_count.clamp(1, super::SHARDS_MAX),
            hash_seed: HashSeed::new([0, 0]),
            assigned_id_seed: 0,
            retained: SharedRetained::new(HashSeed::new([0, 0]), crate::retained::RetainedLimits::default()),
            settings: EngineSettings::default(),
        }
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            limits: Arc::new(Limits::default()),
            share_policy: SharePolicy::default(),
            deny_action: DenyAction::default(),
            subscribe_denied_reason: crate::ReasonCode::NOT_AUTHORIZED,
            check_payload_format: false,
            response_information: None,
        }
    }
}
