use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::HttpLimits;

/// What a connection is doing, and until when it may.
///
/// Deadlines move with each request, so they are numbers that the connection's one timer looks at every
/// second: a request re-arms no timer.
pub(super) struct Watch {
    start: Instant,
    /// Milliseconds after `start`; `u64::MAX` for never.
    deadline: AtomicU64,
    phase: AtomicU8,
    limits: Arc<HttpLimits>,
}

/// Nothing has come yet.
const FRESH: u8 = 3;
/// Nothing of the next request has come.
const IDLE: u8 = 0;
/// The head of a request is coming.
const HEAD: u8 = 1;
/// A request is being answered.
const BUSY: u8 = 2;
/// An event stream is going out.
const STREAM: u8 = 4;

/// A connection whose incoming bytes are noticed.
pub(super) struct Watched<S> {
    stream: S,
    watch: Arc<Watch>,
    end: End,
}

/// How far the end of a connection has come.
///
/// A connection that is closed while bytes are still unread is reset, and takes an answer that its client has
/// not read yet with it: as 413 to somebody who is still sending. So the end waits for the client's, for
/// [`LINGER`] and [`LINGER_BYTES_MAX`].
enum End {
    NotYet,
    Lingering { left: usize },
}

// === impl Watch ===

impl Watch {
    /// A connection that was just accepted has to send its first request soon.
    pub(super) fn start(limits: Arc<HttpLimits>) -> Self {
        let (start, first) = (Instant::now(), millis(limits.head_timeout));
        Self { start, deadline: AtomicU64::new(first), phase: AtomicU8::new(FRESH), limits }
    }

    /// Until when the handshake of TLS has to be over: the head of the first request shares that time.
    pub(super) fn handshake_by(&self) -> Instant {
        self.start + self.limits.head_timeout
    }

    /// The head of a request is complete.
    pub(super) fn began(&self) {
        self.enter(BUSY, self.limits.request_timeout.saturating_add(ANSWER_MARGIN));
    }

    /// The answer is an event stream, which may take as long as it likes, as long as its client reads.
    pub(super) fn streams(&self) {
        self.deadline.store(u64::MAX, Ordering::Relaxed);
        self.phase.store(STREAM, Ordering::Relaxed);
    }

    /// The request may take so long from now on.
    pub(super) fn prolong(&self, patience: Duration) {
        self.enter(BUSY, patience.saturating_add(ANSWER_MARGIN));
    }

    /// When the request has to be answered.
    pub(super) fn answer_by(&self) -> Instant {
        let deadline = Duration::from_millis(self.deadline.load(Ordering::Relaxed));
        let far = self.start + Duration::from_hours(24);
        self.start.checked_add(deadline).map_or(far, |at| at.min(far)) - ANSWER_MARGIN
    }

    /// Whether bytes of an answer went out: who does not read an event stream is not waited for.
    fn wrote(&self, is_flowing: bool) {
        if self.phase.load(Ordering::Relaxed) != STREAM {
            return;
        }
        if is_flowing {
            self.deadline.store(u64::MAX, Ordering::Relaxed);
        } else if self.deadline.load(Ordering::Relaxed) == u64::MAX {
            let patience = millis(self.limits.stall_timeout);
            self.deadline.store(self.elapsed().saturating_add(patience), Ordering::Relaxed);
        }
    }

    /// The answer is on its way.
    pub(super) fn answered(&self) {
        self.enter(IDLE, self.limits.idle_timeout);
    }

    /// When to look again whether the connection [is overdue](Self::is_overdue).
    pub(super) fn next_look(&self) -> Instant {
        let HttpLimits { head_timeout, request_timeout, idle_timeout, stall_timeout, .. } = *self.limits;
        let shortest = head_timeout.min(request_timeout).min(idle_timeout).min(stall_timeout);
        Instant::now() + shortest.clamp(Duration::from_millis(10), Duration::from_secs(1))
    }

    /// Whether the connection has to be closed.
    pub(super) fn is_overdue(&self) -> bool {
        self.elapsed() >= self.deadline.load(Ordering::Relaxed)
    }

    /// Whether the client has never said anything.
    pub(super) fn is_fresh(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == FRESH
    }

    fn received(&self) {
        match self.phase.load(Ordering::Relaxed) {
            IDLE => self.enter(HEAD, self.limits.head_timeout),
            // Counted from the start.
            FRESH => self.phase.store(HEAD, Ordering::Relaxed),
            _ => {}
        }
    }

    fn enter(&self, phase: u8, patience: Duration) {
        self.deadline.store(self.elapsed().saturating_add(millis(patience)), Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
    }

    fn elapsed(&self) -> u64 {
        millis(self.start.elapsed())
    }
}

/// The problem that says that a request took too long has to get out too.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);
/// How long a client may take to notice that it is done.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 1024 * 1024;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

// === impl Watched ===

impl<S> Watched<S> {
    pub(super) const fn new(stream: S, watch: Arc<Watch>) -> Self {
        Self { stream, watch, end: End::NotYet }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.watch.received();
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch.wrote(polled.is_ready());
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut left = match this.end {
            End::Lingering { left } => left,
            End::NotYet => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                this.watch.enter(BUSY, LINGER);
                LINGER_BYTES_MAX
            }
        };
        let mut space = [0; 4096];
        while left > 0 {
            let mut buffer = ReadBuf::new(&mut space);
            this.end = End::Lingering { left };
            match ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => left = left.saturating_sub(buffer.filled().len()),
                // The client has hung up too, one way or the other.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch.wrote(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
