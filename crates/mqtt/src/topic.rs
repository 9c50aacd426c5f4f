//! Topic names, topic filters, and the two maps keyed by them (MQTT 5.0 §4.7, §4.8.2).
//!
//! * [`TopicName`], [`FilterRef`], [`TopicFilter`] and [`ParsedFilter`] exist only for valid strings.
//! * [`matches()`] says what a filter means; [`covers`] and [`overlaps`] compare two filters, which is what
//!   authorization needs.
//! * [`FilterMap`] finds the filters that match a topic: the routing table.
//! * [`TopicMap`] finds the topics that match a filter: the retained messages.
//!
//! Characters are compared exactly, byte by byte; nothing is normalised (`MQTT5-4.7.3-4`). Nothing here
//! recurses, so a topic of 65,535 slashes costs time in proportion and no stack.

mod algebra;
mod arena;
mod fault;
mod filter;
mod filter_map;
mod id_table;
mod limits;
mod name;
mod seed;
mod share;
mod text;
mod topic_map;

#[cfg(test)]
mod tests;

pub use algebra::{covers, matches, overlaps};
pub use fault::TopicFault;
pub use filter::{FilterRef, TopicFilter};
pub use filter_map::{FilterId, FilterMap};
pub use limits::TopicLimits;
pub use name::TopicName;
pub use seed::HashSeed;
pub use share::ParsedFilter;
pub use topic_map::{Progress, TopicCursor, TopicMap};
