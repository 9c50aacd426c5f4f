use super::{FilterRef, TopicFault, TopicLimits};

/// What a SUBSCRIBE or UNSUBSCRIBE names: a filter, shared or not (MQTT 5.0 §4.8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsedFilter<'a> {
    /// The ShareName of `$share/{ShareName}/{filter}`: not empty, without `/`, `+`, `#`.
    pub share: Option<&'a str>,
    /// The filter that topics are matched against: what follows the ShareName, or the whole string.
    pub filter: FilterRef<'a>,
}

/// How a shared subscription starts.
const SHARE_PREFIX: &str = "$share/";

impl<'a> ParsedFilter<'a> {
    /// Parses a filter, or `$share/{ShareName}/{filter}`.
    ///
    /// # Errors
    /// As [`FilterRef::parse`], with positions in `filter` as given; and
    /// [`TopicFault::ShareNameEmpty`], [`TopicFault::ShareNameWildcard`],
    /// [`TopicFault::ShareWithoutFilter`] (`MQTT5-4.8.2-1`, `MQTT5-4.8.2-2`).
    pub fn parse(filter: &'a str, limits: &TopicLimits) -> Result<Self, TopicFault> {
        let Some(shared) = filter.strip_prefix(SHARE_PREFIX) else {
            return Ok(Self { share: None, filter: FilterRef::parse(filter, limits)? });
        };
        let (name, rest) = match shared.split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (shared, None),
        };
        if name.is_empty() {
            return Err(TopicFault::ShareNameEmpty);
        }
        // Only the share name is bounded here, the filter by its own parser.
        super::name::check_length(name, limits)?;
        if let Some(at) = memchr::memchr3(b'+', b'#', 0, name.as_bytes()) {
            let nul = name.as_bytes().get(at) == Some(&0);
            let at = at.saturating_add(SHARE_PREFIX.len());
            return Err(if nul { TopicFault::Nul { at } } else { TopicFault::ShareNameWildcard { at } });
        }
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Err(TopicFault::ShareWithoutFilter);
        };
        let offset = filter.len().saturating_sub(rest.len());
        let filter = FilterRef::parse(rest, limits).map_err(|fault| fault.moved_by(offset))?;
        Ok(Self { share: Some(name), filter })
    }
}
