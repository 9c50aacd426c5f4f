use std::sync::Arc;
use std::time::Duration;

use vouchmq_identity::{Authenticator, ExchangeMethod};
use vouchmq_mqtt::engine::EngineOptions;

use crate::ListenerOptions;

/// What a broker is made with.
#[derive(Clone)]
pub struct BrokerConfig {
    /// Where clients connect.
    pub listeners: Vec<ListenerOptions>,
    /// What every engine is made with; `shard_count` says how many threads there are.
    pub engine: EngineOptions,
    /// Judges every CONNECT.
    pub authenticator: Arc<dyn Authenticator>,
    /// Methods of enhanced authentication that clients may name.
    pub exchange_methods: Vec<Arc<dyn ExchangeMethod>>,
    /// What may change while the broker runs, beside what is in `engine`.
    pub settings: BrokerSettings,
    /// Bytes of the heap that are in use, where the allocator tells: what it holds free is no want of memory.
    pub heap_bytes_in_use: fn() -> Option<u64>,
    /// Threads that verify what takes long.
    pub verify_threads: usize,
}

/// What may change while a broker runs ([`Control::reconfigure`](crate::Control::reconfigure)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerSettings {
    /// Connections at once, on all listeners; 0 = as many as descriptors allow.
    pub connections_max: usize,
    /// Connections from one address; 0 = any number.
    pub connections_per_address_max: usize,
    /// CONNECTs per second from one address; 0 = any number.
    pub connect_rate_per_address: u32,
    /// Failed logins of one address per minute that are free; 0 = any number.
    pub failed_logins_per_address: u32,
    /// Takeovers of one client id per minute that are free; 0 = any number.
    pub takeovers_per_client_id: u32,
    /// How long CONNECTs may wait for this machine before fewer of them are taken; 0 = for ever.
    pub queue_delay_target: Duration,
    /// How long clients may take to read what is left when the broker goes down.
    pub drain_timeout: Duration,
    /// Bytes of memory that the process may take; `None` = 80 % of what the machine or its cgroup has.
    pub memory_bytes_max: Option<u64>,
    /// Seconds between two publications of `$SYS`; 0 = never.
    pub sys_interval_secs: u32,
}

impl Default for BrokerSettings {
    fn default() -> Self {
        Self {
            connections_max: 0,
            connections_per_address_max: 0,
            connect_rate_per_address: 0,
            failed_logins_per_address: 30,
            takeovers_per_client_id: 30,
            queue_delay_target: Duration::from_millis(100),
            drain_timeout: Duration::from_secs(5),
            memory_bytes_max: None,
            sys_interval_secs: 10,
        }
    }
}

impl std::fmt::Debug for BrokerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrokerConfig").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}
