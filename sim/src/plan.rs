//! What one seed simulates: how many engines, under which limits, in which weather, with which clients.

mod profile;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use vouchmq_mqtt::engine::{DenyAction, EngineOptions, EngineSettings, SharePolicy};
use vouchmq_mqtt::retained::{RetainedLimits, SharedRetained};
use vouchmq_mqtt::topic::HashSeed;
use vouchmq_mqtt::{Limits, QueueFull};

use crate::network::Weather;
use crate::seed::Rng;

pub(crate) use profile::Profile;

/// A range of times.
pub(crate) type Span = RangeInclusive<Duration>;

/// Everything about a run that is decided before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) options: EngineOptions,
    pub(crate) weather: Weather,
    /// How long mail between two engines takes.
    pub(crate) mail: Span,
    /// How long the journal takes.
    pub(crate) journal: Span,
    /// How long the driver waits for more before it writes.
    pub(crate) flush: Span,
    pub(crate) authenticator: Authenticator,
    pub(crate) clients: Vec<Profile>,
    /// How long clients work before everything comes to rest.
    pub(crate) active: Duration,
    /// How often, in a thousand turns of a client, something goes wrong.
    pub(crate) mishaps: u64,
    /// How often the operator does something.
    pub(crate) operator: Span,
    /// Whether the broker shuts down at the end, instead of clients leaving.
    pub(crate) drains: bool,
}

/// How the authenticator behaves, in a thousand answers.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    pub(crate) delay: Span,
    pub(crate) denies: u64,
    pub(crate) is_unavailable: u64,
    pub(crate) never_answers: u64,
    pub(crate) expires: u64,
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let shard_count = u16::try_from(rng.within(1..=5)).unwrap_or(1);
        let retained = RetainedLimits {
            messages_max: if rng.chance(100) { 4 } else { 1_000_000 },
            ..RetainedLimits::default()
        };
        let options = options(shard_count, retained, rng);
        let clients = profile::draw_all(&options, rng);
        Self {
            weather: weather(rng),
            mail: span(0, rng.one_of([500, 5_000, 50_000, 400_000])),
            journal: span(0, rng.one_of([0, 2_000, 50_000, 1_000_000])),
            flush: span(0, rng.one_of([0, 500, 5_000])),
            authenticator: Authenticator {
                delay: span(0, rng.one_of([0, 5_000, 300_000])),
                denies: rng.one_of([0, 20]),
                is_unavailable: rng.one_of([0, 20]),
                never_answers: rng.one_of([0, 10]),
                expires: rng.one_of([0, 50]),
            },
            clients,
            active: Duration::from_secs(rng.within(20..=120)),
            mishaps: rng.one_of([0, 20, 60, 150]),
            operator: span(1_000_000, rng.one_of([3_000_000, 20_000_000])),
            drains: rng.chance(100),
            options,
        }
    }

    /// How long it takes at most until every engine knows what one of them did, and answered.
    pub(crate) fn propagation(&self) -> Duration {
        (*self.mail.end() + *self.flush.end()) * 4 + Duration::from_millis(20)
    }
}

fn options(shard_count: u16, retained: RetainedLimits, rng: &mut Rng) -> EngineOptions {
    let hash_seed = HashSeed::new([rng.bits(), rng.bits()]);
    EngineOptions {
        hash_seed: hash_seed.clone(),
        assigned_id_seed: rng.bits(),
        settings: EngineSettings {
            limits: Arc::new(limits(rng)),
            share_policy: rng.one_of([
                SharePolicy::RoundRobin,
                SharePolicy::Sticky,
                SharePolicy::HashClientId,
            ]),
            deny_action: rng.one_of([DenyAction::Ignore, DenyAction::Ignore, DenyAction::Disconnect]),
            ..EngineSettings::default()
        },
        retained: SharedRetained::new(hash_seed, retained),
        ..EngineOptions::new(shard_count)
    }
}

fn limits(rng: &mut Rng) -> Limits {
    Limits {
        connect_deadline: Duration::from_secs(rng.within(2..=10)),
        unauthenticated_bytes_max: rng.one_of([10_000, 65_536]),
        packet_bytes_max: rng.one_of([10_000, 65_536, 1_048_576]),
        subscriptions_max: rng.one_of([3, 10, 1024]),
        receive_maximum: rng.one_of([1, 2, 5, 20, 1024]),
        topic_alias_maximum: rng.one_of([0, 1, 3, 16]),
        outbound_bytes_max: rng.one_of([300, 2_000, 16_384, 1_048_576]),
        queued_messages_max: rng.one_of([3, 10, 50, 1000, 1000]),
        queued_bytes_max: rng.one_of([2_000, 20_000, 4_194_304, 4_194_304]),
        queue_full: rng.one_of([QueueFull::Reject, QueueFull::DropNew, QueueFull::DropOldest]),
        stalled_receiver: Duration::from_secs(rng.one_of([5, 30])),
        keep_alive_max_secs: rng.one_of([0, 0, 4, 30]),
        session_expiry_max_secs: rng.one_of([0, 5, 60, u32::MAX, u32::MAX]),
        messages_per_sec: rng.one_of([0, 0, 0, 0, 0, 0, 5, 50]),
        bytes_per_sec: rng.one_of([0, 0, 0, 0, 0, 0, 2_000, 20_000]),
        ..Limits::default()
    }
}

fn weather(rng: &mut Rng) -> Weather {
    Weather {
        latency: span(rng.one_of([10, 1_000]), rng.one_of([1_000, 20_000, 200_000])),
        pieces_max: rng.one_of([1, 2, 4]),
        capacity: rng.one_of([200, 4_000, 65_536]),
    }
}

/// From so many microseconds to so many.
pub(crate) fn span(from: u64, to: u64) -> Span {
    Duration::from_micros(from)..=Duration::from_micros(to.max(from))
}
