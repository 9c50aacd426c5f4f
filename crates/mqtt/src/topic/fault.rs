use std::{error, fmt};

/// Why a string is not a topic name, a topic filter or a shared subscription.
///
/// Positions are byte offsets into the string that was parsed. The text names the fault, not the string:
/// what a client sent does not belong into a log line unescaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicFault {
    /// No character at all (`MQTT5-4.7.3-1`).
    Empty,
    /// U+0000 (`MQTT5-4.7.3-2`).
    Nul {
        /// Where it stands.
        at: usize,
    },
    /// `+` or `#` in a topic name (`MQTT5-4.7.0-1`).
    Wildcard {
        /// Where it stands.
        at: usize,
    },
    /// `#` shares its level with other characters (`MQTT5-4.7.1-1`).
    HashNotAlone {
        /// Where it stands.
        at: usize,
    },
    /// A level follows `#` (`MQTT5-4.7.1-1`).
    HashNotLast {
        /// Where it stands.
        at: usize,
    },
    /// `+` shares its level with other characters (`MQTT5-4.7.1-2`).
    PlusNotAlone {
        /// Where it stands.
        at: usize,
    },
    /// Nothing between `$share/` and the next slash (`MQTT5-4.8.2-1`).
    ShareNameEmpty,
    /// `+` or `#` in the share name (`MQTT5-4.8.2-2`).
    ShareNameWildcard {
        /// Where it stands.
        at: usize,
    },
    /// No filter behind `$share/{name}` (`MQTT5-4.8.2-2`).
    ShareWithoutFilter,
    /// Well formed, but longer than allowed.
    TooLong {
        /// Bytes it has.
        length: usize,
        /// Bytes it may have.
        length_max: u16,
    },
    /// Well formed, but deeper than allowed.
    TooManyLevels {
        /// Levels it may have.
        levels_max: u32,
    },
}

// === impl TopicFault ===

impl TopicFault {
    /// Whether the string is valid MQTT and merely beyond [`TopicLimits`](super::TopicLimits): a refusal,
    /// where every other fault is the peer's error.
    pub const fn is_over_limit(self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::TooManyLevels { .. })
    }

    /// The same fault in a string that has `offset` more bytes in front.
    pub(super) const fn moved_by(self, offset: usize) -> Self {
        match self {
            Self::Nul { at } => Self::Nul { at: at.saturating_add(offset) },
            Self::Wildcard { at } => Self::Wildcard { at: at.saturating_add(offset) },
            Self::HashNotAlone { at } => Self::HashNotAlone { at: at.saturating_add(offset) },
            Self::HashNotLast { at } => Self::HashNotLast { at: at.saturating_add(offset) },
            Self::PlusNotAlone { at } => Self::PlusNotAlone { at: at.saturating_add(offset) },
            Self::ShareNameWildcard { at } => Self::ShareNameWildcard { at: at.saturating_add(offset) },
            Self::Empty
            | Self::ShareNameEmpty
            | Self::ShareWithoutFilter
            | Self::TooLong { .. }
            | Self::TooManyLevels { .. } => self,
        }
    }
}

impl fmt::Display for TopicFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the topic is empty"),
            Self::Nul { at } => write!(f, "U+0000 at byte {at}"),
            Self::Wildcard { at } => write!(f, "wildcard in a topic name at byte {at}"),
            Self::HashNotAlone { at } => write!(f, "# at byte {at} does not fill its level"),
            Self::HashNotLast { at } => write!(f, "# at byte {at} is not the last level"),
            Self::PlusNotAlone { at } => write!(f, "+ at byte {at} does not fill its level"),
            Self::ShareNameEmpty => f.write_str("the share name is empty"),
            Self::ShareNameWildcard { at } => write!(f, "wildcard in the share name at byte {at}"),
            Self::ShareWithoutFilter => f.write_str("no topic filter follows the share name"),
            Self::TooLong { length, length_max } => {
                write!(f, "{length} bytes long, at most {length_max} are allowed")
            }
            Self::TooManyLevels { levels_max } => write!(f, "more than {levels_max} levels"),
        }
    }
}

impl error::Error for TopicFault {}
