use std::{borrow::Borrow, fmt, str::FromStr};

use super::{
    TopicFault, TopicLimits,
    name::{check_length, check_levels},
};

/// A valid Topic Filter that borrows its string (MQTT 5.0 §4.7.1).
///
/// `#` stands alone in the last level or not at all, `+` alone in its level; at least one character, no
/// U+0000, at most 65,535 bytes. `$share/…` is an ordinary filter here: see
/// [`ParsedFilter`](super::ParsedFilter).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterRef<'a>(&'a str);

/// A valid Topic Filter that owns its string; see [`FilterRef`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter(Box<str>);

// === impl FilterRef ===

impl<'a> FilterRef<'a> {
    /// The filter that matches every topic without a leading `$`.
    pub const ALL: FilterRef<'static> = FilterRef("#");

    /// Accepts `filter` if it is a Topic Filter within `limits`.
    ///
    /// # Errors
    /// [`TopicFault`] names the fault; [`TopicFault::is_over_limit`] tells a filter beyond `limits` from one
    /// that is not a Topic Filter (`MQTT5-4.7.1-1`, `MQTT5-4.7.1-2`, `MQTT5-4.7.3-1`, `MQTT5-4.7.3-2`).
    pub fn parse(filter: &'a str, limits: &TopicLimits) -> Result<Self, TopicFault> {
        check_length(filter, limits)?;
        let bytes = filter.as_bytes();
        for at in memchr::memchr3_iter(b'+', b'#', 0, bytes) {
            let before = at.checked_sub(1).and_then(|index| bytes.get(index));
            let after = at.checked_add(1).and_then(|index| bytes.get(index));
            let alone = before.is_none_or(|b| *b == b'/') && after.is_none_or(|b| *b == b'/');
            match bytes.get(at) {
                Some(b'+') if alone => {}
                Some(b'+') => return Err(TopicFault::PlusNotAlone { at }),
                Some(b'#') if !alone => return Err(TopicFault::HashNotAlone { at }),
                Some(b'#') if after.is_some() => return Err(TopicFault::HashNotLast { at }),
                Some(b'#') => {}
                _ => return Err(TopicFault::Nul { at }),
            }
        }
        check_levels(filter, limits)?;
        Ok(Self(filter))
    }

    /// Accepts every filter that the standard allows; see [`FilterRef::parse`].
    ///
    /// # Errors
    /// As [`FilterRef::parse`] with [`TopicLimits::STANDARD`].
    pub fn new(filter: &'a str) -> Result<Self, TopicFault> {
        Self::parse(filter, &TopicLimits::STANDARD)
    }

    /// The string as the client sent it.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether the filter can match more than one topic.
    pub fn has_wildcard(self) -> bool {
        memchr::memchr2(b'+', b'#', self.0.as_bytes()).is_some()
    }

    /// Whether the first level is a wildcard, so that topics starting with `$` are hidden from it
    /// (`MQTT5-4.7.2-1`).
    pub fn starts_with_wildcard(self) -> bool {
        self.0.starts_with(['+', '#'])
    }

    /// The levels from left to right; at least one, each possibly empty.
    pub fn levels(self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.split('/')
    }

    /// The same filter with a string of its own.
    pub fn to_owned(self) -> TopicFilter {
        TopicFilter(self.0.into())
    }
}

impl fmt::Display for FilterRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for FilterRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

impl AsRef<str> for FilterRef<'_> {
    fn as_ref(&self) -> &str {
        self.0
    }
}

// === impl TopicFilter ===

impl TopicFilter {
    /// This filter, borrowed.
    pub const fn as_filter(&self) -> FilterRef<'_> {
        FilterRef(&self.0)
    }

    /// The string as the client sent it.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TopicFilter {
    type Err = TopicFault;

    fn from_str(filter: &str) -> Result<Self, TopicFault> {
        FilterRef::new(filter).map(FilterRef::to_owned)
    }
}

impl From<FilterRef<'_>> for TopicFilter {
    fn from(filter: FilterRef<'_>) -> Self {
        filter.to_owned()
    }
}

impl Borrow<str> for TopicFilter {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}
