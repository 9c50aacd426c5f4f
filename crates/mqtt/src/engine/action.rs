use std::sync::Arc;

use super::ShardId;
use super::inquiries::{Inquiries, InquiryId};
use crate::ReasonCode;
use crate::codec::DecodeError;
use crate::connection::ConnectionId;

/// What an engine asks its driver to do.
#[derive(Debug)]
pub enum Action {
    /// Find out who this is, and answer with [`Input::Decided`](super::Input::Decided). The connection reads
    /// nothing further until then.
    Authenticate(ConnectionId, Box<Authentication>),
    /// The client belongs to another engine: open the connection there and replay `bytes`. The engine has
    /// forgotten the connection already.
    Move {
        /// The connection here.
        connection: ConnectionId,
        /// Whose client it is.
        to: ShardId,
        /// All that was received so far.
        bytes: Vec<u8>,
    },
    /// Have others asked what a client may do, and answer with [`Input::Inquired`](super::Input::Inquired). The
    /// connection reads nothing further until then, or until the engine gives up
    /// ([`Limits::connect_deadline`](crate::limits::Limits::connect_deadline)).
    Inquire(InquiryId, Box<Inquiries>),
    /// Nobody waits for the answer to an inquiry any more; one that still comes is ignored.
    Withdraw(InquiryId),
    /// Read on: what held the connection up is over.
    Resume(ConnectionId),
    /// A client is connected.
    Connected(ConnectionId, Arc<str>),
    /// The peer does not take its last bytes: close now, and call
    /// [`Engine::closed`](super::Engine::closed).
    Abort(ConnectionId),
    /// Write what waits, then close, then call [`Engine::closed`](super::Engine::closed).
    Close {
        /// The connection.
        connection: ConnectionId,
        /// Whose it was, if it got that far.
        client_id: Option<Arc<str>>,
        /// Why, for the log.
        cause: CloseCause,
    },
}

/// Why a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The client sent DISCONNECT.
    Disconnected(ReasonCode),
    /// The network connection was lost.
    Lost,
    /// No CONNECT, or no answer in an authentication exchange, within the deadline.
    HandshakeTimeout,
    /// Nothing was heard for one and a half times the keep-alive.
    KeepAliveTimeout,
    /// The client was refused with this reason.
    Refused(ReasonCode),
    /// The client broke the protocol, or a limit.
    Violation(ReasonCode, &'static str),
    /// What the client sent is no packet.
    Undecodable(DecodeError),
    /// Another connection of the same client took over.
    TakenOver,
    /// The client took nothing for too long while messages waited.
    Stalled,
    /// The verdict or credential expired.
    Expired,
    /// Somebody asked for it through the control interface.
    Administrative(ReasonCode),
    /// The broker shuts down.
    ShuttingDown,
}

impl std::fmt::Display for CloseCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Disconnected(ReasonCode::SUCCESS) => f.write_str("the client disconnected"),
            Self::Disconnected(reason) => write!(f, "the client disconnected: {reason}"),
            Self::Lost => f.write_str("the connection was lost"),
            Self::HandshakeTimeout => f.write_str("no complete CONNECT in time"),
            Self::KeepAliveTimeout => f.write_str("nothing was heard within the keep-alive"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
            Self::Violation(reason, rule) => write!(f, "{rule}: {reason}"),
            Self::Undecodable(error) => error.fmt(f),
            Self::TakenOver => f.write_str("the client connected again"),
            Self::Stalled => f.write_str("the client did not read what was sent to it"),
            Self::Expired => f.write_str("the permission to be connected ended"),
            Self::Administrative(reason) => write!(f, "an operator asked for it: {reason}"),
            Self::ShuttingDown => f.write_str("the broker shuts down"),
        }
    }
}

/// What a client presents.
#[derive(Debug)]
pub struct Authentication {
    /// Client Identifier; assigned by the server when the client sent none.
    pub client_id: Arc<str>,
    /// User Name.
    pub username: Option<Box<str>>,
    /// Protocol Name of the CONNECT.
    pub protocol: &'static str,
    /// Password, or data of an authentication method.
    pub credentials: Credentials,
}

/// How a client proves who it is.
pub enum Credentials {
    /// Nothing, or a password.
    Password(Option<Vec<u8>>),
    /// Enhanced authentication begins (MQTT 5.0 §4.12).
    Begin {
        /// Authentication Method.
        method: Box<str>,
        /// Authentication Data.
        data: Vec<u8>,
    },
    /// The client's next AUTH.
    Continue(Vec<u8>),
    /// A connected client authenticates again, with the same method.
    Again {
        /// Authentication Method.
        method: Box<str>,
        /// Authentication Data.
        data: Vec<u8>,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Password(None) => f.write_str("Password(None)"),
            Self::Password(Some(_)) => f.write_str("Password(<secret>)"),
            Self::Begin { method, .. } => write!(f, "Begin({method}, <secret>)"),
            Self::Continue(_) => f.write_str("Continue(<secret>)"),
            Self::Again { method, .. } => write!(f, "Again({method}, <secret>)"),
        }
    }
}
