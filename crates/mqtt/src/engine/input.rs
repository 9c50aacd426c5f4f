use std::sync::Arc;

use super::inquiries::InquiryId;
use super::options::EngineSettings;
use crate::ReasonCode;
use crate::authorize::{Authorize, Inquired};
use crate::connection::ConnectionId;
use crate::message::Message;
use crate::time::Timestamp;

/// What an engine is told beside bytes, mail and time.
#[derive(Debug)]
pub enum Input {
    /// The answer to [`Action::Authenticate`](super::Action::Authenticate).
    Decided(ConnectionId, Decision),
    /// A connected client may do something else from now on, or until another time; ignored where the client
    /// is not connected. `data` of the permit is not sent.
    ///
    /// It counts from the next packet on, and for what waits for the client. Subscriptions stay, and each is
    /// judged anew: one that would be refused now, or about which others would have to be asked, delivers only what
    /// the client may receive message by message, and all of it again when rights come back. What was found out
    /// by the rights of before for a packet that waits for it is found out again. Bytes that are in the outbox already were
    /// delivered before.
    Repermit(ConnectionId, Permit),
    /// The answer to [`Action::Inquire`](super::Action::Inquire): one for each attempt, in their order; where one is
    /// missing, nothing could be found out.
    Inquired(InquiryId, Box<[Inquired]>),
    /// The peer is gone, or the driver gave up on it.
    Lost(ConnectionId),
    /// Close one connection, with this reason.
    Disconnect(ConnectionId, ReasonCode),
    /// Close the connection of a client, if it has one, with this reason.
    DisconnectClient(Arc<str>, ReasonCode),
    /// Route a message of the broker itself.
    Publish(Arc<Message>),
    /// Go on with other settings; given to all engines that work together. Nobody is disconnected by it.
    Reconfigure(Box<EngineSettings>),
    /// Memory is short: QoS 0 is dropped until it is not.
    MemoryPressure(bool),
    /// Close every connection with Server shutting down (0x8B); wills are kept.
    Drain,
}

/// The answer to an authentication step.
pub enum Decision {
    /// Let the client in, or keep it in after re-authentication.
    Allow(Permit),
    /// The method wants one more answer of the client.
    Continue(Vec<u8>),
    /// No, for this reason.
    Refuse(ReasonCode),
}

/// What a client that was let in may do.
pub struct Permit {
    /// Judges every publish, subscription and delivery.
    pub authorize: Arc<dyn Authorize>,
    /// When the permit ends; [`Timestamp::NEVER`] if it does not.
    pub until: Timestamp,
    /// The last Authentication Data of the method, for CONNACK or AUTH.
    pub data: Option<Vec<u8>>,
}

impl std::fmt::Debug for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Allow(permit) => f.debug_tuple("Allow").field(permit).finish(),
            Self::Continue(_) => f.write_str("Continue(<secret>)"),
            Self::Refuse(reason) => f.debug_tuple("Refuse").field(reason).finish(),
        }
    }
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit").field("until", &self.until).finish_non_exhaustive()
    }
}
