use std::time::Duration;

use crate::topic::TopicLimits;

/// Every bound of the protocol core in one place. A number of 0 means unlimited only where said.
///
/// Bounds of the runtime (connections, descriptors, memory, addresses) are not here: the core never sees a
/// socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from the opening of a connection to a complete CONNECT, for each answer in an authentication
    /// exchange, and for others to say what a client may do.
    pub connect_deadline: Duration,
    /// Bytes a client may send before it is authenticated.
    pub unauthenticated_bytes_max: usize,
    /// Maximum Packet Size accepted from clients, in bytes.
    pub packet_bytes_max: usize,
    /// Length of a Client Identifier or User Name, in bytes.
    pub client_id_bytes_max: usize,
    /// Length of a Password, in bytes.
    pub password_bytes_max: usize,
    /// Length and levels of a Topic Name or Filter.
    pub topics: TopicLimits,
    /// User Properties in one packet.
    pub user_properties_max: usize,
    /// Subscriptions of one client.
    pub subscriptions_max: usize,
    /// Receive Maximum announced to clients, and the most we ever have in flight to one.
    pub receive_maximum: u16,
    /// Topic aliases accepted from a client, and the most we assign to one.
    pub topic_alias_maximum: u16,
    /// Bytes buffered for one connection before QoS 0 is dropped and QoS 1 and 2 wait in the session.
    pub outbound_bytes_max: usize,
    /// Messages that wait in one session.
    pub queued_messages_max: usize,
    /// Bytes that wait in one session.
    pub queued_bytes_max: usize,
    /// What happens to a QoS 1 or 2 message for a session whose queue is full.
    pub queue_full: QueueFull,
    /// A receiver that takes nothing for this long, while something waits for it, is closed.
    pub stalled_receiver: Duration,
    /// Maximum keep-alive in seconds; 0 = any.
    pub keep_alive_max_secs: u16,
    /// Longest Session Expiry Interval in seconds; `u32::MAX` = for ever.
    pub session_expiry_max_secs: u32,
    /// Messages per second and client; 0 = unlimited.
    pub messages_per_sec: u32,
    /// Bytes per second and client; 0 = unlimited.
    pub bytes_per_sec: u32,
}

/// What happens to a QoS 1 or 2 message for a session whose queue is full. Counted in every case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueFull {
    /// The publisher is told Quota exceeded (0x97): nothing is lost in silence.
    #[default]
    Reject,
    /// The new message is dropped for this session.
    DropNew,
    /// The oldest waiting message makes room.
    DropOldest,
}

impl Limits {
    /// The keep-alive in force for a client that asks for this one, in seconds; 0 = none.
    pub(crate) const fn keep_alive_secs(&self, asked_secs: u16) -> u16 {
        let max = self.keep_alive_max_secs;
        if max > 0 && (asked_secs == 0 || asked_secs > max) { max } else { asked_secs }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_deadline: Duration::from_secs(10),
            unauthenticated_bytes_max: 64 * 1024,
            packet_bytes_max: 1024 * 1024,
            client_id_bytes_max: 256,
            password_bytes_max: 64 * 1024,
            topics: TopicLimits::default(),
            user_properties_max: 64,
            subscriptions_max: 1024,
            receive_maximum: 1024,
            topic_alias_maximum: 16,
            outbound_bytes_max: 1024 * 1024,
            queued_messages_max: 1000,
            queued_bytes_max: 4 * 1024 * 1024,
            queue_full: QueueFull::Reject,
            stalled_receiver: Duration::from_secs(30),
            keep_alive_max_secs: 0,
            session_expiry_max_secs: u32::MAX,
            messages_per_sec: 0,
            bytes_per_sec: 0,
        }
    }
}
