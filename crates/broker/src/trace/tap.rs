use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice};
use smallvec::SmallVec;
use vouchmq_identity::Clock;
use vouchmq_mqtt::codec::{self, DecodeLimits, PacketType};
use vouchmq_mqtt::{Dialect, Packet, ReasonCode};

use super::packets::Packets;
use super::{Record, Trace, Traces, What};
use crate::clock::SystemClock;
use crate::transport::Peer;

/// Records of a connection that is not known yet.
const HELD_MAX: usize = 64;
/// Bytes of them.
const HELD_BYTES_MAX: usize = 64 * 1024;

/// What copies a connection for those who trace it.
#[derive(Debug)]
pub(crate) struct Tap {
    connection: u64,
    peer: Peer,
    /// Who traces it.
    traces: SmallVec<[Arc<Trace>; 1]>,
    /// Who does if it turns out to be whom they are about.
    candidates: Vec<Arc<Trace>>,
    /// What those would have been told.
    held: Vec<Arc<Record>>,
    held_bytes: usize,
    held_missed: u64,
    from_client: Packets,
    to_client: Packets,
    /// Nothing that is sent is told before all that waited when the trace began: it may begin within a packet.
    waits_for_outbox: bool,
    cause: Option<Box<str>>,
}

impl Tap {
    /// A connection is accepted; `None` if nobody could mean it.
    pub(crate) fn open(traces: &Traces, peer: Peer, listener: Option<Arc<str>>) -> Option<Box<Self>> {
        let mut tap = Self::new(traces, peer);
        for trace in traces.all() {
            if trace.target.is_from(peer.ip()) {
                tap.traces.push(trace);
            } else if !matches!(trace.target, super::TraceTarget::Address(_)) {
                tap.candidates.push(trace);
            }
        }
        if tap.is_idle() {
            return None;
        }
        tap.tell(What::Opened { listener });
        Some(Box::new(tap))
    }

    /// A connection that is there already, of which nobody has known anything so far.
    pub(crate) fn attach(traces: &Traces, peer: Peer) -> Box<Self> {
        Box::new(Self { waits_for_outbox: true, ..Self::new(traces, peer) })
    }

    fn new(traces: &Traces, peer: Peer) -> Self {
        Self {
            connection: traces.number(),
            peer,
            traces: SmallVec::new(),
            candidates: Vec::new(),
            held: Vec::new(),
            held_bytes: 0,
            held_missed: 0,
            from_client: Packets::default(),
            to_client: Packets::default(),
            waits_for_outbox: false,
            cause: None,
        }
    }

    /// A trace begins that means this connection, or would if it turned out to be somebody.
    pub(crate) fn begin(
        &mut self,
        trace: &Arc<Trace>,
        is_meant: bool,
        listener: Option<Arc<str>>,
        dialect: Dialect,
    ) {
        let is_known = self.traces.iter().chain(&self.candidates).any(|known| known.is(trace));
        if is_known {
            return;
        }
        if is_meant {
            trace.offer(&self.record(What::Found { listener, dialect }));
            self.traces.push(trace.clone());
        } else {
            self.candidates.push(trace.clone());
            if self.held.is_empty() {
                self.hold(self.record(What::Opened { listener }));
            }
        }
    }

    /// Forgets a trace that is over; `true` when nothing is left to do.
    pub(crate) fn end(&mut self, trace: &Trace) -> bool {
        self.traces.retain(|known| !known.is(trace));
        self.candidates.retain(|known| !known.is(trace));
        self.is_idle()
    }

    fn is_idle(&self) -> bool {
        self.traces.is_empty() && self.candidates.is_empty()
    }

    /// The client has said who it is; `true` when nobody means it.
    pub(crate) fn named(&mut self, client_id: Option<&str>, username: Option<&str>) -> bool {
        for trace in std::mem::take(&mut self.candidates) {
            if trace.target.is_named(client_id, username) {
                self.held.iter().for_each(|record| trace.offer(record));
                trace.miss(self.held_missed);
                self.traces.push(trace);
            }
        }
        self.held = Vec::new();
        self.is_idle()
    }

    /// The connection ends, and nobody has said who it is: it may have said so itself.
    pub(crate) fn named_by_itself(&mut self) -> bool {
        if self.candidates.is_empty() {
            return self.is_idle();
        }
        let named = self.held.iter().find_map(|record| names_in(record));
        let (client_id, username) = named.unwrap_or_default();
        self.named(client_id.as_deref(), username.as_deref())
    }

    /// Bytes of the client.
    pub(crate) fn receives(&mut self, bytes: &[u8]) {
        let mut packets = std::mem::take(&mut self.from_client);
        packets.push(bytes, |bytes, len| self.tell_packet(true, bytes, len));
        self.from_client = packets;
    }

    /// Bytes for the client.
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        if self.waits_for_outbox {
            return;
        }
        let mut packets = std::mem::take(&mut self.to_client);
        packets.push(bytes, |bytes, len| self.tell_packet(false, bytes, len));
        self.to_client = packets;
    }

    /// Nothing waits for the client: the next byte begins a packet.
    pub(crate) const fn has_sent_all(&mut self) {
        self.waits_for_outbox = false;
    }

    pub(crate) fn judged(&mut self, refusal: Option<ReasonCode>) {
        self.tell(What::Judged { refusal });
    }

    /// Why it will be closed.
    pub(crate) fn will_close(&mut self, cause: &dyn std::fmt::Display) {
        self.cause.get_or_insert_with(|| cause.to_string().into());
    }

    /// It is closed.
    pub(crate) fn closes(mut self: Box<Self>) {
        if !self.named_by_itself() {
            let cause = self.cause.take().unwrap_or_else(|| "the connection was lost".into());
            self.tell(What::Closed { cause });
        }
    }

    fn tell_packet(&mut self, is_from_client: bool, bytes: Vec<u8>, len: usize) {
        self.tell(What::Packet { is_from_client, bytes: SecretSlice::from(bytes), len });
    }

    fn tell(&mut self, what: What) {
        let record = self.record(what);
        self.traces.iter().for_each(|trace| trace.offer(&record));
        if !self.candidates.is_empty() {
            self.hold(record);
        }
    }

    /// Keeps a record for those who may mean this connection.
    fn hold(&mut self, record: Arc<Record>) {
        let bytes = self.held_bytes + record.size();
        if self.held.len() >= HELD_MAX || bytes > HELD_BYTES_MAX {
            self.held_missed += 1;
        } else {
            self.held_bytes = bytes;
            self.held.push(record);
        }
    }

    fn record(&self, what: What) -> Arc<Record> {
        Arc::new(Record { at: SystemClock.now(), connection: self.connection, peer: self.peer, what })
    }
}

/// Client Identifier and User Name of a CONNECT.
fn names_in(record: &Record) -> Option<(Option<String>, Option<String>)> {
    let What::Packet { is_from_client: true, bytes, .. } = &record.what else { return None };
    let bytes = bytes.expose_secret();
    let header = codec::frame(bytes).ok()??;
    if header.packet_type != PacketType::Connect {
        return None;
    }
    let body = bytes.get(header.header_len..)?;
    let version = Dialect::default().version();
    match codec::decode(header, body, version, &DecodeLimits::default()) {
        Ok(Packet::Connect(connect)) => {
            Some((Some(connect.client_id.to_owned()), connect.username.map(str::to_owned)))
        }
        Ok(_) | Err(_) => None,
    }
}
