use std::future::Future;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::time::Timestamp;

use super::sockets::Closing;
use super::{Shard, State, turn};
use crate::event_log::Event;

/// Reads that one connection may make before others get their turn.
const READS_MAX: usize = 8;
/// Bytes that the engine is given at once.
const PORTION_BYTES: usize = 64 * 1024;

/// The task of one connection: reads while there is something to read and the engine wants it.
///
/// It holds no buffer and no state of its own, so that an idle connection costs next to nothing.
pub(super) struct Reading {
    shard: Rc<Shard>,
    id: ConnectionId,
}

impl Reading {
    pub(super) fn new(shard: Rc<Shard>, id: ConnectionId) -> Self {
        Self { shard, id }
    }
}

impl Future for Reading {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shard.state.borrow_mut();
        let polled = state.poll_reading(self.id, cx);
        self.shard.after_input(&mut state);
        polled
    }
}

impl State {
    /// Hands on what was read, in portions between which outboxes that fill up are written.
    fn receive(&mut self, now: Timestamp, id: ConnectionId, data: Range<usize>) {
        if let Some(tap) = self.taps.of(id) {
            tap.receives(self.scratch.get(data.clone()).unwrap_or_default());
        }
        let mut start = data.start;
        while start < data.end {
            let end = data.end.min(start + PORTION_BYTES);
            let bytes = self.scratch.get(start..end).unwrap_or_default();
            self.engine.receive(now, id, bytes);
            self.flush_early(end - start);
            start = end;
        }
        self.act();
    }

    /// Closes a connection of which nothing more can be kept.
    fn refuse_stranger(&mut self, now: Timestamp, id: ConnectionId) {
        let peer = self.peer(id);
        if self.log_admits(Event::Refused) {
            tracing::warn!(%peer, "connection closed: strangers have sent too much, all together or from this address");
        }
        self.drop_socket(now, id);
    }

    fn poll_reading(&mut self, id: ConnectionId, cx: &mut Context<'_>) -> Poll<()> {
        let now = self.clock.now();
        let mut read_at = now;
        for _ in 0..READS_MAX {
            let is_held_back = self.is_held_back();
            let Some(socket) = self.sockets.get_mut(id) else { return Poll::Ready(()) };
            if socket.waker.is_none() {
                socket.waker = Some(cx.waker().clone());
            }
            if socket.is_blocked && socket.transport.poll_write_ready(cx).is_ready() {
                socket.is_blocked = false;
                self.write(now, id);
                continue;
            }
            if socket.closing != Closing::No || !self.engine.wants_input(id) {
                // A wake-up comes with Resume, or when the outbox has been written.
                socket.was_full = true;
                // Who has gone while it is judged, and has left nothing to do, need not be judged.
                let may_leave = self.verifying.contains_key(&id) && !self.engine.keeps_input(id);
                if may_leave && socket.transport.poll_gone(cx).is_ready() {
                    self.drop_socket(now, id);
                    return Poll::Ready(());
                }
                return Poll::Pending;
            }
            if is_held_back {
                self.held_back.insert(id);
                return Poll::Pending;
            }
            let portion = self.portion.size();
            match socket.transport.poll_read(cx, &mut self.scratch, portion, &mut self.sealed) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(received)) if received.wire_count > 0 => {
                    let count = received.wire_count;
                    if !socket.seat.takes(count) {
                        self.refuse_stranger(now, id);
                        return Poll::Ready(());
                    }
                    let has_unsent = socket.transport.has_unsent();
                    self.receive(now, id, received.data);
                    if received.is_last {
                        self.end_socket(now, id);
                        return Poll::Ready(());
                    }
                    if has_unsent {
                        self.write(now, id);
                    }
                    self.send_mail_early();
                    let done = self.clock.now();
                    self.portion.learn(count, done.since(read_at), self.scratch.len());
                    if turn::is_over(done.since(now)) {
                        break;
                    }
                    read_at = done;
                }
                // The peer has closed, or the connection broke.
                Poll::Ready(Ok(_) | Err(_)) => {
                    self.drop_socket(now, id);
                    return Poll::Ready(());
                }
            }
        }
        // Whoever else is ready, and whoever the system has news for, comes first.
        let _ = pin!(tokio::task::yield_now()).poll(cx);
        Poll::Pending
    }
}
