use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use crate::message::Message;

/// Consumed bytes are kept in front until they are worth a move.
const COMPACT_AT: usize = 64 * 1024;
/// A drained outbox larger than this gives its memory back.
const KEEP_CAPACITY: usize = 16 * 1024;

/// The encoded bytes that wait for one connection to become writable.
///
/// Small packets are copied back to back; large payloads are spliced in as shared bodies, never copied.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    /// How much of `bytes` was written.
    start: usize,
    bodies: VecDeque<Body>,
    /// All that waits, bodies included.
    len: usize,
}

#[derive(Debug)]
struct Body {
    /// Its payload goes before this position of `bytes`.
    at: usize,
    message: Arc<Message>,
    written: usize,
}

impl Outbox {
    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends what `encode` writes, and returns its result.
    pub(crate) fn write<R>(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let before = self.bytes.len();
        let result = encode(&mut self.bytes);
        self.len += self.bytes.len() - before;
        result
    }

    /// Appends a copy of `bytes`.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Appends the payload of `message` without copying it.
    pub(crate) fn push_payload(&mut self, message: Arc<Message>) {
        self.len += message.payload().len();
        self.bodies.push_back(Body { at: self.bytes.len(), message, written: 0 });
    }

    /// Fills `slices` with what comes next, in order, and returns how many are filled.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        let mut position = self.start;
        let mut put = |bytes: &'a [u8]| {
            if bytes.is_empty() {
                return true;
            }
            let Some(slot) = slices.get_mut(filled) else { return false };
            *slot = IoSlice::new(bytes);
            filled += 1;
            true
        };
        for body in &self.bodies {
            let before = self.bytes.get(position..body.at).unwrap_or_default();
            let payload = body.message.payload().get(body.written..).unwrap_or_default();
            if !put(before) || !put(payload) {
                return filled;
            }
            position = body.at;
        }
        put(self.bytes.get(position..).unwrap_or_default());
        filled
    }

    /// Forgets the first `count` bytes, which were written.
    pub fn advance(&mut self, mut count: usize) {
        self.len = self.len.saturating_sub(count);
        while let Some(body) = self.bodies.front_mut() {
            let before = body.at.saturating_sub(self.start).min(count);
            self.start += before;
            count -= before;
            if self.start < body.at {
                break;
            }
            let payload = (body.message.payload().len() - body.written).min(count);
            body.written += payload;
            count -= payload;
            if body.written < body.message.payload().len() {
                break;
            }
            self.bodies.pop_front();
        }
        self.start += count;
        self.reclaim();
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.bodies.clear();
        self.len = 0;
        self.reclaim();
    }

    fn reclaim(&mut self) {
        if self.len == 0 {
            self.start = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEEP_CAPACITY {
                self.bytes = Vec::new();
            }
            if self.bodies.capacity() > 64 {
                self.bodies = VecDeque::new();
            }
        } else if self.start >= COMPACT_AT && self.start * 2 >= self.bytes.len() {
            self.bytes.drain(..self.start);
            for body in &mut self.bodies {
                body.at -= self.start;
            }
            self.start = 0;
        }
    }
}
