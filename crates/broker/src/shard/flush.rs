use std::io::{self, IoSlice};
use std::rc::Rc;

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::ShardId;
use vouchmq_mqtt::time::Timestamp;

use super::mailbox::Message;
use super::sockets::{Closing, Socket};
use super::{Shard, State};
use crate::trace::Tap;
use crate::transport::SLICES_MAX;

/// Bytes that are written to one connection in one go: one that reads fast, and has much to get, must not keep
/// the others of its shard waiting.
const WRITE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that are received in one turn before what they caused is written.
const UNFLUSHED_MAX: usize = 256 * 1024;
/// Mail of this size does not wait for the end of the turn.
const EARLY_MAIL_BYTES: usize = 1024 * 1024;

impl Shard {
    /// Writes what the engine has for clients, and sends its mail, once for all connections that were read
    /// in a turn of the loop.
    pub(super) async fn flush_forever(self: Rc<Self>) {
        loop {
            self.output.notified().await;
            if self.flush() {
                // More to do, and nothing waits for it: let others have their turn first.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Flushes once; `true` when there is more already.
    fn flush(self: &Rc<Self>) -> bool {
        let mut state = self.state.borrow_mut();
        state.flush();
        self.after_input(&mut state);
        state.has_output()
    }
}

impl State {
    /// Writes before more is received, when an outbox fills up or much was received since the last time.
    pub(super) fn flush_early(&mut self, byte_count: usize) {
        self.unflushed_bytes += byte_count;
        if self.engine.should_write() || self.unflushed_bytes >= UNFLUSHED_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let now = self.clock.now();
        self.unflushed_bytes = 0;
        if let Some(upto) = self.engine.unpersisted() {
            // Sessions live in memory: what is in the engine is as safe as it gets.
            self.engine.persisted(upto);
        }
        self.engine.work(now);
        for id in self.unwritten.drain(..) {
            self.engine.mark_dirty(id);
        }
        // Whoever gets new bytes by being written to has its turn in the next flush.
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.extend(std::iter::from_fn(|| self.engine.poll_dirty()));
        for id in dirty.drain(..) {
            self.write(now, id);
        }
        self.dirty = dirty;
        self.send_mail();
    }

    fn send_mail(&mut self) {
        for (number, mailbox) in self.mailboxes.iter().enumerate() {
            let to = ShardId(u16::try_from(number).unwrap_or(u16::MAX));
            if let Some(mail) = self.engine.take_mail(to) {
                mailbox.send(Message::Mail(self.id, mail));
            }
        }
    }

    /// Sends mail that is large before its turn: what waits for other shards is bounded by what their mailboxes
    /// hold, which is looked at before more is read.
    pub(super) fn send_mail_early(&mut self) {
        if self.engine.mail_byte_count() > EARLY_MAIL_BYTES {
            self.send_mail();
        }
    }

    /// Writes what waits for one connection, as far as the peer takes it and others are not kept waiting.
    pub(super) fn write(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if socket.is_blocked {
            if socket.transport.layers().is_some() {
                // It may be blocked by what waits below: the engine learns that its bytes wait, too.
                self.engine.written(now, id, 0);
            }
            return;
        }
        let mut written = 0;
        while let Some(outbox) = self.engine.outbox(id).filter(|outbox| !outbox.is_empty()) {
            if written >= WRITE_BYTES_MAX {
                return self.unwritten.push(id);
            }
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let filled = outbox.slices(&mut slices);
            match socket.transport.try_write(slices.get(..filled).unwrap_or_default()) {
                Ok(count) => {
                    if let Some(tap) = self.taps.of(id) {
                        copy(tap, slices.get(..filled).unwrap_or_default(), count);
                    }
                    self.engine.written(now, id, count);
                    written += count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.engine.written(now, id, 0);
                    socket.is_blocked = true;
                    return socket.wake();
                }
                Err(_) => return self.drop_socket(now, id),
            }
        }
        if let Some(tap) = self.taps.of(id) {
            tap.has_sent_all();
        }
        match (socket.closing, socket.transport.flush()) {
            (Closing::No, Ok(())) => {}
            (Closing::No, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                socket.is_blocked = true;
                return socket.wake();
            }
            (Closing::Lingering, _) => return self.end_socket(now, id),
            (Closing::AtOnce, _) | (Closing::No, Err(_)) => return self.drop_socket(now, id),
        }
        if self.engine.wants_input(id) && socket.was_full {
            socket.was_full = false;
            socket.wake();
        }
    }

    /// There is something to write, to send or to go on with.
    pub(super) fn has_output(&self) -> bool {
        self.engine.has_output() || !self.unwritten.is_empty()
    }

    /// Closes a socket. Its task finds nothing when it is woken, and ends.
    pub(super) fn drop_socket(&mut self, now: Timestamp, id: ConnectionId) {
        drop(self.take_socket(now, id));
    }

    /// Closes a socket whose client is to see the end.
    pub(super) fn end_socket(&mut self, now: Timestamp, id: ConnectionId) {
        if let Some(Socket { transport, seat, .. }) = self.take_socket(now, id) {
            self.linger(transport, seat);
        }
    }

    fn take_socket(&mut self, now: Timestamp, id: ConnectionId) -> Option<Socket> {
        let client_id = self.engine.client_of(id).cloned();
        let socket = self.sockets.remove(id);
        if let Some(socket) = &socket {
            self.departed.insert(id, socket.seat.peer);
            socket.wake();
        }
        self.taps.end(id);
        self.held_back.remove(&id);
        self.delayed.remove(&id);
        self.verifying.remove(&id);
        self.exchanges.remove(&id);
        self.engine.closed(now, id);
        if let (Some(client_id), Some(socket)) = (client_id, &socket) {
            socket.person.leave_name(&mut self.engine, &client_id);
        }
        socket
    }
}

/// Copies the first bytes of what is sent.
fn copy(tap: &mut Tap, slices: &[IoSlice<'_>], mut count: usize) {
    for slice in slices {
        let sent = slice.get(..count.min(slice.len())).unwrap_or_default();
        tap.sends(sent);
        count -= sent.len();
    }
}
