use std::fmt;
use std::io;
use std::sync::atomic::AtomicU64;

use vouchmq_tls::{Refusal, SessionFault, TlsFault};

use crate::admission::HandshakeCounters;
use crate::proxy_protocol::NoHeader;
use crate::websocket;

/// Why a connection is not served.
#[derive(Debug)]
pub(super) enum Fault {
    /// The client has closed, or the connection broke.
    Gone,
    /// The client has said by WebSocket that it ends.
    Ended,
    /// It took too long.
    Late,
    /// Too many do the same at once, all together or of its address.
    Crowded,
    /// It has said nothing for a while, and its place was needed.
    Evicted,
    /// Admission has no place for it, and has counted that.
    Unseated,
    /// Strangers have sent too much; admission has counted that.
    TooMuch,
    /// A proxy does not say for whom it connects.
    Proxy(NoHeader),
    Tls(SessionFault),
    Certificate(Refusal),
    WebSocket(websocket::Refusal),
    /// A defect of ours.
    Defect(TlsFault),
}

impl Fault {
    /// What counts it.
    pub(super) const fn counter<'a>(&self, counters: &'a HandshakeCounters) -> Option<&'a AtomicU64> {
        Some(match self {
            Self::Gone | Self::Ended => &counters.abandoned,
            Self::Late => &counters.timed_out,
            Self::Crowded => &counters.crowded,
            Self::Evicted => &counters.evicted,
            Self::Unseated | Self::TooMuch => return None,
            Self::Proxy(_) => &counters.failed_proxy,
            Self::Tls(SessionFault::Certificate(_) | SessionFault::NoCertificate) | Self::Certificate(_) => {
                &counters.failed_certificate
            }
            Self::Tls(_) | Self::Defect(_) => &counters.failed_tls,
            Self::WebSocket(_) => &counters.failed_websocket,
        })
    }

    /// Whether the client is told, by what waits to be written or was written.
    pub(super) const fn is_answered(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::Certificate(_) | Self::WebSocket(_) | Self::Ended)
    }

    /// Whether an operator may want to know.
    pub(super) const fn is_worth_a_line(&self) -> bool {
        !matches!(self, Self::Gone | Self::Ended | Self::Late | Self::Evicted | Self::Unseated)
    }
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone | Self::Ended => f.write_str("it is gone"),
            Self::Late => f.write_str("it took too long"),
            Self::Crowded => f.write_str("too many handshakes at once, all together or of its address"),
            Self::Evicted => f.write_str("it was silent, and others need its place"),
            Self::Unseated => f.write_str("there is no place for it"),
            Self::TooMuch => f.write_str("strangers have sent too much, all together or from this address"),
            Self::Proxy(NoHeader(why)) => write!(f, "no PROXY header: {why}"),
            Self::Tls(fault) => write!(f, "TLS: {fault}"),
            Self::Certificate(refusal) => write!(f, "its certificate: {refusal}"),
            Self::WebSocket(refusal) => write!(f, "no WebSocket: {refusal}"),
            Self::Defect(fault) => write!(f, "TLS cannot begin: {fault}"),
        }
    }
}
