//! Closes connections that nobody has used for a while.

use std::sync::Weak;
use std::time::Duration;

use super::gate::{Gate, IDLE_MAX, Idle};

/// One for each server while it has connections that are kept.
pub(super) async fn sweep(gate: Weak<Gate>) {
    loop {
        let Some(next) = gate.upgrade().and_then(|gate| gate.close_old()) else { return };
        tokio::time::sleep(next).await;
    }
}

impl Gate {
    /// Closes what is old; says when to come again, if ever.
    fn close_old(&self) -> Option<Duration> {
        let (mut state, now) = (self.state.lock(), self.now());
        let before = state.idle.len();
        state.idle.retain(|idle| now < idle.ends());
        state.connections -= before - state.idle.len();
        state.forget_shared(now);
        let idle = state.idle.iter().map(Idle::ends);
        let shared = state.shared.iter();
        // one in use is looked at again when it is old
        let shared = shared.map(|it| if it.is_idle() { it.ends() } else { now + IDLE_MAX });
        let next: Option<Duration> = idle.chain(shared).min();
        state.is_swept = next.is_some();
        next.map(|next| next.saturating_sub(now).max(Duration::from_millis(1)))
    }
}
