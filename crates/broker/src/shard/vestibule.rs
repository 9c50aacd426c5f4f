//! Between accepting a connection and serving it: what the listener speaks below MQTT is agreed on, by a task for each
//! connection, so that nobody waits for who is slow.

mod fault;
mod places;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_tls::{Progress, Protocol, Server};

use super::Shard;
use crate::WebSocketOptions;
use crate::admission::Seat;
use crate::clock::system_time;
use crate::door::Spoken;
use crate::event_log::Event;
use crate::proxy_protocol::ProxyHeader;
use crate::transport::{Layered, Peer, Transport, Wire};
use crate::websocket::Upgrade;
use fault::Fault;
use places::{Place, Rooms};

/// Bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;

/// What the connections share that are not served yet.
pub(super) struct Vestibule {
    rooms: Rooms,
    /// Whoever computes holds it: one handshake in a turn of the loop, however many there are, so that messages flow
    /// between them.
    turn: Semaphore,
}

/// A connection that is not served yet.
struct Visitor {
    shard: Rc<Shard>,
    spoken: Arc<Spoken>,
    peer: Peer,
    place: Place,
    seat: Option<Seat>,
    accepted_at: Timestamp,
    layers: Box<Layered>,
    /// What came and belongs to the next layer.
    received: Vec<u8>,
}

impl Default for Vestibule {
    fn default() -> Self {
        Self { rooms: Rooms::default(), turn: Semaphore::new(1) }
    }
}

impl Shard {
    /// A connection has come that something is to be agreed on with.
    pub(super) fn enter(self: &Rc<Self>, wire: Wire, peer: Peer, door: u64, spoken: &Arc<Spoken>) {
        // A proxy has the connections of many.
        let network = if spoken.is_of_proxy(peer) { None } else { peer.network() };
        let (places, now) = (self.vestibule.rooms.of(door), self.now());
        let Some(place) = places.take(now, network) else {
            return self.count_fault(peer, &Fault::Crowded);
        };
        let visitor = Visitor {
            shard: self.clone(),
            spoken: spoken.clone(),
            peer,
            place,
            seat: None,
            accepted_at: now,
            layers: Box::new(Layered::new(wire)),
            received: Vec::new(),
        };
        self.spawn(Box::pin(visitor.pass()));
    }

    fn count_fault(&self, peer: Peer, fault: &Fault) {
        let mut state = self.state.borrow_mut();
        if let Some(counter) = fault.counter(&state.admission.counters.handshakes) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if fault.is_worth_a_line() && state.log_admits(Event::Handshake) {
            tracing::warn!(%peer, reason = %fault, "connection closed before CONNECT");
        }
    }
}

impl Visitor {
    /// Agrees on everything in time, and hands the connection over.
    async fn pass(mut self) {
        let deadline = {
            let state = self.shard.state.borrow();
            state.clock.instant(self.accepted_at.after(state.engine.connect_deadline()))
        };
        let eviction = self.place.eviction();
        let agreed = tokio::select! {
            agreed = tokio::time::timeout_at(deadline.into(), self.agree()) => agreed.unwrap_or(Err(Fault::Late)),
            () = eviction.notified() => Err(Fault::Evicted),
        };
        let Self { shard, peer, seat, accepted_at, layers, received, .. } = self;
        let transport = match layers.into_plain() {
            Ok(wire) => Transport::Plain(wire),
            Err(layers) => Transport::Layered(layers),
        };
        match (agreed, seat) {
            (Ok(()), Some(seat)) => {
                let counters = &shard.state.borrow().admission.clone().counters.handshakes;
                counters.completed.fetch_add(1, Ordering::Relaxed);
                if !shard.is_draining.get() {
                    shard.open_since(accepted_at, transport, seat, &received);
                }
            }
            (Ok(()), None) => {}
            (Err(fault), seat) => {
                shard.count_fault(peer, &fault);
                if let Some(seat) = seat.filter(|_| fault.is_answered()) {
                    let mut state = shard.state.borrow_mut();
                    state.linger(transport, seat);
                    shard.after_input(&mut state);
                }
            }
        }
    }

    async fn agree(&mut self) -> Result<(), Fault> {
        if self.spoken.is_of_proxy(self.peer) {
            self.hear_proxy().await?;
        }
        let spoken = self.spoken.clone();
        let seat = self.shard.admit(self.peer, &spoken);
        let seat = seat.filter(|seat| seat.refusal.is_none() || spoken.tls.is_none());
        // To be told why it is refused would cost a handshake.
        let mut seat = seat.ok_or(Fault::Unseated)?;
        let (is_taken, delay) = (seat.takes(self.received.len()), seat.delay());
        if spoken.tls.is_some() {
            seat.was_delayed();
        }
        self.seat = Some(seat);
        if !is_taken {
            return Err(Fault::TooMuch);
        }
        if let Some(server) = &spoken.tls {
            self.wait_for_turn(delay).await?;
            let protocol = if spoken.websocket.is_some() { Protocol::Http } else { Protocol::Mqtt };
            self.shake_hands(server, protocol).await?;
        }
        if let Some(options) = &spoken.websocket {
            self.upgrade(options).await?;
        }
        Ok(())
    }

    /// An address that connects too often waits before anything is computed for it.
    async fn wait_for_turn(&mut self, delay: Duration) -> Result<(), Fault> {
        if delay.is_zero() {
            return Ok(());
        }
        self.hears()?;
        let admission = self.shard.state.borrow().admission.clone();
        admission.counters.delayed_logins.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(delay).await;
        self.place.waits(self.shard.now());
        Ok(())
    }

