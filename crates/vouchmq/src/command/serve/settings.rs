//! From settings to what the broker and the listeners are started with.

pub(super) mod variables;

use std::sync::Arc;

use vouchmq_api::registration::{Rate, RegistrationLimits};
use vouchmq_broker::{BrokerConfig, BrokerSettings, ListenerOptions};
use vouchmq_config::{Settings, SubscribeDenied};
use vouchmq_identity::{Authenticator, ExchangeMethod};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::engine::{EngineOptions, EngineSettings};
use vouchmq_mqtt::retained::{RetainedLimits, SharedRetained};
use vouchmq_mqtt::topic::HashSeed;

use crate::exit::{self, Failure};

/// How often devices may register. Who comes through a proxy of this machine has no address of its own: loopback
/// does not count as one.
pub(super) const fn registration(settings: &Settings) -> RegistrationLimits {
    const fn rate(per_second: u32, at_once: u32) -> Rate {
        Rate::new(per_second, per_second.saturating_mul(at_once))
    }
    RegistrationLimits {
        all: rate(settings.registration_rate, 2),
        each_address: rate(settings.registration_rate_per_address, 2),
        each_token: rate(settings.registration_rate_per_token, 5),
        is_loopback_exempt: true,
        ..RegistrationLimits::DEFAULT
    }
}

/// What a broker at work can be changed to.
pub(super) fn live(settings: &Settings) -> (EngineSettings, RetainedLimits, BrokerSettings) {
    let engine = EngineSettings {
        limits: Arc::new(settings.limits.clone()),
        share_policy: settings.share_policy,
        deny_action: settings.deny_action,
        check_payload_format: settings.check_payload_format,
        subscribe_denied_reason: match settings.subscribe_denied {
            SubscribeDenied::NotAuthorized => ReasonCode::NOT_AUTHORIZED,
            SubscribeDenied::Unspecified => ReasonCode::UNSPECIFIED_ERROR,
        },
        ..EngineSettings::default()
    };
    let broker = BrokerSettings {
        connections_max: settings.connections_max,
        connections_per_address_max: settings.connections_per_address_max,
        connect_rate_per_address: settings.connect_rate_per_address,
        failed_logins_per_address: settings.failed_logins_per_address,
        takeovers_per_client_id: settings.takeovers_per_client_id,
        queue_delay_target: settings.queue_delay_target,
        drain_timeout: settings.drain_timeout,
        memory_bytes_max: settings.memory_bytes_max,
        sys_interval_secs: settings.sys_interval_secs,
    };
    (engine, settings.retained, broker)
}

/// Everything that the broker is started with.
pub(super) fn broker_config(
    settings: &Settings,
    listeners: Vec<ListenerOptions>,
    shard_count: u16,
    authenticator: Arc<dyn Authenticator>,
    exchange_methods: Vec<Arc<dyn ExchangeMethod>>,
) -> Result<BrokerConfig, Failure> {
    let (engine_settings, retained, broker) = live(settings);
    let mut engine = EngineOptions::new(shard_count);
    engine.hash_seed = HashSeed::new([random()?, random()?]);
    engine.assigned_id_seed = random()?;
    engine.retained = SharedRetained::new(HashSeed::new([random()?, random()?]), retained);
    engine.settings = engine_settings;
    Ok(BrokerConfig {
        listeners,
        engine,
        authenticator,
        exchange_methods,
        settings: broker,
        heap_bytes_in_use: crate::heap::bytes_in_use,
        verify_threads: settings.verify_threads,
    })
}

/// Eight random bytes.
pub(super) fn random() -> Result<u64, Failure> {
    getrandom::u64().map_err(|error| Failure::unusable(format_args!("no randomness available: {error}")))
}

/// The keys with bounds, for `serve --help`.
pub(super) fn help() -> String {
    format!("{}\n{}", vouchmq_config::help(), exit::CODES)
}
