use std::fmt;

use super::{TopicFault, TopicLimits};

/// A valid Topic Name: at least one character, no `+`, `#` or U+0000, at most 65,535 bytes
/// (MQTT 5.0 §4.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName<'a>(&'a str);

// === impl TopicName ===

impl<'a> TopicName<'a> {
    /// Accepts `name` if it is a Topic Name within `limits`.
    ///
    /// # Errors
    /// [`TopicFault::Empty`], [`TopicFault::Wildcard`], [`TopicFault::Nul`]: not a Topic Name
    /// (`MQTT5-4.7.3-1`, `MQTT5-4.7.0-1`, `MQTT5-4.7.3-2`). [`TopicFault::TooLong`],
    /// [`TopicFault::TooManyLevels`]: beyond `limits`.
    pub fn parse(name: &'a str, limits: &TopicLimits) -> Result<Self, TopicFault> {
        check_length(name, limits)?;
        let bytes = name.as_bytes();
        if let Some(at) = memchr::memchr3(b'+', b'#', 0, bytes) {
            let nul = bytes.get(at) == Some(&0);
            return Err(if nul { TopicFault::Nul { at } } else { TopicFault::Wildcard { at } });
        }
        check_levels(name, limits)?;
        Ok(Self(name))
    }

    /// Accepts every name that the standard allows; see [`TopicName::parse`].
    ///
    /// # Errors
    /// As [`TopicName::parse`] with [`TopicLimits::STANDARD`].
    pub fn new(name: &'a str) -> Result<Self, TopicFault> {
        Self::parse(name, &TopicLimits::STANDARD)
    }

    /// The string as the client sent it.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether the name starts with `$` and so is hidden from filters that start with a wildcard
    /// (`MQTT5-4.7.2-1`).
    pub fn is_hidden(self) -> bool {
        self.0.starts_with('$')
    }

    /// The levels from left to right; at least one, each possibly empty.
    pub fn levels(self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.split('/')
    }
}

impl fmt::Display for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

impl AsRef<str> for TopicName<'_> {
    fn as_ref(&self) -> &str {
        self.0
    }
}

/// Refuses the empty string and one longer than `limits`, before anything is read.
pub(super) const fn check_length(topic: &str, limits: &TopicLimits) -> Result<(), TopicFault> {
    if topic.is_empty() {
        return Err(TopicFault::Empty);
    }
    let (length, length_max) = (topic.len(), limits.length_max);
    if length > length_max as usize {
        return Err(TopicFault::TooLong { length, length_max });
    }
    Ok(())
}

/// Refuses more levels than `limits` allows.
pub(super) fn check_levels(topic: &str, limits: &TopicLimits) -> Result<(), TopicFault> {
    let levels_max = limits.levels_max;
    // A short string needs no counting: every slash takes a byte.
    if u32::try_from(topic.len()).is_ok_and(|length| length < levels_max) {
        return Ok(());
    }
    let slash_count = memchr::memchr_iter(b'/', topic.as_bytes()).count();
    if u32::try_from(slash_count).is_ok_and(|slashes| slashes < levels_max) {
        return Ok(());
    }
    Err(TopicFault::TooManyLevels { levels_max })
}