    /// It is this machine that is waited for now.
    fn hears(&mut self) -> Result<(), Fault> {
        if self.place.hears() { Ok(()) } else { Err(Fault::Evicted) }
    }

    // --- PROXY protocol

    /// Learns for whom a proxy connects.
    async fn hear_proxy(&mut self) -> Result<(), Fault> {
        loop {
            if let Some(header) = ProxyHeader::of(&self.received).map_err(Fault::Proxy)? {
                drop(self.received.drain(..header.len));
                self.peer = header.source.map_or(self.peer, Peer::Address);
                let network = header.source.and_then(|_| self.peer.network());
                return self.place.is_of(network).then_some(()).ok_or(Fault::Crowded);
            }
            self.read().await?;
        }
    }

    // --- TLS

    async fn shake_hands(&mut self, server: &Server, protocol: Protocol) -> Result<(), Fault> {
        let judge = self.spoken.judge.clone();
        self.layers.begin_tls(server.accept(protocol).map_err(Fault::Defect)?, judge);
        let already = std::mem::take(&mut self.received);
        if !already.is_empty() && self.unseal(&already).await?.is_established {
            return self.shaken_hands().await;
        }
        loop {
            self.layers.flush_all().await?;
            if self.read().await?.is_established {
                return self.shaken_hands().await;
            }
        }
    }

    /// Who comes by a ticket is judged as well: what its certificate is worth may have changed since it got that.
    async fn shaken_hands(&mut self) -> Result<(), Fault> {
        self.layers.flush_all().await?;
        self.hears()?;
        let turn = self.shard.vestibule.turn.acquire().await;
        self.layers.vouch(system_time()).map_err(Fault::Certificate)?;
        drop(turn);
        self.place.waits(self.shard.now());
        if self.layers.session().is_some_and(vouchmq_tls::Session::is_resumed) {
            let admission = self.shard.state.borrow().admission.clone();
            admission.counters.handshakes.resumed.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(seat) = &mut self.seat {
            seat.starts_afresh();
            if !seat.takes(self.received.len()) {
                return Err(Fault::TooMuch);
            }
        }
        Ok(())
    }

    // --- WebSocket

    async fn upgrade(&mut self, options: &WebSocketOptions) -> Result<(), Fault> {
        let mut news = 0;
        loop {
            let has_line = self.received.get(news..).is_some_and(|news| news.contains(&b'\n'));
            let is_long = self.received.len() >= crate::websocket::HEAD_BYTES_MAX;
            if (has_line || is_long)
                && let Some(upgrade) = self.judge_request(options).await?
            {
                return self.upgraded(upgrade).await;
            }
            news = self.received.len();
            self.read().await?;
        }
    }

    async fn judge_request(&mut self, options: &WebSocketOptions) -> Result<Option<Upgrade>, Fault> {
        match Upgrade::of_request(&self.received, options) {
            Ok(upgrade) => Ok(upgrade),
            Err(refusal) => {
                self.write(refusal.response().as_bytes()).await?;
                Err(Fault::WebSocket(refusal))
            }
        }
    }

    async fn upgraded(&mut self, upgrade: Upgrade) -> Result<(), Fault> {
        self.write(upgrade.response.as_bytes()).await?;
        drop(self.received.drain(..upgrade.head_len));
        self.layers.begin_websocket();
        let (data, is_last) = self.layers.unframe(&mut self.received);
        self.received.truncate(data.end);
        drop(self.received.drain(..data.start));
        if is_last { Err(Fault::Ended) } else { Ok(()) }
    }

    // --- bytes

    /// Reads once, and appends what came, opened, to what was received.
    async fn read(&mut self) -> Result<Progress, Fault> {
        loop {
            self.layers.wire().readable().await?;
            self.hears()?;
            let turn = self.shard.vestibule.turn.acquire().await;
            let mut state = self.shard.state.borrow_mut();
            let mut sealed = std::mem::take(&mut state.sealed);
            sealed.resize(READ_BYTES.max(sealed.len()), 0);
            let read = self.layers.wire().try_read(sealed.get_mut(..READ_BYTES).unwrap_or_default());
            let came = match read {
                Ok(0) => Err(Fault::Gone),
                Ok(count) if !self.seat.as_mut().is_none_or(|seat| seat.takes(count)) => Err(Fault::TooMuch),
                Ok(count) => {
                    let sealed = sealed.get(..count).unwrap_or_default();
                    let opened = self.layers.unseal(sealed, &mut state.scratch, &mut self.received);
                    opened.map_err(Fault::from).and_then(|opened| opened.map_err(Fault::Tls)).map(Some)
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(error.into()),
            };
            state.sealed = sealed;
            self.place.waits(state.clock.now());
            drop(state);
            drop(turn);
            match came? {
                Some(progress) if progress.is_closed => return Err(Fault::Gone),
                Some(progress) => return Ok(progress),
                None => {}
            }
        }
    }

    /// Opens what came with something else.
    async fn unseal(&mut self, sealed: &[u8]) -> Result<Progress, Fault> {
        self.hears()?;
        let _turn = self.shard.vestibule.turn.acquire().await;
        let mut state = self.shard.state.borrow_mut();
        self.place.waits(state.clock.now());
        let mut last = Progress::default();
        for piece in sealed.chunks(READ_BYTES) {
            let progress =
                self.layers.unseal(piece, &mut state.scratch, &mut self.received)?.map_err(Fault::Tls)?;
            last.is_established |= progress.is_established;
        }
        Ok(last)
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            match self.layers.try_write(&[io::IoSlice::new(bytes)]) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.layers.writable().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.layers.flush_all().await?)
    }
}
