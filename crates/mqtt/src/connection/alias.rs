use std::collections::BTreeMap;

use crate::message::OutboundAlias;

/// What the property takes: an alias for a topic of no more bytes would only lengthen the packet.
const ALIAS_BYTES: usize = 3;

/// Topic aliases that the client defined (MQTT 5.0 §3.3.2.3.4).
#[derive(Debug, Default)]
pub(crate) struct InboundAliases {
    topics: Vec<Option<Box<str>>>,
}

/// Topic aliases that we assign: the first topics sent on a connection get one, for as long as it lasts.
#[derive(Debug)]
pub(crate) struct OutboundAliases {
    maximum: u16,
    aliases: BTreeMap<Box<str>, u16>,
}

impl InboundAliases {
    /// Remembers `topic` under `alias`; the caller has checked that `alias` is within the maximum.
    pub(crate) fn define(&mut self, alias: u16, topic: &str) {
        let index = usize::from(alias);
        if self.topics.len() <= index {
            self.topics.resize(index + 1, None);
        }
        if let Some(slot) = self.topics.get_mut(index) {
            *slot = Some(topic.into());
        }
    }

    /// The topic behind `alias`.
    pub(crate) fn resolve(&self, alias: u16) -> Option<&str> {
        self.topics.get(usize::from(alias))?.as_deref()
    }
}

impl OutboundAliases {
    pub(crate) fn new(maximum: u16) -> Self {
        Self { maximum, aliases: BTreeMap::new() }
    }

    /// The alias to send with `topic`: the one it has, or a new one where `fits` has room for its definition.
    pub(crate) fn assign(
        &mut self,
        topic: &str,
        fits: impl FnOnce(OutboundAlias) -> bool,
    ) -> Option<OutboundAlias> {
        if topic.len() <= ALIAS_BYTES {
            return None;
        }
        if let Some(alias) = self.aliases.get(topic) {
            return Some(OutboundAlias::Use(*alias));
        }
        let alias = u16::try_from(self.aliases.len() + 1).ok().filter(|alias| *alias <= self.maximum)?;
        if !fits(OutboundAlias::Define(alias)) {
            return None;
        }
        self.aliases.insert(topic.into(), alias);
        Some(OutboundAlias::Define(alias))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MQTT5-3.1.2-26 MQTT5-3.3.2-11 MQTT5-3.3.2-8
    #[test]
    fn assigned_aliases_start_at_one_and_end_at_the_maximum() {
        let mut aliases = OutboundAliases::new(2);
        let mut assign = |topic| aliases.assign(topic, |_| true);
        assert_eq!(assign("aaaa"), Some(OutboundAlias::Define(1)));
        assert_eq!(assign("bbbb"), Some(OutboundAlias::Define(2)));
        assert_eq!(assign("aaaa"), Some(OutboundAlias::Use(1)));
        assert_eq!(assign("cccc"), None);
    }

    #[test]
    fn no_alias_is_used_up_where_it_would_not_help_or_not_fit() {
        let mut aliases = OutboundAliases::new(2);
        assert_eq!(aliases.assign("a/b", |_| true), None);
        assert_eq!(aliases.assign("aaaa", |_| false), None);
        assert_eq!(aliases.assign("aaaa", |_| true), Some(OutboundAlias::Define(1)));
        assert_eq!(aliases.assign("aaaa", |_| false), Some(OutboundAlias::Use(1)), "which is shorter");
    }

    #[test]
    fn a_client_may_redefine_an_alias() {
        let mut aliases = InboundAliases::default();
        assert_eq!(aliases.resolve(3), None);
        aliases.define(3, "a");
        aliases.define(3, "b");
        assert_eq!(aliases.resolve(3), Some("b"));
    }
}
