//! One connection, and what is said on it.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::http::response;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use vouchmq_tls::SessionFault;

use crate::wire::{Wire, innermost};

/// A request as it is sent.
pub(super) type Sent = Request<Full<Bytes>>;
/// A connection of HTTP/2 to send on: all of them share it.
pub(super) type Streams = http2::SendRequest<Full<Bytes>>;

/// A connection of HTTP/1.1. It moves only while somebody asks on it: there is no task of its own that would have to be
/// woken for every step.
pub(super) struct Http1 {
    send: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<Heard>, Full<Bytes>>,
    /// Bytes that came.
    heard: Arc<AtomicU64>,
    /// It was closed, or nobody can tell what will come next.
    is_over: bool,
    /// Not used for a new question from then on.
    pub(super) retire_at: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// Nothing was sent.
    Unsent(Box<str>),
    /// The connection was closed before anything came.
    Silent(Box<str>),
    /// The connection was closed, or the stream reset.
    BrokenOff(Box<str>),
    /// The other end does not agree on TLS: it may say so only after the handshake (RFC 8446 §4.4.3).
    Tls(Box<str>),
    /// That is no HTTP.
    Garbage(Box<str>),
    /// The answer is too long.
    TooLong,
}

/// An answer: head and body.
pub(super) type Whole = (response::Parts, Bytes);

/// The head of an answer is never longer, in bytes.
const HEAD_MAX: usize = 64 * 1024;
/// After so long a connection of HTTP/2 on which nothing comes is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// And is given up after so long.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

// === impl Http1 ===

impl Http1 {
    pub(super) async fn new(wire: Wire, retire_at: Duration) -> Result<Self, hyper::Error> {
        let heard = Arc::new(AtomicU64::new(0));
        let io = TokioIo::new(Heard { wire, heard: Arc::clone(&heard) });
        let (send, driver) = http1::Builder::new().max_buf_size(HEAD_MAX).handshake(io).await?;
        Ok(Self { send, driver, heard, is_over: false, retire_at })
    }

    /// Whether the other end has closed it, or said something unasked, since it was used.
    pub(super) async fn is_alive(&mut self) -> bool {
        poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(self.is_reusable())
        })
        .await
    }

    pub(super) fn is_reusable(&self) -> bool {
        !self.is_over && self.send.is_ready()
    }

    /// Asks. Whoever does not wait for the end has closed the connection by that.
    pub(super) async fn ask(&mut self, request: Sent, max: usize) -> Result<Whole, Failed> {
        let before = self.heard.load(Ordering::Relaxed);
        let Self { send, driver, is_over, heard, .. } = self;
        // until the answer is whole
        let mut is_closed = std::mem::replace(is_over, true);
        let mut reading = pin!(read(send.try_send_request(request), max));
        let answer = poll_fn(|cx| {
            if let Poll::Ready(answer) = reading.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            if !is_closed && Pin::new(&mut *driver).poll(cx).is_ready() {
                is_closed = true;
            }
            reading.as_mut().poll(cx)
        })
        .await;
        match answer {
            Ok(whole) => {
                // lets it see that nothing more comes
                *is_over = is_closed;
                self.is_alive().await;
                Ok(whole)
            }
            Err(Failed::BrokenOff(why)) if heard.load(Ordering::Relaxed) == before => {
                Err(Failed::Silent(why))
            }
            Err(failed) => Err(failed),
        }
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_over && Pin::new(&mut self.driver).poll(cx).is_ready() {
            self.is_over = true;
        }
    }
}

// === HTTP/2 ===

/// Begins to speak HTTP/2. One task carries what all streams say, until nobody holds the connection.
pub(super) async fn http2(wire: Wire) -> Result<Streams, hyper::Error> {
    let (send, driver) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_header_list_size(u32::try_from(HEAD_MAX).unwrap_or(u32::MAX))
        .handshake(TokioIo::new(wire))
        .await?;
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(error = %innermost(&error), "a connection to a server has ended");
        }
    });
    Ok(send)
}

/// Asks on a stream. Whoever does not wait for the end resets it.
pub(super) async fn ask_on_stream(streams: &mut Streams, request: Sent, max: usize) -> Result<Whole, Failed> {
    read(streams.try_send_request(request), max).await
}

// === answers ===

async fn read(
    answering: impl Future<Output = Result<Response<Incoming>, TrySendError<Sent>>>,
    max: usize,
) -> Result<Whole, Failed> {
    let (head, mut body) = match answering.await {
        Ok(answer) => answer.into_parts(),
        Err(mut error) => {
            let is_unsent = error.take_message().is_some();
            let error = error.into_error();
            return Err(if is_unsent { Failed::Unsent(innermost(&error).into()) } else { failed(&error) });
        }
    };
    let most = u64::try_from(max).unwrap_or(u64::MAX);
    if body.size_hint().lower() > most {
        return Err(Failed::TooLong);
    }
    let mut parts = Bytes::new();
    let mut more: Vec<u8> = Vec::new();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        let Ok(part) = frame.map_err(|error| failed(&error))?.into_data() else { continue };
        if parts.len() + more.len() + part.len() > max {
            return Err(Failed::TooLong);
        }
        if parts.is_empty() {
            parts = part;
        } else {
            more.extend_from_slice(&part);
        }
    }
    if !more.is_empty() {
        parts = [&parts[..], &more[..]].concat().into();
    }
    Ok((head, parts))
}

fn failed(error: &hyper::Error) -> Failed {
    if let Some(fault) = tls_fault(error) {
        return Failed::Tls(fault.to_string().into());
    }
    let why = innermost(error).into();
    if error.is_parse() { Failed::Garbage(why) } else { Failed::BrokenOff(why) }
}

/// What TLS says of an error, if it is one of its own.
fn tls_fault(error: &hyper::Error) -> Option<SessionFault> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(fault) = error.downcast_ref::<io::Error>().and_then(SessionFault::of_stream) {
            return Some(fault);
        }
        source = error.source();
    }
    None
}

// === impl Heard ===

/// A connection that counts what comes.
struct Heard {
    wire: Wire,
    heard: Arc<AtomicU64>,
}

impl AsyncRead for Heard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let polled = Pin::new(&mut this.wire).poll_read(cx, into);
        this.heard.fetch_add((into.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Heard {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().wire).poll_write(cx, from)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_shutdown(cx)
    }
}
