use std::sync::Arc;
use std::time::Duration;

use crate::message::Message;
use crate::time::Timestamp;

/// A will and when it is due (MQTT 5.0 §3.1.2.5, §3.1.3.2.2).
#[derive(Clone, Debug)]
pub(crate) struct Will {
    pub(crate) message: Arc<Message>,
    /// Its Message Expiry Interval counts from its publication, not from the CONNECT.
    pub(crate) expiry: Option<Duration>,
    pub(crate) delay: Duration,
    /// Set while the connection is gone and the delay runs.
    pub(crate) due_at: Timestamp,
}
