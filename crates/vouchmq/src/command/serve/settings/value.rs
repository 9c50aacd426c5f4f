//! How values are written: counts, sizes, times, words.

use std::time::Duration;

use vouchmq_mqtt::QueueFull;
use vouchmq_mqtt::engine::{DenyAction, SharePolicy};

use super::SubscribeDenied;

/// How the value of a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// `1000`
    Count,
    /// `1000`, `64KB`, `1MB`, `2GB`: powers of 1,024, as in NanoMQ's configuration.
    Bytes,
    /// `60`, `60s`, `5m`, `12h`, `7d`.
    Seconds,
    /// `on` or `off`.
    Switch,
    QueueFull,
    SharePolicy,
    DenyAction,
    SubscribeDenied,
}

/// A field that a number can be put into.
pub(super) trait Stored {
    fn load(&self) -> u64;
    /// `value` is within the bounds of the row.
    fn store(&mut self, value: u64);
}

const SIZES: &[(&str, u64)] = &[
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("KB", 1 << 10),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("K", 1 << 10),
    ("B", 1),
];
const TIMES: &[(&str, u64)] = &[("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// The number that `text` means.
pub(super) fn parse(unit: Unit, text: &str) -> Option<u64> {
    match unit {
        Unit::Count => number(text),
        Unit::Bytes => with_suffix(&text.to_ascii_uppercase().replace("IB", "B"), SIZES),
        Unit::Seconds => with_suffix(text, TIMES),
        Unit::Switch | Unit::QueueFull | Unit::SharePolicy | Unit::DenyAction | Unit::SubscribeDenied => {
            let position = unit.words()?.iter().position(|word| *word == text)?;
            u64::try_from(position).ok()
        }
    }
}

/// A number as it is written, with the largest suffix that loses nothing.
pub(super) fn show(unit: Unit, value: u64) -> String {
    let with = |suffixes: &[(&str, u64)], least: u64| {
        let fits =
            |(_, factor): &&(&str, u64)| *factor >= least && value > 0 && value.is_multiple_of(*factor);
        match suffixes.iter().find(fits) {
            Some((suffix, factor)) => format!("{}{suffix}", value / factor),
            None => value.to_string(),
        }
    };
    match unit {
        Unit::Count => value.to_string(),
        Unit::Bytes => with(SIZES, 1 << 10),
        Unit::Seconds => with(TIMES, 1),
        Unit::Switch | Unit::QueueFull | Unit::SharePolicy | Unit::DenyAction | Unit::SubscribeDenied => {
            let words = unit.words().unwrap_or_default();
            let word = usize::try_from(value).ok().and_then(|index| words.get(index));
            (*word.unwrap_or(&"")).to_owned()
        }
    }
}

impl Unit {
    /// The words that are allowed, by their numbers.
    pub(super) const fn words(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Count | Self::Bytes | Self::Seconds => None,
            Self::Switch => Some(&["off", "on"]),
            Self::QueueFull => Some(&["reject", "drop_new", "drop_oldest"]),
            Self::SharePolicy => Some(&["round_robin", "sticky", "hash_clientid"]),
            Self::DenyAction => Some(&["ignore", "disconnect"]),
            Self::SubscribeDenied => Some(&["not_authorized", "unspecified"]),
        }
    }
}

/// Digits only: no sign, no blank.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn with_suffix(text: &str, suffixes: &[(&str, u64)]) -> Option<u64> {
    let split = suffixes.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (digits, factor) = split.unwrap_or((text, 1));
    number(digits)?.checked_mul(factor)
}

macro_rules! stored_integers {
    ($($integer:ty),+) => {
        $(impl Stored for $integer {
            fn load(&self) -> u64 {
                u64::try_from(*self).unwrap_or(u64::MAX)
            }

            fn store(&mut self, value: u64) {
                *self = Self::try_from(value).unwrap_or(Self::MAX);
            }
        })+
    };
}

macro_rules! stored_words {
    ($($name:ident: $first:ident $($other:ident)+;)+) => {
        $(impl Stored for $name {
            fn load(&self) -> u64 {
                let all = [Self::$first, $(Self::$other),+];
                all.iter().position(|one| one == self).and_then(|index| u64::try_from(index).ok()).unwrap_or(0)
            }

            fn store(&mut self, value: u64) {
                let all = [Self::$first, $(Self::$other),+];
                let index = usize::try_from(value).unwrap_or(0);
                *self = all.get(index).copied().unwrap_or(Self::$first);
            }
        })+
    };
}

stored_integers! { u16, u32, usize }

stored_words! {
    QueueFull: Reject DropNew DropOldest;
    SharePolicy: RoundRobin Sticky HashClientId;
    DenyAction: Ignore Disconnect;
    SubscribeDenied: NotAuthorized Unspecified;
}

impl Stored for bool {
    fn load(&self) -> u64 {
        u64::from(*self)
    }

    fn store(&mut self, value: u64) {
        *self = value != 0;
    }
}

impl Stored for Duration {
    fn load(&self) -> u64 {
        self.as_secs()
    }

    fn store(&mut self, value: u64) {
        *self = Self::from_secs(value);
    }
}

/// 0 stands for `None`.
impl Stored for Option<u64> {
    fn load(&self) -> u64 {
        self.unwrap_or(0)
    }

    fn store(&mut self, value: u64) {
        *self = (value > 0).then_some(value);
    }
}
