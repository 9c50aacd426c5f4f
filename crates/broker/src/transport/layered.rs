use std::io::{self, IoSlice};
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use vouchmq_tls::{CertificateDer, Fingerprint, Progress, Refusal, Session, SessionFault};

use super::frames::Frames;
use super::{Received, Wire};
use crate::judge::Judge;
use crate::websocket::{CloseCode, End};

/// Sealed bytes that one read takes at most. One buffer serves all connections of a shard.
const SEALED_BYTES: usize = 64 * 1024;

/// A socket with TLS above it, or WebSocket, or first the one and then the other.
///
/// It owns no buffer while nothing is on its way.
#[derive(Debug)]
pub(crate) struct Layered<W = Wire> {
    pub(super) wire: W,
    tls: Option<Session>,
    websocket: Option<Frames>,
    /// Who judges the client's certificate.
    pub(crate) judge: Option<Arc<Judge>>,
    /// What that was found to be worth.
    pub(crate) standing: Option<Standing>,
}

/// A certificate that was found good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// By which state of its judge.
    pub(crate) judgement: u64,
    /// The authority that vouches for it.
    pub(crate) authority: Fingerprint,
}

/// What changes when a connection moves.
pub(crate) trait OnWire<W> {
    /// The same layers on what becomes of the socket.
    fn on<V>(self, change: impl FnOnce(W) -> io::Result<V>) -> io::Result<Box<Layered<V>>>;
}

impl<W> OnWire<W> for Box<Layered<W>> {
    fn on<V>(self, change: impl FnOnce(W) -> io::Result<V>) -> io::Result<Box<Layered<V>>> {
        let Layered { wire, tls, websocket, judge, standing } = *self;
        Ok(Box::new(Layered { wire: change(wire)?, tls, websocket, judge, standing }))
    }
}

impl Layered {
    pub(crate) const fn new(wire: Wire) -> Self {
        Self { wire, tls: None, websocket: None, judge: None, standing: None }
    }

    // --- how layers come about

    /// TLS begins.
    pub(crate) fn begin_tls(&mut self, session: Session, judge: Arc<Judge>) {
        self.judge = Some(judge);
        self.tls = Some(session);
    }

    /// WebSocket begins.
    pub(crate) fn begin_websocket(&mut self) {
        self.websocket = Some(Frames::new());
    }

    /// The socket alone again, where nothing came above it.
    pub(crate) fn into_plain(self: Box<Self>) -> Result<Wire, Box<Self>> {
        if self.tls.is_none() && self.websocket.is_none() { Ok(self.wire) } else { Err(self) }
    }

    pub(crate) const fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(crate) const fn session(&self) -> Option<&Session> {
        self.tls.as_ref()
    }

    /// Judges the client's certificate, if there is one and it was not judged by what holds now.
    ///
    /// # Errors
    /// Why it is not good now.
    pub(crate) fn vouch(&mut self, now: SystemTime) -> Result<(), Refusal> {
        self.judge.clone().map_or(Ok(()), |judge| judge.vouch(self, now))
    }

