use std::sync::Arc;

use secrecy::SecretSlice;
use vouchmq_identity::UnixMillis;
use vouchmq_mqtt::{Dialect, ReasonCode};

use crate::transport::Peer;

/// Something that happened to a connection that is traced, as its shard saw it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) at: UnixMillis,
    /// Tells the connections of a process apart.
    pub(crate) connection: u64,
    pub(crate) peer: Peer,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum What {
    /// It was accepted.
    Opened { listener: Option<Arc<str>> },
    /// It was there already when the trace began, and speaks this.
    Found { listener: Option<Arc<str>>, dialect: Dialect },
    /// A packet, or what was kept of it: it may hold a password.
    Packet {
        is_from_client: bool,
        bytes: SecretSlice<u8>,
        /// Bytes of the whole packet.
        len: usize,
    },
    /// It was judged; `None`: it is let in.
    Judged { refusal: Option<ReasonCode> },
    /// It is over.
    Closed { cause: Box<str> },
}

impl Record {
    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        use secrecy::ExposeSecret;
        let more = match &self.what {
            What::Packet { bytes, .. } => bytes.expose_secret().len(),
            What::Closed { cause } => cause.len(),
            What::Opened { .. } | What::Found { .. } | What::Judged { .. } => 0,
        };
        size_of::<Self>() + more
    }
}
