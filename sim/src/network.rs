//! Network connections between clients and engines: delayed, cut into any portions, broken at any byte.

mod pipe;

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::ShardId;
use vouchmq_mqtt::time::Timestamp;

use crate::agenda::{Agenda, Breakage, Event};
use crate::client::ClientNo;
use crate::oracle::MessageNo;
use crate::seed::Rng;
use pipe::{Pipe, Segment};

pub(crate) use pipe::Read;

/// One network connection. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LinkId(u32);

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToBroker,
    ToClient,
}

/// One network connection and what the driver of an engine keeps about it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) client: ClientNo,
    up: Pipe,
    down: Pipe,
    /// The engine that has the connection.
    pub(crate) shard: ShardId,
    /// Its name there, while there is one.
    pub(crate) connection: Option<ConnectionId>,
    /// To be closed once everything is written.
    pub(crate) is_closing: bool,
    /// The last write found no room.
    pub(crate) is_blocked: bool,
    /// Since when the client has taken nothing of what waits.
    pub(crate) blocked_since: Option<Timestamp>,
    /// The client still looks at it.
    pub(crate) is_client_open: bool,
    /// Ends of packets in the bytes that the client has written.
    ends: VecDeque<u64>,
    /// Ends of PUBLISH packets.
    marks: VecDeque<(u64, MessageNo)>,
    sent: u64,
    taken: u64,
    /// When the driver last had a whole packet.
    pub(crate) last_packet_at: Timestamp,
}

/// How fast the network is.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) latency: RangeInclusive<Duration>,
    /// Into how many segments one write falls at most.
    pub(crate) pieces_max: usize,
    /// Bytes that the system buffers on the way to a client.
    pub(crate) capacity: usize,
}

/// All network connections of a run.
#[derive(Debug)]
pub(crate) struct Network {
    links: Vec<Link>,
    weather: Weather,
}

/// What the network needs to act.
pub(crate) struct Wind<'a> {
    pub(crate) now: Timestamp,
    pub(crate) rng: &'a mut Rng,
    pub(crate) agenda: &'a mut Agenda,
}

impl Network {
    pub(crate) fn new(weather: Weather) -> Self {
        Self { links: Vec::new(), weather }
    }

    pub(crate) fn link(&self, id: LinkId) -> &Link {
        &self.links[index(id)]
    }

