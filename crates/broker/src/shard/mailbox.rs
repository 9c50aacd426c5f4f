use tokio::sync::mpsc;
use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::{Decision, Engine, Input, Mail, ShardId};

use crate::transport::{Detached, Peer};

/// What reaches a shard from other threads.
pub(crate) enum Message {
    /// Another shard's engine has something to tell.
    Mail(ShardId, Mail),
    /// A connection that was accepted elsewhere, with what was read from it.
    Adopt { transport: Detached, peer: Peer, bytes: Vec<u8> },
    /// A verification is done.
    Decided(ConnectionId, Decision),
    /// Something for the engine.
    Input(Input),
    /// Looks into the shard.
    Inspect(Box<dyn FnOnce(&Engine) + Send>),
    /// Accept nobody any more, and let everybody go.
    Drain,
}

/// The way into a shard from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox(mpsc::UnboundedSender<Message>);

/// The shard's end of its mailbox.
pub(crate) type Inbox = mpsc::UnboundedReceiver<Message>;

impl Mailbox {
    pub(crate) fn new() -> (Self, Inbox) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Sends a message; one for a shard that has ended is dropped.
    pub(crate) fn send(&self, message: Message) {
        let _ = self.0.send(message);
    }
}
