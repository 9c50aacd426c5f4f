/// Wall-clock time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// For what people see and for dates set by people. What must not jump with the clock (deadlines, expiry of
/// sessions and messages) uses [`vouchmq_mqtt::time::Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(u64);

/// The wall clock, as a port: this crate never asks the operating system.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> UnixMillis;
}

impl UnixMillis {
    /// `millis` milliseconds after the start of 1970.
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the start of 1970.
    pub const fn millis(self) -> u64 {
        self.0
    }
}