    pub(crate) fn link_mut(&mut self, id: LinkId) -> &mut Link {
        &mut self.links[index(id)]
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = LinkId> + use<> {
        (0..u32::try_from(self.links.len()).unwrap_or(u32::MAX)).map(LinkId)
    }

    /// A client connects to the listener of `shard`.
    pub(crate) fn connect(&mut self, client: ClientNo, shard: ShardId, wind: &mut Wind<'_>) -> LinkId {
        let id = LinkId(u32::try_from(self.links.len()).unwrap_or(u32::MAX));
        self.links.push(Link {
            client,
            up: Pipe::new(usize::MAX),
            down: Pipe::new(self.weather.capacity),
            shard,
            connection: None,
            is_closing: false,
            is_blocked: false,
            blocked_since: None,
            is_client_open: true,
            ends: VecDeque::new(),
            marks: VecDeque::new(),
            sent: 0,
            taken: 0,
            last_packet_at: wind.now,
        });
        let at = self.arrival(wind);
        wind.agenda.plan(at, Event::Accepted(id, shard));
        // Nothing the client writes arrives before that.
        self.link_mut(id).up.not_before(at);
        id
    }

    /// Sends a packet, or bytes of several, along a link in portions.
    pub(crate) fn send(
        &mut self,
        id: LinkId,
        to: Direction,
        bytes: &[u8],
        safe_through: Timestamp,
        wind: &mut Wind<'_>,
    ) {
        if to == Direction::ToBroker {
            let link = self.link_mut(id);
            link.sent += bytes.len() as u64;
            link.ends.push_back(link.sent);
        }
        let mut rest = bytes;
        for left in (1..=self.weather.pieces_max).rev() {
            let length =
                if left == 1 || rest.len() < 2 { rest.len() } else { wind.rng.length(1..=rest.len()) };
            let (piece, after) = rest.split_at(length);
            rest = after;
            if piece.is_empty() {
                break;
            }
            let at = self.arrival(wind);
            let segment = Segment { bytes: piece.to_vec(), safe_through };
            if let Some(at) = self.pipe_mut(id, to).send(at, segment) {
                wind.agenda.plan(at, Event::Arrival(id, to));
            }
        }
    }

    /// The bytes that the client has written so far end with this PUBLISH.
    pub(crate) fn mark(&mut self, id: LinkId, message: MessageNo) {
        let link = self.link_mut(id);
        link.marks.push_back((link.sent, message));
    }

    /// One end closes properly: what it has written arrives, then the end.
    pub(crate) fn close(&mut self, id: LinkId, to: Direction, wind: &mut Wind<'_>) {
        let at = self.arrival(wind);
        if let Some(at) = self.pipe_mut(id, to).close(at) {
            wind.agenda.plan(at, Event::Arrival(id, to));
        }
    }

    /// The link breaks.
    pub(crate) fn break_link(&mut self, id: LinkId, breakage: Breakage, wind: &mut Wind<'_>) {
        for to in [Direction::ToBroker, Direction::ToClient] {
            match breakage {
                Breakage::Vanish => self.pipe_mut(id, to).lose(),
                Breakage::Reset => {
                    let at = self.arrival(wind);
                    if let Some(at) = self.pipe_mut(id, to).cut(at, wind.rng) {
                        wind.agenda.plan(at, Event::Arrival(id, to));
                    }
                }
            }
        }
    }

    /// The broker's system notices at last that a client is gone.
    pub(crate) fn notice_vanished(&mut self, id: LinkId, wind: &mut Wind<'_>) {
        let at = self.arrival(wind);
        if let Some(at) = self.link_mut(id).up.find(at) {
            wind.agenda.plan(at, Event::Arrival(id, Direction::ToBroker));
        }
    }

    /// Something arrives at the end of a link.
    pub(crate) fn arrive(&mut self, id: LinkId, to: Direction) {
        self.pipe_mut(id, to).arrive();
    }

    /// The driver reads at most `max` bytes; calls `on_message` for each PUBLISH that is complete now.
    pub(crate) fn broker_reads(
        &mut self,
        id: LinkId,
        max: usize,
        now: Timestamp,
        mut on_message: impl FnMut(MessageNo),
    ) -> Read {
        let link = self.link_mut(id);
        let read = link.up.read(max);
        if let Read::Bytes(segment) = &read {
            link.taken += segment.bytes.len() as u64;
            while link.ends.pop_front_if(|end| *end <= link.taken).is_some() {
                link.last_packet_at = now;
            }
            while let Some((_, message)) = link.marks.pop_front_if(|(end, _)| *end <= link.taken) {
                on_message(message);
            }
        }
        read
    }

    /// A client reads at most `max` bytes.
    pub(crate) fn client_reads(&mut self, id: LinkId, max: usize) -> Read {
        self.link_mut(id).down.read(max)
    }

    fn pipe_mut(&mut self, id: LinkId, to: Direction) -> &mut Pipe {
        let link = self.link_mut(id);
        match to {
            Direction::ToBroker => &mut link.up,
            Direction::ToClient => &mut link.down,
        }
    }

    fn arrival(&self, wind: &mut Wind<'_>) -> Timestamp {
        wind.now.after(wind.rng.duration(&self.weather.latency))
    }
}

impl Link {
    /// Bytes that the driver can write now.
    pub(crate) fn room(&self) -> usize {
        self.down.room()
    }

    /// The driver can still write; what it writes may be lost.
    pub(crate) fn is_writable(&self) -> bool {
        self.down.is_open()
    }

    /// Bytes that wait for the driver to read them.
    pub(crate) fn unread_by_broker(&self) -> usize {
        self.up.unread()
    }

    /// Nothing is on its way in either direction.
    pub(crate) fn is_quiet(&self) -> bool {
        self.up.is_quiet() && (self.down.is_quiet() || !self.is_client_open)
    }
}

fn index(id: LinkId) -> usize {
    usize::try_from(id.0).unwrap_or(usize::MAX)
}

impl std::fmt::Display for LinkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "link {}", self.0)
    }
}
