use std::time::{Instant, SystemTime, UNIX_EPOCH};

use vouchmq_identity::{Clock, UnixMillis};
use vouchmq_mqtt::time::Timestamp;

/// The monotonic clock of the process, as the core counts time: microseconds since its start.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic {
    start: Instant,
}

/// The wall clock of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The time of day at its start, and what went by since: setting the system's clock does not move it.
#[derive(Clone, Copy, Debug)]
pub struct SteadyClock {
    began_at: UnixMillis,
    since: Monotonic,
}

impl Monotonic {
    /// A clock that begins now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for monotonic time")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// When `at` is on the clock of the timers.
    pub fn instant(&self, at: Timestamp) -> Instant {
        let far = std::time::Duration::from_secs(86_400);
        self.start + at.since(Timestamp::ZERO).min(self.start.elapsed() + far)
    }
}

impl SteadyClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self { began_at: SystemClock.now(), since: Monotonic::start() }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> UnixMillis {
        let passed = self.since.now().since(Timestamp::ZERO).as_millis();
        UnixMillis::new(self.began_at.millis().saturating_add(u64::try_from(passed).unwrap_or(u64::MAX)))
    }
}

/// What the time of day was, and will be, by the monotonic clock of the process.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    monotonic: Timestamp,
    wall: UnixMillis,
}

impl WallClock {
    pub(crate) fn now(clock: &Monotonic) -> Self {
        Self { monotonic: clock.now(), wall: SystemClock.now() }
    }

    /// The time of day at this instant, if nobody had set the clock since, or does until then.
    pub fn at(&self, at: Timestamp) -> UnixMillis {
        let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let passed = self.wall.millis().saturating_sub(millis(self.monotonic.since(at)));
        UnixMillis::new(passed.saturating_add(millis(at.since(self.monotonic))))
    }
}

/// The wall clock as certificates are judged by it.
pub(crate) fn system_time() -> SystemTime {
    UNIX_EPOCH + std::time::Duration::from_millis(SystemClock.now().millis())
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for wall-clock time")]
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
