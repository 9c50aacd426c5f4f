use std::collections::VecDeque;

use vouchmq_mqtt::time::Timestamp;

use crate::seed::Rng;

/// One direction of a network connection: bytes arrive in order, later, and in other portions than they
/// were written in.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// On their way, in order.
    flying: VecDeque<Segment>,
    /// Arrived and not yet read.
    arrived: VecDeque<Segment>,
    last_arrival: Timestamp,
    /// Bytes that may be on their way or unread at once.
    capacity: usize,
    /// Bytes on their way or unread.
    held: usize,
    end: End,
}

/// Bytes that travel together.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) bytes: Vec<u8>,
    /// Everything that the broker had read before this time was in its journal when this was written.
    pub(crate) safe_through: Timestamp,
}

/// Whether more bytes will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    /// The writer has closed; the reader notices when everything before has arrived.
    Flying,
    Arrived,
    /// Nothing that is written arrives, and nobody notices.
    Lost,
}

/// What a reader finds.
#[derive(Debug)]
pub(crate) enum Read {
    Nothing,
    Bytes(Segment),
    End,
}

impl Pipe {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            flying: VecDeque::new(),
            arrived: VecDeque::new(),
            last_arrival: Timestamp::ZERO,
            capacity,
            held: 0,
            end: End::Open,
        }
    }

    /// Nothing arrives before `at`.
    pub(crate) fn not_before(&mut self, at: Timestamp) {
        self.last_arrival = self.last_arrival.max(at);
    }

    /// How many bytes a writer may write now.
    pub(crate) fn room(&self) -> usize {
        match self.end {
            End::Open | End::Lost => self.capacity.saturating_sub(self.held),
            End::Flying | End::Arrived => 0,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.end, End::Open | End::Lost)
    }

    /// Sends a segment that would travel until `at`; returns when it arrives, if it does.
    pub(crate) fn send(&mut self, at: Timestamp, segment: Segment) -> Option<Timestamp> {
        if !self.is_open() {
            return None;
        }
        self.held += segment.bytes.len();
        self.last_arrival = self.last_arrival.max(at);
        let is_lost = self.end == End::Lost;
        self.flying.push_back(segment);
        (!is_lost).then_some(self.last_arrival)
    }

    /// The writer closes; returns when the reader notices.
    pub(crate) fn close(&mut self, at: Timestamp) -> Option<Timestamp> {
        if self.end != End::Open {
            return None;
        }
        self.end = End::Flying;
        self.last_arrival = self.last_arrival.max(at);
        Some(self.last_arrival)
    }

    /// The next segment has arrived, or else the end.
    pub(crate) fn arrive(&mut self) {
        match self.flying.pop_front() {
            _ if self.end == End::Lost => {}
            Some(segment) => self.arrived.push_back(segment),
            None if self.end == End::Flying => self.end = End::Arrived,
            None => {}
        }
    }

    /// Reads at most `max` bytes of one segment.
    pub(crate) fn read(&mut self, max: usize) -> Read {
        let Some(mut segment) = self.arrived.pop_front() else {
            return if self.end == End::Arrived { Read::End } else { Read::Nothing };
        };
        if segment.bytes.len() > max {
            let rest = segment.bytes.split_off(max);
            self.arrived.push_front(Segment { bytes: rest, safe_through: segment.safe_through });
        }
        self.held = self.held.saturating_sub(segment.bytes.len());
        Read::Bytes(segment)
    }

    /// Bytes that the reader could read now.
    pub(crate) fn unread(&self) -> usize {
        self.arrived.iter().map(|segment| segment.bytes.len()).sum()
    }

    /// Nothing is on its way, and nothing is unread.
    pub(crate) fn is_quiet(&self) -> bool {
        self.flying.is_empty() && self.arrived.is_empty()
    }

    /// Cuts what is on its way at any byte; the reader will notice the end behind it.
    pub(crate) fn cut(&mut self, at: Timestamp, rng: &mut Rng) -> Option<Timestamp> {
        if !matches!(self.end, End::Open | End::Flying) {
            return None;
        }
        let flying: usize = self.flying.iter().map(|segment| segment.bytes.len()).sum();
        let mut kept = rng.length(0..=flying);
        for segment in &mut self.flying {
            let length = segment.bytes.len().min(kept);
            self.held -= segment.bytes.len() - length;
            segment.bytes.truncate(length);
            kept -= length;
        }
        if self.end == End::Flying {
            // The end is announced already.
            return None;
        }
        self.end = End::Open;
        self.close(at)
    }

    /// What is on its way never arrives, nor does anything after it.
    pub(crate) fn lose(&mut self) {
        if self.end != End::Arrived {
            self.end = End::Lost;
        }
    }

    /// The reader is told at last that a lost pipe has ended.
    pub(crate) fn find(&mut self, at: Timestamp) -> Option<Timestamp> {
        if self.end != End::Lost {
            return None;
        }
        self.flying.clear();
        self.end = End::Open;
        self.close(at)
    }
}
