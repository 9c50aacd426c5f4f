//! How far the change log goes, for those who follow it.

use tokio::sync::watch;

/// The newest number of the change log that is known to be committed.
pub(crate) struct Heads(watch::Sender<u64>);

impl Heads {
    pub(crate) fn new(head: u64) -> Self {
        Self(watch::Sender::new(head))
    }

    /// Takes a number down, if it is newer.
    pub(crate) fn raise(&self, head: u64) {
        self.0.send_if_modified(|newest| {
            let is_newer = head > *newest;
            *newest = head.max(*newest);
            is_newer
        });
    }

    /// Whether nothing is known of this number yet.
    pub(crate) fn is_newer(&self, head: u64) -> bool {
        head > *self.0.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
