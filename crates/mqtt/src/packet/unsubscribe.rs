use super::Reasons;
use crate::codec::put_string;
use crate::{PacketId, Properties};

/// UNSUBSCRIBE (MQTT 5.0 §3.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// Repeated by the UNSUBACK.
    pub packet_id: PacketId,
    /// User Properties; empty in MQTT 3.x.
    pub properties: Properties<'a>,
    /// At least one filter.
    pub filters: TopicFilters<'a>,
}

/// UNSUBACK: one reason code for each filter, in order; none in MQTT 3.x (MQTT 5.0 §3.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsubAck<'a> {
    /// The identifier of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// Reason String and User Properties.
    pub properties: Properties<'a>,
    /// In the order of the filters.
    pub reasons: Reasons<'a>,
}

/// The encoded, validated list of filters of an UNSUBSCRIBE.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TopicFilters<'a>(pub(crate) &'a [u8]);

/// Builds the filter list of an UNSUBSCRIBE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicFiltersBuf(Vec<u8>);

impl<'a> TopicFilters<'a> {
    /// Each filter, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (filter, after) = split_string(rest)?;
            rest = after;
            Some(filter)
        })
    }
}

impl TopicFiltersBuf {
    /// Adds a filter; one longer than 65,535 bytes cannot be expressed and is left out.
    pub fn push(&mut self, filter: &str) {
        put_string(&mut self.0, filter);
    }

    /// The list, to put into an [`Unsubscribe`].
    pub fn as_filters(&self) -> TopicFilters<'_> {
        TopicFilters(&self.0)
    }
}

impl std::fmt::Debug for TopicFilters<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Splits a length-prefixed UTF-8 string off; `None` at the end of a validated list.
pub(super) fn split_string(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (string, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(string).ok()?, rest))
}
