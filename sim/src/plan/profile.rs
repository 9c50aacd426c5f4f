use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::engine::EngineOptions;
use vouchmq_mqtt::{Dialect, ProtocolVersion};

use super::{Span, span};
use crate::seed::Rng;

/// What one client is like for the whole run.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Client Identifier; empty asks the broker to assign one.
    pub(crate) id: Rc<str>,
    pub(crate) version: ProtocolVersion,
    /// The session outlives its connection by so many seconds; MQTT 3.x knows 0 and for ever.
    pub(crate) expiry_secs: u32,
    pub(crate) keep_alive_secs: u16,
    /// What MQTT 5 clients ask the broker to keep to.
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) packet_bytes_max: Option<u32>,
    pub(crate) alias_maximum: u16,
    /// Publishes that the client itself leaves unacknowledged at most.
    pub(crate) window: usize,
    /// Time between two turns.
    pub(crate) pace: Span,
    /// MQTT 3.x clients have no Subscription Identifiers to tell shared messages by: some consume a group
    /// and nothing else.
    pub(crate) only_consumes: bool,
    /// Proves who it is by the test method of enhanced authentication.
    pub(crate) has_method: bool,
    /// How often, in a thousand connections, it is privileged.
    pub(crate) privilege: u64,
    /// How often, in a thousand connections, it leaves a will.
    pub(crate) wills: u64,
    /// How long it takes to acknowledge.
    pub(crate) acknowledges: Span,
}

impl Profile {
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::new(self.version)
    }

    /// It says what MQTT 5 can say.
    pub(crate) fn has_properties(&self) -> bool {
        self.dialect().has_properties()
    }
}

pub(super) fn draw_all(options: &EngineOptions, rng: &mut Rng) -> Vec<Profile> {
    let count = rng.within(4..=20);
    let mut profiles: Vec<Profile> = (0..count).map(|number| draw(number, options, rng)).collect();
    profiles.push(probe());
    profiles
}

/// The client that looks at all retained messages when everything is over.
fn probe() -> Profile {
    Profile {
        id: "probe".into(),
        version: ProtocolVersion::V5,
        expiry_secs: 0,
        keep_alive_secs: 0,
        receive_maximum: None,
        packet_bytes_max: None,
        alias_maximum: 0,
        window: 1,
        pace: span(0, 0),
        only_consumes: false,
        has_method: false,
        privilege: 1000,
        wills: 0,
        acknowledges: span(0, 0),
    }
}

fn draw(number: u64, options: &EngineOptions, rng: &mut Rng) -> Profile {
    let version = rng.one_of([
        ProtocolVersion::V5,
        ProtocolVersion::V5,
        ProtocolVersion::V5,
        ProtocolVersion::V311,
        ProtocolVersion::V311,
        ProtocolVersion::V31,
    ]);
    let has_properties = Dialect::new(version).has_properties();
    let is_assigned = version != ProtocolVersion::V31 && rng.chance(80);
    let expiry_secs = match (is_assigned, has_properties) {
        (true, _) => 0,
        (false, true) => rng.one_of([0, 2, 10, 60, u32::MAX]),
        (false, false) => rng.one_of([0, u32::MAX]),
    };
    let receive_maximum = rng.one_of([None, Some(1), Some(2), Some(10)]);
    let packet_bytes_max = rng.one_of([None, None, Some(160), Some(1000)]);
    let alias_maximum = rng.one_of([0, 1, 3, 20]);
    Profile {
        id: if is_assigned { "".into() } else { format!("c{number}").into() },
        version,
        expiry_secs,
        keep_alive_secs: rng.one_of([0, 2, 5, 20]),
        receive_maximum: receive_maximum.filter(|_| has_properties),
        packet_bytes_max: packet_bytes_max.filter(|_| has_properties),
        alias_maximum: if has_properties { alias_maximum } else { 0 },
        window: window(has_properties, options.settings.limits.receive_maximum, rng),
        pace: pace(rng),
        only_consumes: !has_properties && rng.chance(300),
        has_method: has_properties && rng.chance(150),
        privilege: rng.one_of([0, 0, 1000, 500]),
        wills: rng.one_of([0, 500, 1000]),
        acknowledges: span(0, rng.one_of([0, 10_000, 1_000_000])),
    }
}

/// MQTT 3.x clients know no Receive Maximum, and keep to none.
fn window(has_properties: bool, receive_maximum: u16, rng: &mut Rng) -> usize {
    let allowed = usize::from(receive_maximum);
    if has_properties { rng.length(1..=allowed.min(30)) } else { rng.length(1..=30) }
}

fn pace(rng: &mut Rng) -> Span {
    let mean = rng.one_of([Duration::from_millis(50), Duration::from_millis(300), Duration::from_secs(1)]);
    mean / 5..=mean * 2
}
