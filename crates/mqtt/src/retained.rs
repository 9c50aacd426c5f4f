//! The one store of retained messages, outside the hot path: written by retained publishes, read by
//! SUBSCRIBE.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::message::Message;
use crate::time::Timestamp;
use crate::topic::{FilterRef, HashSeed, Progress, TopicCursor, TopicMap, TopicName};

/// Bounds of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetainedLimits {
    /// Messages.
    pub messages_max: usize,
    /// Bytes of topic, properties and payload, summed, with [`LEVEL_BYTES`] for each level of the tree.
    pub bytes_max: usize,
}

/// What a level of a topic costs that no other topic shares.
pub const LEVEL_BYTES: usize = 64;

/// Retained messages by topic: the last one published with RETAIN (MQTT 5.0 §3.3.1.3).
#[derive(Debug)]
struct Retained {
    messages: TopicMap<Arc<Message>>,
    byte_count: usize,
    limits: RetainedLimits,
}

/// The store as engines share it. Each operation holds the lock for one step only.
#[derive(Clone, Debug)]
pub struct SharedRetained(Arc<Mutex<Retained>>);

/// The store has no room for another message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetainedFull;

impl Default for RetainedLimits {
    fn default() -> Self {
        Self { messages_max: 1_000_000, bytes_max: 256 * 1024 * 1024 }
    }
}

// === impl Retained ===

impl Retained {
    fn store(&mut self, message: Arc<Message>) -> Result<(), RetainedFull> {
        let publication = message.publication();
        let Ok(topic) = TopicName::new(publication.topic) else { return Ok(()) };
        let replaced = self.messages.get(publication.topic).map(|old| old.byte_count());
        let byte_count = self.byte_count - replaced.unwrap_or(0) + message.byte_count();
        let is_one_more = replaced.is_none() && self.messages.len() >= self.limits.messages_max;
        // At most: some of the levels may be there already.
        let new_levels = if replaced.is_none() { topic.levels().count() } else { 0 };
        let tree_bytes = (self.messages.level_count() + new_levels) * LEVEL_BYTES;
        if is_one_more || byte_count + tree_bytes > self.limits.bytes_max {
            return Err(RetainedFull);
        }
        self.byte_count = byte_count;
        self.messages.insert(topic, message.clone());
        Ok(())
    }

    fn remove(&mut self, topic: &str) -> bool {
        let removed = self.messages.remove(topic);
        self.byte_count -= removed.as_ref().map_or(0, |removed| removed.byte_count());
        removed.is_some()
    }

    fn purge(&mut self, now: Timestamp, cursor: &mut TopicCursor, steps_max: usize) -> Progress {
        let mut expired = Vec::new();
        let progress = self.messages.all_from(cursor, steps_max, |topic, message| {
            if message.publication().expires_at <= now {
                expired.push(topic.to_owned());
            }
        });
        for topic in expired {
            self.remove(&topic);
        }
        progress
    }
}

// === impl SharedRetained ===

impl SharedRetained {
    /// An empty store.
    pub fn new(seed: HashSeed, limits: RetainedLimits) -> Self {
        Self(Arc::new(Mutex::new(Retained { messages: TopicMap::new(seed), byte_count: 0, limits })))
    }

    /// Replaces the bounds; what is beyond them already stays.
    pub fn set_limits(&self, limits: RetainedLimits) {
        self.lock().limits = limits;
    }

    /// The bounds.
    pub fn limits(&self) -> RetainedLimits {
        self.lock().limits
    }

    /// Stores a message under its topic, in place of an older one (`MQTT5-3.3.1-5`).
    ///
    /// # Errors
    /// [`RetainedFull`] when one of the [`RetainedLimits`] would be exceeded; nothing changed.
    pub fn store(&self, message: Arc<Message>) -> Result<(), RetainedFull> {
        self.lock().store(message)
    }

    /// The message of a topic, if there is one.
    pub fn get(&self, topic: &str) -> Option<Arc<Message>> {
        self.lock().messages.get(topic).cloned()
    }

    /// Removes the message of a topic (`MQTT5-3.3.1-6`); `false` when there is none.
    pub fn remove(&self, topic: &str) -> bool {
        self.lock().remove(topic)
    }

    /// Pushes a portion of the messages that `filter` matches; `steps_max` bounds the work of this call.
    pub fn read(
        &self,
        filter: FilterRef<'_>,
        cursor: &mut TopicCursor,
        steps_max: usize,
        into: &mut Vec<Arc<Message>>,
    ) -> Progress {
        self.lock().messages.matching_from(filter, cursor, steps_max, |_, message| into.push(message.clone()))
    }

    /// Pushes a portion of all messages, those included whose topics begin with `$`, as [`read`](Self::read) does.
    pub fn read_all(
        &self,
        cursor: &mut TopicCursor,
        steps_max: usize,
        into: &mut Vec<Arc<Message>>,
    ) -> Progress {
        self.lock().messages.all_from(cursor, steps_max, |_, message| into.push(message.clone()))
    }

    /// Removes what has expired from a portion of the store; `steps_max` bounds the work of this call
    /// (MQTT 5.0 §3.3.2.3.3).
    pub fn purge(&self, now: Timestamp, cursor: &mut TopicCursor, steps_max: usize) -> Progress {
        self.lock().purge(now, cursor, steps_max)
    }

    /// How many messages are stored.
    pub fn len(&self) -> usize {
        self.lock().messages.len()
    }

    /// Nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of topics, properties and payloads, summed.
    pub fn byte_count(&self) -> usize {
        self.lock().byte_count
    }

    fn lock(&self) -> MutexGuard<'_, Retained> {
        // A panic while the lock was held leaves a usable map: every operation changes it in one step.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
