//! What a row with bounds sets: limits and policies.

use std::time::Duration;

use vouchmq_mqtt::Limits;
use vouchmq_mqtt::engine::{DenyAction, SharePolicy};
use vouchmq_mqtt::retained::RetainedLimits;

/// Limits and policies: every field has a row of the table, with its bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Of the protocol.
    pub limits: Limits,
    /// Of retained messages.
    pub retained: RetainedLimits,
    /// How a shared subscription picks a member.
    pub share_policy: SharePolicy,
    /// What becomes of a publish that is not allowed and cannot be answered.
    pub deny_action: DenyAction,
    /// What a SUBSCRIBE that is not allowed is told.
    pub subscribe_denied: SubscribeDenied,
    /// Whether payloads that are announced as UTF-8 have to be.
    pub check_payload_format: bool,
    /// Connections at once, on all listeners; 0 = as many as descriptors allow.
    pub connections_max: usize,
    /// Connections from one address; 0 = any number.
    pub connections_per_address_max: usize,
    /// CONNECTs per second from one address; 0 = any number.
    pub connect_rate_per_address: u32,
    /// Failed logins of one address per minute; 0 = any number.
    pub failed_logins_per_address: u32,
    /// Takeovers of one client id per minute; 0 = any number.
    pub takeovers_per_client_id: u32,
    /// How long CONNECTs may wait for the machine before fewer are taken; 0 = for ever.
    pub queue_delay_target: Duration,
    /// Bytes of the process; `None` = 80 % of what there is.
    pub memory_bytes_max: Option<u64>,
    /// Seconds between two publications of `$SYS`; 0 = never.
    pub sys_interval_secs: u32,
    /// How long clients may take to read what is left at the end.
    pub drain_timeout: Duration,
    /// Threads that verify passwords.
    pub verify_threads: usize,
    /// Registrations per second of all devices.
    pub registration_rate: u32,
    /// Registrations per second of one address.
    pub registration_rate_per_address: u32,
    /// Registrations per second with one claim token.
    pub registration_rate_per_token: u32,
    /// For how long another broker on the database may say nothing and is still waited for.
    pub node_timeout: Duration,
    /// For how many seconds devices are let in while the database does not answer; `None` is for ever.
    pub staleness_max_secs: Option<u64>,
}

/// What a SUBSCRIBE that is not allowed is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubscribeDenied {
    /// Not authorized (0x87).
    #[default]
    NotAuthorized,
    /// Unspecified error (0x80).
    Unspecified,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            retained: RetainedLimits::default(),
            share_policy: SharePolicy::default(),
            deny_action: DenyAction::default(),
            subscribe_denied: SubscribeDenied::default(),
            check_payload_format: false,
            connections_max: 0,
            connections_per_address_max: 0,
            connect_rate_per_address: 0,
            failed_logins_per_address: 30,
            takeovers_per_client_id: 30,
            queue_delay_target: Duration::from_millis(100),
            memory_bytes_max: None,
            sys_interval_secs: 10,
            drain_timeout: Duration::from_secs(5),
            verify_threads: 2,
            registration_rate: 2_000,
            registration_rate_per_address: 10,
            registration_rate_per_token: 20,
            node_timeout: Duration::from_secs(10),
            staleness_max_secs: None,
        }
    }
}