    /// The certificates that the client has presented.
    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        self.tls.as_ref().map_or(&[], Session::peer_certificates)
    }

    // --- reading

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        portion: usize,
        sealed: &mut Vec<u8>,
    ) -> Poll<io::Result<Received>> {
        let (len, wire_count, mut is_last) = if let Some(session) = &mut self.tls {
            sealed.resize(SEALED_BYTES, 0);
            let into = sealed.get_mut(..portion.min(SEALED_BYTES)).unwrap_or_default();
            let count = ready!(self.wire.poll_read(cx, into))?;
            let (len, end) = unseal(session, into.get(..count).unwrap_or_default(), buffer)?;
            (len, count, count == 0 || end.is_err() || end.is_ok_and(|progress| progress.is_closed))
        } else {
            let into = buffer.get_mut(..portion).unwrap_or_default();
            let count = ready!(self.wire.poll_read(cx, into))?;
            (count, count, count == 0)
        };
        let (data, is_end) = self.unframe(buffer.get_mut(..len).unwrap_or_default());
        is_last |= is_end;
        Poll::Ready(Ok(Received { data, wire_count, is_last }))
    }

    /// Opens what came over the wire, during a handshake or before anything else, and appends it to `into`.
    pub(crate) fn unseal(
        &mut self,
        sealed: &[u8],
        buffer: &mut [u8],
        into: &mut Vec<u8>,
    ) -> io::Result<Result<Progress, SessionFault>> {
        let Some(session) = &mut self.tls else {
            into.extend_from_slice(sealed);
            return Ok(Ok(Progress::default()));
        };
        let (len, end) = unseal(session, sealed, buffer)?;
        into.extend_from_slice(buffer.get(..len).unwrap_or_default());
        Ok(end)
    }

    /// Takes frames apart, where there are any; whether nothing follows.
    pub(crate) fn unframe(&mut self, bytes: &mut [u8]) -> (Range<usize>, bool) {
        let Some(frames) = &mut self.websocket else { return (0..bytes.len(), false) };
        let decoded = frames.decoder.decode(bytes);
        match decoded.end {
            None => {}
            Some(End::Closed(code)) => frames.close(code.unwrap_or(CloseCode::NORMAL)),
            Some(End::Violated(code, rule)) => {
                tracing::debug!(%code, rule, "a WebSocket client broke the protocol");
                frames.close(code);
            }
        }
        (decoded.data, decoded.end.is_some())
    }

    // --- writing

    pub(crate) fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let Self { wire, tls, websocket, .. } = self;
        match websocket {
            None => seal(wire, tls.as_mut(), slices),
            Some(frames) => frames.write(slices, |slices| seal(wire, tls.as_mut(), slices)),
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.websocket.as_ref().is_some_and(Frames::has_unsent) {
            self.try_write(&[])?;
        }
        match &mut self.tls {
            Some(session) => flush_tls(&self.wire, session),
            None => Ok(()),
        }
    }

    /// Writes what waits, as the peer takes it.
    pub(crate) async fn flush_all(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Waits until the peer takes bytes again.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.wire.poll_write_ready(cx)).await
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.flush() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.wire.poll_write_ready(cx))?;
                }
                flushed => return Poll::Ready(flushed),
            }
        }
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.websocket.as_ref().is_some_and(Frames::has_unsent)
            || self.tls.as_ref().is_some_and(Session::wants_write)
    }

    pub(super) fn say_goodbye(&mut self) {
        if let Some(frames) = &mut self.websocket {
            frames.close(CloseCode::NORMAL);
        }
        // A Close frame comes before the end of TLS, if there is room for it.
        let _ = self.flush();
        if let Some(session) = &mut self.tls {
            session.close_notify();
        }
    }
}

/// Opens `sealed`, which is at most [`SEALED_BYTES`] long, into the beginning of `buffer`: how many bytes, and what
/// the session said last.
fn unseal(
    session: &mut Session,
    mut sealed: &[u8],
    buffer: &mut [u8],
) -> io::Result<(usize, Result<Progress, SessionFault>)> {
    let (mut len, mut last) = (0, Progress::default());
    while !sealed.is_empty() {
        session.read_tls(&mut sealed)?;
        let progress = match session.process() {
            Ok(progress) => progress,
            Err(fault) => return Ok((len, Err(fault))),
        };
        last = Progress { is_established: last.is_established || progress.is_established, ..progress };
        let mut left = progress.readable;
        while left > 0 {
            let count = session.read(buffer.get_mut(len..).unwrap_or_default())?;
            if count == 0 {
                return Err(io::Error::other("more was sealed than there is room for"));
            }
            (len, left) = (len + count, left.saturating_sub(count));
        }
    }
    Ok((len, Ok(last)))
}

/// Has TLS take of `slices` what it has room for, and writes what waits; without TLS, writes.
fn seal(wire: &Wire, session: Option<&mut Session>, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let Some(session) = session else { return wire.try_write(slices) };
    loop {
        let taken = session.write(slices)?;
        match flush_tls(wire, session) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            // Nothing could be taken, and nothing was made room for.
            Err(error) if taken == 0 => return Err(error),
            Ok(()) if taken == 0 && !slices.iter().all(|slice| slice.is_empty()) => {}
            Ok(()) | Err(_) => return Ok(taken),
        }
    }
}

fn flush_tls(mut wire: &Wire, session: &mut Session) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(&mut wire)?;
    }
    Ok(())
}
