//! The one place of this tool that asks the system for the time, and waits.

use std::time::{Duration, Instant};

/// Measures how long something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a development tool measures wall time here, and nowhere else"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Calls `ready` every `every` until it returns `Some`, for `limit` at most.
pub(crate) fn wait_for<T>(
    limit: Duration,
    every: Duration,
    mut ready: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let watch = Stopwatch::start();
    loop {
        if let Some(value) = ready()? {
            return Ok(Some(value));
        }
        if watch.elapsed() >= limit {
            return Ok(None);
        }
        pause(every);
    }
}

/// Sleeps, the only sleep of this tool.
#[expect(clippy::disallowed_methods, reason = "a single-threaded tool that polls another process")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_value_or_with_the_limit() {
        let mut calls = 0;
        let found = wait_for(Duration::from_secs(5), Duration::ZERO, || {
            calls += 1;
            Ok((calls == 3).then_some(calls))
        });
        assert_eq!(found.expect("no error"), Some(3));
        let never = wait_for(Duration::ZERO, Duration::ZERO, || Ok(None::<()>));
        assert_eq!(never.expect("no error"), None);
    }
}
