use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use super::{READ_BYTES, Shard, State};
use crate::admission::Seat;
use crate::transport::Transport;

/// How long a client may take to see why its connection ends.
const TIME_MAX: Duration = Duration::from_secs(1);
/// Bytes that are read meanwhile from a client that was let in: it may be in the middle of large messages.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes that are read meanwhile from a stranger, who has nothing to send but a CONNECT.
const BYTES_MAX_OF_STRANGER: usize = 64 * 1024;
/// Connections of a shard that end so at once; more are closed without.
const COUNT_MAX: usize = 1024;

/// A connection of which everything is written, and whose client may still be sending.
///
/// To close it while something of the client is unread would reset it, and the client might never see the
/// packet that says why: the client is told that nothing follows, and what it sends is discarded until it
/// closes too.
pub(super) struct Lingering {
    transport: Transport,
    /// Given back at the end.
    seat: Seat,
}

impl State {
    /// Leaves the end of a connection to a task of its own.
    pub(super) fn linger(&mut self, mut transport: Transport, seat: Seat) {
        transport.say_goodbye();
        // What the peer does not take at once is left to the task.
        let _ = transport.flush();
        self.lingering.push(Lingering { transport, seat });
    }
}

impl Shard {
    pub(super) fn start_lingering(self: &Rc<Self>, state: &mut State) {
        for mut lingering in state.lingering.drain(..) {
            if self.lingering_count.get() >= COUNT_MAX {
                continue;
            }
            self.lingering_count.set(self.lingering_count.get() + 1);
            let shard = self.clone();
            self.spawn(Box::pin(async move {
                let left = if lingering.seat.is_stranger() { BYTES_MAX_OF_STRANGER } else { BYTES_MAX };
                let _ = tokio::time::timeout(TIME_MAX, shard.see_off(&mut lingering.transport, left)).await;
                drop(lingering);
                shard.lingering_count.set(shard.lingering_count.get().saturating_sub(1));
                shard.empty.notify_one();
            }));
        }
    }

    /// Writes what is left below, and reads until the client closes, but no more than `left` bytes.
    async fn see_off(&self, transport: &mut Transport, left: usize) {
        let has_flushed = match transport.layers_mut() {
            Some(layers) => layers.flush_all().await.is_ok(),
            None => true,
        };
        if has_flushed && transport.shutdown(Shutdown::Write).is_ok() {
            self.discard(transport, left).await;
        }
    }

    /// Reads until the client closes, but no more than `left` bytes.
    async fn discard(&self, transport: &mut Transport, mut left: usize) {
        while left > 0 {
            let read = |cx: &mut std::task::Context<'_>| {
                let mut state = self.state.borrow_mut();
                transport.poll_discard(cx, state.scratch.get_mut(..left.min(READ_BYTES)).unwrap_or_default())
            };
            match std::future::poll_fn(read).await {
                Ok(0) | Err(_) => return,
                Ok(count) => left = left.saturating_sub(count),
            }
        }
    }
}
