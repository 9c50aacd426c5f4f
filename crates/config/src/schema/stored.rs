//! Fields that a number can be put into.

use std::time::Duration;

use vouchmq_mqtt::QueueFull;
use vouchmq_mqtt::engine::{DenyAction, SharePolicy};

use crate::config::SubscribeDenied;

/// A field that a number can be put into.
pub(super) trait Stored {
    fn load(&self) -> u64;
    /// `value` is within the bounds of the row.
    fn store(&mut self, value: u64);
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

/// In milliseconds.
impl Stored for Duration {
    fn load(&self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }

    fn store(&mut self, value: u64) {
        *self = Self::from_millis(value);
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
