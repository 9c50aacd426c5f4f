use std::time::Duration;

use crate::limits::Limits;
use crate::time::Timestamp;

/// A client may be this far ahead of its rate.
const BURST: Duration = Duration::from_secs(1);

/// How far a client has used up its messages and bytes per second.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// When the messages so far would have been sent at the allowed rate.
    messages_until: Timestamp,
    /// When the bytes so far would have been sent at the allowed rate.
    bytes_until: Timestamp,
}

impl Rate {
    /// Charges what was received; returns when the client may send again, if it has to wait.
    pub(crate) fn charge(
        &mut self,
        now: Timestamp,
        message_count: u64,
        byte_count: u64,
        limits: &Limits,
    ) -> Option<Timestamp> {
        advance(&mut self.messages_until, now, message_count, limits.messages_per_sec);
        advance(&mut self.bytes_until, now, byte_count, limits.bytes_per_sec);
        let until = self.messages_until.max(self.bytes_until);
        let ahead = until.since(now);
        (ahead > BURST).then(|| now.after(ahead - BURST))
    }
}

fn advance(until: &mut Timestamp, now: Timestamp, count: u64, per_sec: u32) {
    if per_sec > 0 {
        let micros = count.saturating_mul(1_000_000) / u64::from(per_sec);
        *until = (*until).max(now).after(Duration::from_micros(micros));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_burst_is_free_and_the_rest_has_to_wait() {
        let limits = Limits { messages_per_sec: 10, ..Limits::default() };
        let mut rate = Rate::default();
        assert_eq!(rate.charge(Timestamp::ZERO, 10, 0, &limits), None);
        let resume = rate.charge(Timestamp::ZERO, 10, 0, &limits);
        assert_eq!(resume, Some(Timestamp::from_micros(1_000_000)));
        assert_eq!(rate.charge(Timestamp::from_micros(2_000_000), 10, 0, &limits), None);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let mut rate = Rate::default();
        assert_eq!(rate.charge(Timestamp::ZERO, u64::MAX, u64::MAX, &Limits::default()), None);
    }
}
