//! Every limit that can be set: one table of key, unit, bounds and meaning, from which values, help and
//! documentation come.

mod table;
mod value;
pub(super) mod variables;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use vouchmq_api::registration::{Rate, RegistrationLimits};
use vouchmq_broker::{BrokerConfig, BrokerSettings, ListenerOptions};
use vouchmq_identity::{Authenticator, ExchangeMethod};
use vouchmq_mqtt::engine::{DenyAction, EngineOptions, SharePolicy};
use vouchmq_mqtt::retained::{RetainedLimits, SharedRetained};
use vouchmq_mqtt::topic::HashSeed;
use vouchmq_mqtt::{Limits, ReasonCode};

use crate::exit::{self, Failure};
use table::{ROWS, Row};

/// What the table sets.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    limits: Limits,
    retained: RetainedLimits,
    share_policy: SharePolicy,
    deny_action: DenyAction,
    subscribe_denied: SubscribeDenied,
    check_payload_format: bool,
    connections_max: usize,
    connections_per_address_max: usize,
    connect_rate_per_address: u32,
    memory_bytes_max: Option<u64>,
    sys_interval_secs: u32,
    drain_timeout: Duration,
    verify_threads: usize,
    registration_rate: u32,
    registration_rate_per_address: u32,
    registration_rate_per_token: u32,
    node_timeout: Duration,
    /// In seconds.
    max_staleness: Option<u64>,
}

/// What a SUBSCRIBE that is not allowed is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SubscribeDenied {
    #[default]
    NotAuthorized,
    Unspecified,
}

// === impl Settings ===

impl Settings {
    /// Defaults, then the environment, then `--set`.
    pub(super) fn resolve(
        environment: impl Iterator<Item = (OsString, OsString)>,
        set: &[String],
    ) -> Result<Self, Failure> {
        let mut settings = Self::default();
        for (name, value) in environment {
            let Some(row) = name.to_str().and_then(row_of_variable) else { continue };
            let name = name.display();
            let value = value
                .to_str()
                .ok_or_else(|| Failure::unusable(format_args!("{name} is not UTF-8; {}", row.allowed())))?;
            settings.apply(row, value).map_err(|why| Failure::unusable(format_args!("{name}: {why}")))?;
        }
        for text in set {
            let (key, value) = text.split_once('=').ok_or_else(|| {
                Failure::unusable(format_args!("--set {text}: write KEY=VALUE, as mqtt.max_packet_size=2MB"))
            })?;
            let row = ROWS.iter().find(|row| row.key == key.trim()).ok_or_else(|| unknown(key))?;
            let complain = |why| Failure::unusable(format_args!("--set {}: {why}", row.key));
            settings.apply(row, value.trim()).map_err(complain)?;
        }
        Ok(settings)
    }

    fn apply(&mut self, row: &Row, text: &str) -> Result<(), String> {
        let value = row.parse(text).map_err(|()| format!("'{text}' is not possible; {}", row.allowed()))?;
        (row.set)(self, value);
        Ok(())
    }

    /// How often devices may register. Until there is TLS whoever is not on this machine comes through a proxy
    /// that is: loopback does not count as an address.
    pub(super) const fn registration(&self) -> RegistrationLimits {
        const fn rate(per_second: u32, at_once: u32) -> Rate {
            Rate::new(per_second, per_second.saturating_mul(at_once))
        }
        RegistrationLimits {
            all: rate(self.registration_rate, 2),
            each_address: rate(self.registration_rate_per_address, 2),
            each_token: rate(self.registration_rate_per_token, 5),
            is_loopback_exempt: true,
            ..RegistrationLimits::DEFAULT
        }
    }

    /// For how long a broker on the same database may say nothing and is still waited for.
    pub(super) const fn node_timeout(&self) -> Duration {
        self.node_timeout
    }

    /// For how long devices are let in while the database does not answer; `None` is for ever.
    pub(super) fn max_staleness(&self) -> Option<Duration> {
        self.max_staleness.map(Duration::from_secs)
    }

    /// Everything that the broker is started with.
    pub(super) fn into_config(
        self,
        listeners: Vec<ListenerOptions>,
        shard_count: u16,
        authenticator: Arc<dyn Authenticator>,
        exchange_methods: Vec<Arc<dyn ExchangeMethod>>,
    ) -> Result<BrokerConfig, Failure> {
        let mut engine = EngineOptions::new(shard_count);
        engine.hash_seed = HashSeed::new([random()?, random()?]);
        engine.assigned_id_seed = random()?;
        engine.retained = SharedRetained::new(HashSeed::new([random()?, random()?]), self.retained);
        engine.settings.limits = Arc::new(self.limits);
        engine.settings.share_policy = self.share_policy;
        engine.settings.deny_action = self.deny_action;
        engine.settings.check_payload_format = self.check_payload_format;
        engine.settings.subscribe_denied_reason = match self.subscribe_denied {
            SubscribeDenied::NotAuthorized => ReasonCode::NOT_AUTHORIZED,
            SubscribeDenied::Unspecified => ReasonCode::UNSPECIFIED_ERROR,
        };
        Ok(BrokerConfig {
            listeners,
            engine,
            authenticator,
            exchange_methods,
            settings: BrokerSettings {
                connections_max: self.connections_max,
                connections_per_address_max: self.connections_per_address_max,
                connect_rate_per_address: self.connect_rate_per_address,
                drain_timeout: self.drain_timeout,
                memory_bytes_max: self.memory_bytes_max,
                sys_interval_secs: self.sys_interval_secs,
            },
            heap_bytes_in_use: crate::heap::bytes_in_use,
            verify_threads: self.verify_threads,
        })
    }
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
            memory_bytes_max: None,
            sys_interval_secs: 10,
            drain_timeout: Duration::from_secs(5),
            verify_threads: 2,
            registration_rate: 2_000,
            registration_rate_per_address: 10,
            registration_rate_per_token: 20,
            node_timeout: Duration::from_secs(10),
            max_staleness: None,
        }
    }
}

/// Eight random bytes.
pub(super) fn random() -> Result<u64, Failure> {
    getrandom::u64().map_err(|error| Failure::unusable(format_args!("no randomness available: {error}")))
}

fn row_of_variable(name: &str) -> Option<&'static Row> {
    let name = name.strip_prefix("VOUCHMQ_")?;
    ROWS.iter().find(|row| row.variable() == name)
}

/// Names the key that was probably meant.
fn unknown(key: &str) -> Failure {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let is_near = |row: &&Row| last(row.key) == last(key) || row.key.contains(key.trim());
    let near: Vec<&str> = ROWS.iter().filter(is_near).map(|row| row.key).collect();
    let meant = if near.is_empty() || key.trim().is_empty() {
        "'vouchmq serve --help' lists all keys".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::unusable(format_args!("--set {key}: there is no such key; {meant}"))
}

/// The table for `serve --help`.
pub(super) fn help() -> String {
    let defaults = Settings::default();
    let mut text = String::from(
        "Keys of --set, their defaults and bounds (environment: VOUCHMQ_ and the key in capitals, \
         with _ for each dot):\n",
    );
    for row in ROWS {
        let value = row.show((row.get)(&defaults));
        let _ = write!(text, "  {} [{value}]\n      {}; {}\n", row.key, row.what, row.allowed());
    }
    text.push('\n');
    text.push_str(exit::CODES);
    text
}

#[cfg(test)]
mod tests;
