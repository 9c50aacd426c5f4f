use std::io::{self, IoSlice};
use std::rc::Rc;

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::ShardId;
use vouchmq_mqtt::time::Timestamp;

use super::mailbox::Message;
use super::{Shard, State};

/// Pieces that one system call writes at most.
const SLICES_MAX: usize = 64;
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
        state.engine.has_output()
    }
}

impl State {
    fn flush(&mut self) {
        let now = self.clock.now();
        if let Some(upto) = self.engine.unpersisted() {
            // Sessions live in memory: what is in the engine is as safe as it gets.
            self.engine.persisted(upto);
        }
        self.engine.work(now);
        while let Some(id) = self.engine.poll_dirty() {
            self.write(now, id);
        }
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

    /// Writes what waits for one connection, as far as the peer takes it.
    pub(super) fn write(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if socket.is_blocked {
            return;
        }
        while let Some(outbox) = self.engine.outbox(id).filter(|outbox| !outbox.is_empty()) {
            let waiting = outbox.len();
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let filled = outbox.slices(&mut slices);
            match socket.transport.try_write(slices.get(..filled).unwrap_or_default()) {
                Ok(count) => {
                    self.engine.written(now, id, count);
                    if count == waiting {
                        continue;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.engine.written(now, id, 0);
                    socket.is_blocked = true;
                    return socket.wake();
                }
                Err(_) => return self.drop_socket(now, id),
            }
        }
        if socket.is_closing {
            return self.drop_socket(now, id);
        }
        if self.engine.wants_input(id) && socket.was_full {
            socket.was_full = false;
            socket.wake();
        }
    }

    /// Closes a socket. Its task finds nothing when it is woken, and ends.
    pub(super) fn drop_socket(&mut self, now: Timestamp, id: ConnectionId) {
        if let Some(socket) = self.sockets.remove(id) {
            self.admission.release(socket.peer);
            socket.wake();
            self.departed.push((id, socket.peer));
        }
        self.exchanges.remove(&id);
        self.engine.closed(now, id);
    }
}
