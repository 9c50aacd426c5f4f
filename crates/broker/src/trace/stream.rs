use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout_at};
use vouchmq_identity::{Clock, UnixMillis};
use vouchmq_mqtt::{Dialect, ReasonCode};

use super::digest::Packet;
use super::{LIFETIME_MAX, PAYLOAD_BYTES_MAX, Record, Trace, TraceLimits, What, describe};
use crate::clock::SystemClock;
use crate::control::Control;
use crate::shard::mailbox::Message;
use crate::transport::Peer;

/// What a trace tells, as it happens. Dropping it ends the trace.
#[derive(Debug)]
pub struct TraceStream {
    control: Control,
    trace: Arc<Trace>,
    records: Receiver<Arc<Record>>,
    /// What the connections speak.
    dialects: HashMap<u64, Dialect>,
    payload_bytes_max: usize,
    ends_at: Instant,
    told_missed: u64,
}

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// When.
    pub at: UnixMillis,
    /// The number of the connection, which has no other in this process; 0: it is about none.
    pub connection: u64,
    /// Where it comes from; `None` over a Unix socket.
    pub peer: Option<SocketAddr>,
    /// What.
    pub what: Traced,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traced {
    /// A connection was accepted, at this listener.
    Accepted(Option<Arc<str>>),
    /// A connection was there when the trace began, by this listener.
    Found(Option<Arc<str>>),
    /// A packet was received or sent.
    Packet(Box<Packet>),
    /// The client is let in.
    Allowed,
    /// The client is refused, for this reason.
    Refused(ReasonCode),
    /// The connection is over, for this reason.
    Closed(Box<str>),
    /// So many events could not be told: the reader was too slow.
    Missed(u64),
}

impl TraceStream {
    pub(crate) fn new(
        control: Control,
        trace: Arc<Trace>,
        records: Receiver<Arc<Record>>,
        limits: TraceLimits,
    ) -> Self {
        Self {
            control,
            trace,
            records,
            dialects: HashMap::new(),
            payload_bytes_max: limits.payload_bytes_max.min(PAYLOAD_BYTES_MAX),
            ends_at: Instant::now() + limits.lifetime.min(LIFETIME_MAX),
            told_missed: 0,
        }
    }

    /// What happens next; `None` when the time of the trace is over. May be dropped and called again.
    pub async fn next(&mut self) -> Option<TraceEvent> {
        if let Some(missed) = self.newly_missed() {
            return Some(missed);
        }
        let record = timeout_at(self.ends_at, self.records.recv()).await.ok()??;
        self.trace.taken(&record);
        Some(self.tell(&record))
    }

    /// Events that did not fit, so far.
    pub fn missed(&self) -> u64 {
        self.trace.missed()
    }

    fn newly_missed(&mut self) -> Option<TraceEvent> {
        let count = self.trace.missed().saturating_sub(self.told_missed);
        // They are missing behind what waits.
        if count == 0 || !self.records.is_empty() {
            return None;
        }
        self.told_missed += count;
        Some(TraceEvent { at: SystemClock.now(), connection: 0, peer: None, what: Traced::Missed(count) })
    }

    fn tell(&mut self, record: &Record) -> TraceEvent {
        let what = match &record.what {
            What::Opened { listener } => Traced::Accepted(listener.clone()),
            What::Found { listener, dialect } => {
                self.dialects.insert(record.connection, *dialect);
                Traced::Found(listener.clone())
            }
            What::Packet { is_from_client, bytes, len } => {
                let dialect = self.dialects.get(&record.connection).copied().unwrap_or_default();
                let bytes = bytes.expose_secret();
                let (packet, spoken) =
                    describe::describe(*is_from_client, bytes, *len, dialect, self.payload_bytes_max);
                if let Some(dialect) = spoken {
                    self.dialects.insert(record.connection, dialect);
                }
                Traced::Packet(Box::new(packet))
            }
            What::Judged { refusal: None } => Traced::Allowed,
            What::Judged { refusal: Some(reason) } => Traced::Refused(*reason),
            What::Closed { cause } => {
                self.dialects.remove(&record.connection);
                Traced::Closed(cause.clone())
            }
        };
        let peer = match record.peer {
            Peer::Address(address) => Some(address),
            Peer::Local => None,
        };
        TraceEvent { at: record.at, connection: record.connection, peer, what }
    }
}

impl Drop for TraceStream {
    fn drop(&mut self) {
        self.records.close();
        self.control.traces.end(&self.trace);
        for mailbox in self.control.mailboxes.iter() {
            mailbox.send(Message::EndTrace(self.trace.clone()));
        }
    }
}
