use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use vouchmq_mqtt::engine::{Engine, Input, InquiryId, Mail, ShardId};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ConnectionId, Inquired};

use super::round::Round;
use super::{Listener, ShardView};
use crate::admission::Seat;
use crate::door::Door;
use crate::trace::{Tap, Trace};
use crate::transport::Detached;
use crate::verify::Judged;

/// Bytes of mail that may wait for one shard before the others stop reading from their clients.
const BACKLOG_MAX: usize = 8 * 1024 * 1024;

/// What an engine is to do.
pub(crate) type Instruction = dyn FnOnce(&mut Engine, Timestamp) + Send;

/// What reaches a shard from other threads.
pub(crate) enum Message {
    /// Another shard's engine has something to tell.
    Mail(ShardId, Mail),
    /// A connection that was accepted elsewhere, with what was read from it.
    Adopt(Box<Moved>),
    /// A verification is done, since then.
    Judged(ConnectionId, Judged, Timestamp),
    /// What others say about one attempt of an inquiry, by its position.
    Inquired(InquiryId, usize, Inquired),
    /// Something is to be done with many connections.
    Round(Box<Round>),
    /// Something for the engine.
    Input(Input),
    /// Looks into the shard.
    Inspect(Box<dyn FnOnce(&ShardView<'_>) + Send>),
    /// Has the engine do something.
    Instruct(Box<Instruction>),
    /// Accepts clients at one more listener.
    Listen(Listener, Arc<Door>),
    /// Copies the connections that a trace is about, those from this place on.
    BeginTrace(Arc<Trace>, usize),
    /// A trace is over.
    EndTrace(Arc<Trace>),
    /// Accepts nobody at this door any more; who came by it stays.
    CloseDoor(u64),
    /// A shard that had too much mail has caught up: read on.
    Relieved,
    /// Accept nobody any more, and let everybody go within this time.
    Drain(Duration),
}

/// A connection on its way from one shard to another.
pub(crate) struct Moved {
    pub(crate) transport: Detached,
    pub(crate) seat: Seat,
    /// What was read from it.
    pub(crate) bytes: Vec<u8>,
    /// What copies it, and has copied those bytes.
    pub(crate) tap: Option<Box<Tap>>,
}

/// The way into a shard from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    sender: mpsc::UnboundedSender<Message>,
    backlog: Arc<Backlog>,
}

/// The shard's end of its mailbox.
pub(crate) struct Inbox {
    receiver: mpsc::UnboundedReceiver<Message>,
    backlog: Arc<Backlog>,
}

/// What bounds a mailbox: its writers look at it before they take on more work.
#[derive(Debug, Default)]
struct Backlog {
    bytes: AtomicUsize,
    /// Somebody stopped reading because of this mailbox.
    has_waiters: AtomicBool,
}

impl Mailbox {
    pub(crate) fn new() -> (Self, Inbox) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::default());
        (Self { sender, backlog: backlog.clone() }, Inbox { receiver, backlog })
    }

    /// Sends a message; one for a shard that has ended is dropped.
    pub(crate) fn send(&self, message: Message) {
        if let Message::Mail(_, mail) = &message {
            self.backlog.bytes.fetch_add(mail.byte_count(), Ordering::Relaxed);
        }
        let _ = self.sender.send(message);
    }

    /// Whether the shard has so much mail that its senders have to wait. Who is told so will get
    /// [`Message::Relieved`].
    pub(crate) fn is_congested(&self) -> bool {
        if self.backlog.bytes.load(Ordering::Relaxed) < BACKLOG_MAX {
            return false;
        }
        self.backlog.has_waiters.store(true, Ordering::SeqCst);
        self.backlog.bytes.load(Ordering::SeqCst) >= BACKLOG_MAX
    }
}

impl Inbox {
    /// Waits for messages and takes up to `limit` of them; 0 = nobody can send any more.
    pub(crate) async fn recv_many(&mut self, into: &mut Vec<Message>, limit: usize) -> usize {
        self.receiver.recv_many(into, limit).await
    }

    /// Mail was handled; `true` when those who stopped reading because of it may go on.
    pub(crate) fn handled(&self, byte_count: usize) -> bool {
        let before = self.backlog.bytes.fetch_sub(byte_count, Ordering::SeqCst);
        before - byte_count < BACKLOG_MAX / 2 && self.backlog.has_waiters.swap(false, Ordering::SeqCst)
    }
}
