//! What clients do next: topics, filters, messages, and how often.

use std::rc::Rc;

use vouchmq_mqtt::QoS;
use vouchmq_mqtt::packet::{RetainHandling, SubscriptionOptions};

use crate::oracle::{MESSAGE_BYTES_MAX, Wish};
use crate::plan::Profile;
use crate::seed::Rng;

/// Topics that are published to; few, so that they meet.
const TOPICS: [&str; 17] = [
    "t/a/1", "t/a/2", "t/b/1", "t/b/2", "t/a", "t", "u/1", "u/2", "u", "a//b", "/x", "secret/1", "closed/1",
    "$own/1", "s/1", "s/2", "s/3",
];

/// Filters that clients subscribe to by themselves.
const FILTERS: [&str; 22] = [
    "t/a/1", "t/a/+", "t/+/1", "t/#", "#", "+/a/#", "+", "u/+", "u/#", "+/+", "/+", "a/+/b", "w/#",
    "secret/#", "secret/1", "closed/#", "$own/#", "$own/1", "s/+", "+/1", "u/1", "t/b/2",
];

/// Filters that clients share.
const SHARED: [&str; 5] = ["$share/g/t/#", "$share/h/s/+", "$share/g/s/+", "$share/k/u/1", "$share/k/#"];

/// What a client does in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Publish,
    Burst,
    Subscribe,
    Unsubscribe,
    /// PUBREL for an identifier that is not in use.
    ReleaseNothing,
    Reauthenticate,
    Mood,
    Nothing,
}

/// What goes wrong, or is done on purpose, with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    Reset,
    Vanish,
    /// Connects again, several times at once, without closing the connection it has.
    Storm,
    Leave,
    LeaveWithWill,
}

/// A message to be published.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) topic: Rc<str>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) payload_len: usize,
    pub(crate) expiry_secs: Option<u32>,
    pub(crate) is_tagged: bool,
}

pub(crate) fn turn(profile: &Profile, rng: &mut Rng) -> Turn {
    match rng.below(100) {
        0..58 => Turn::Publish,
        58..60 => Turn::Burst,
        60..74 => Turn::Subscribe,
        74..80 => Turn::Unsubscribe,
        80..82 => Turn::ReleaseNothing,
        82..86 if profile.has_method => Turn::Reauthenticate,
        86..90 => Turn::Mood,
        _ => Turn::Nothing,
    }
}

pub(crate) fn mishap(rng: &mut Rng) -> Mishap {
    rng.one_of([
        Mishap::Reset,
        Mishap::Reset,
        Mishap::Vanish,
        Mishap::Storm,
        Mishap::Leave,
        Mishap::LeaveWithWill,
    ])
}

pub(crate) fn draft(profile: &Profile, rng: &mut Rng) -> Draft {
    let retain = rng.chance(150);
    let is_clear = retain && rng.chance(250);
    let expiry_secs = rng.one_of([None, None, None, Some(1), Some(5), Some(100)]);
    Draft {
        topic: rng.one_of(TOPICS).into(),
        qos: qos(rng),
        retain,
        payload_len: if is_clear { 0 } else { payload_len(rng) },
        expiry_secs: expiry_secs.filter(|_| profile.has_properties()),
        is_tagged: profile.has_properties() && rng.chance(300),
    }
}

/// A will goes to a topic of its client's own.
pub(crate) fn will(profile: &Profile, number: usize, rng: &mut Rng) -> Draft {
    let draft = draft(profile, rng);
    Draft { topic: format!("w/{number}").into(), payload_len: rng.length(9..=40), ..draft }
}

fn payload_len(rng: &mut Rng) -> usize {
    match rng.below(100) {
        0..4 => rng.length(2_000..=MESSAGE_BYTES_MAX - 1_000),
        4..30 => rng.length(60..=400),
        _ => rng.length(9..=60),
    }
}

fn qos(rng: &mut Rng) -> QoS {
    rng.one_of([QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

/// The filters of one SUBSCRIBE, without identifiers: shared ones come alone.
pub(crate) fn wishes(profile: &Profile, number: usize, rng: &mut Rng) -> Vec<Wish> {
    let shares = profile.only_consumes || (profile.has_properties() && rng.chance(350));
    if shares {
        let choice = if profile.only_consumes { number } else { rng.index(SHARED.len()) };
        let written = SHARED[choice % SHARED.len()];
        let options = SubscriptionOptions { no_local: false, ..options(profile, rng) };
        return vec![Wish { written: written.into(), options, identifier: None }];
    }
    let count = rng.one_of([1, 1, 1, 2, 3]);
    let identifier = Some(u32::try_from(rng.within(1..=99)).unwrap_or(1));
    let identifier = identifier.filter(|_| profile.has_properties() && rng.chance(600));
    let wish = |rng: &mut Rng| Wish {
        written: rng.one_of(FILTERS).into(),
        options: options(profile, rng),
        identifier,
    };
    (0..count).map(|_| wish(rng)).collect()
}

fn options(profile: &Profile, rng: &mut Rng) -> SubscriptionOptions {
    let plain = SubscriptionOptions::new(qos(rng));
    if !profile.has_properties() {
        return plain;
    }
    SubscriptionOptions {
        no_local: rng.chance(200),
        retain_as_published: rng.chance(300),
        retain_handling: rng.one_of([
            RetainHandling::Send,
            RetainHandling::SendIfNew,
            RetainHandling::DoNotSend,
        ]),
        ..plain
    }
}
