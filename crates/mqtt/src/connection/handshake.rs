use std::sync::Arc;

use crate::session::Will;

/// What a CONNECT asked for, while its verdict is awaited. No session is touched before it is there.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) client_id: Arc<str>,
    /// The server chose the client id, and has to tell.
    pub(crate) is_assigned: bool,
    pub(crate) clean_start: bool,
    pub(crate) keep_alive_secs: u16,
    /// As the client asked, before our limit.
    pub(crate) session_expiry_secs: u32,
    pub(crate) receive_maximum: u16,
    pub(crate) topic_alias_maximum: u16,
    pub(crate) response_information: bool,
    pub(crate) will: Option<Box<Will>>,
    pub(crate) deadline: crate::time::Timestamp,
}

/// Enhanced authentication of a connection (MQTT 5.0 §4.12).
#[derive(Debug)]
pub(crate) struct Enhanced {
    /// The Authentication Method of the CONNECT, which every AUTH has to repeat.
    pub(crate) method: Box<str>,
    pub(crate) awaits: Awaits,
}

/// Who has to speak next in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// The authenticator.
    Verdict,
    /// The client, which was sent AUTH with Continue authentication.
    Answer,
    /// Nobody: the exchange is over.
    Nothing,
}
