use std::fmt;
use std::str::FromStr;

use vouchmq_mqtt::topic::TopicCursor;

/// Levels of a topic, at most.
const LEVELS_MAX: usize = 65_535;

/// Where the next page of clients begins. Its text is good for a query of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientCursor(pub(super) Place);

/// Where the next page of subscriptions begins. Its text is good for a query of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionCursor(pub(super) Place);

/// Where the next page of retained messages begins. Its text is good for a query of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetainedCursor(pub(super) TopicCursor);

/// The place of a session in the broker. A session keeps it to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) shard: u16,
    pub(super) session: usize,
}

/// Text that no page gave as a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor: give the one that came with the page before")]
pub struct InvalidCursor;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.shard, self.session)
    }
}

impl FromStr for Place {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (shard, session) = text.split_once('-').ok_or(InvalidCursor)?;
        let shard = u16::try_from(number(shard)?).map_err(|_| InvalidCursor)?;
        let session = usize::try_from(number(session)?).map_err(|_| InvalidCursor)?;
        Ok(Self { shard, session })
    }
}

macro_rules! text_of_place {
    ($($cursor:ident),+) => {$(
        impl fmt::Display for $cursor {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $cursor {
            type Err = InvalidCursor;

            fn from_str(text: &str) -> Result<Self, InvalidCursor> {
                text.parse().map(Self)
            }
        }
    )+};
}

text_of_place!(ClientCursor, SubscriptionCursor);

impl fmt::Display for RetainedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, next) = self.0.places();
        for place in path {
            write!(f, "{place}.")?;
        }
        next.fmt(f)
    }
}

impl FromStr for RetainedCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut places = text.split('.').map(number).take(LEVELS_MAX + 2).collect::<Result<Vec<_>, _>>()?;
        let next = places.pop().filter(|_| places.len() <= LEVELS_MAX).ok_or(InvalidCursor)?;
        Ok(Self(TopicCursor::at(places, next)))
    }
}

/// A number as cursors are written: digits alone.
fn number(text: &str) -> Result<u32, InvalidCursor> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidCursor);
    }
    text.parse().map_err(|_| InvalidCursor)
}
