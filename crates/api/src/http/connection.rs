use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout_at};
use vouchmq_tls::{Protocol, Server, SessionFault};

use super::Draining;
use super::client::{Asked, Told};
use super::front::Front;
use super::origin::Origin;
use super::policy::Now;
use super::proxied::proxied;
use super::watch::{Alarm, Watch};
use super::watched::Watched;

/// One connection, and what it is served by.
pub(super) struct Connection {
    pub(super) origin: Origin,
    pub(super) told: Told,
    /// The address here that it came to; `None` by a Unix socket.
    pub(super) local: Option<std::net::IpAddr>,
    pub(super) front: Arc<Front>,
    pub(super) now: Arc<Now>,
    pub(super) watch: Arc<Watch>,
    pub(super) is_closing: Receiver<()>,
    pub(super) tls: Option<Server>,
}

/// How often it is looked whether a certificate is still good while nobody asks anything.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The same for who presented none: it may be that one is required since.
const LOOK_AGAIN_WITHOUT: Duration = Duration::from_secs(30);
const REFUSED: &str = "connection closed: the client's certificate is refused since";

impl Connection {
    /// Serves it to its end: closed by the client, by a deadline, by the drain, or because its certificate is good no
    /// more.
    pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut self, stream: S) {
        let mut is_closing = self.is_closing.clone();
        let begun = timeout_at(self.watch.handshake_by(), self.begin(stream));
        let begun = tokio::select! {
            begun = begun => begun,
            // Nothing was asked yet.
            _ = is_closing.changed() => return,
        };
        let listener = self.front.name();
        match begun {
            Ok(Ok(Begun::Plain(stream))) => self.speak(stream, None).await,
            Ok(Ok(Begun::Secure(stream, client))) => self.speak(*stream, Some(client)).await,
            Ok(Err(error)) => {
                let why = SessionFault::of_stream(&error)
                    .map_or_else(|| error.to_string(), |fault| fault.to_string());
                tracing::debug!(listener, peer = %self.origin, why, "no HTTP");
            }
            Err(_) => {
                self.front.policy().counts().slow.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(listener, peer = %self.origin, "connection closed: its handshake is too slow");
            }
        }
    }

    /// What comes before HTTP: what a proxy says, and TLS.
    async fn begin<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut stream: S) -> io::Result<Begun<S>> {
        let rules = &self.now.rules;
        if rules.has_proxy_protocol {
            self.told = Told::Itself;
            if let Some(client) = proxied(&mut stream).await? {
                (self.origin, self.told) = (Origin::Tcp(client), Told::Client);
            }
            if !rules.takes(self.origin) {
                self.front.policy().counts().unlisted.fetch_add(1, Ordering::Relaxed);
                return Err(io::Error::other("the address of the client is not allowed"));
            }
        }
        let Some(server) = &self.tls else { return Ok(Begun::Plain(stream)) };
        let (stream, client) = server.accept_stream(Protocol::Http, stream).await?;
        Ok(Begun::Secure(Box::new(stream), client))
    }

    /// HTTP on a stream.
    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, client: Option<vouchmq_tls::Peer>) {
        let Self { origin, told, local, front, now, watch, mut is_closing, tls: _ } = self;
        let limits = &now.limits;
        let drain = Draining(is_closing.clone());
        let has_certificate = client.as_ref().is_some_and(|client| client.certificate().is_some());
        let look_again = if has_certificate { LOOK_AGAIN } else { LOOK_AGAIN_WITHOUT };
        let is_good = || client.as_ref().is_none_or(vouchmq_tls::Peer::is_good);
        let answer = service_fn(|mut request: Request<Incoming>| {
            let (front, watch) = (front.clone(), watch.clone());
            let is_good = is_good();
            request.extensions_mut().insert(drain.clone());
            if let Some(client) = &client {
                request.extensions_mut().insert(client.clone());
            }
            async move {
                // One answer at a time waits for a client to take it, however many were asked for.
                watch.settled().await;
                if is_good {
                    Ok(front.answer(request, Asked { origin, told, local }, watch).await)
                } else {
                    Err(io::Error::other(REFUSED))
                }
            }
        });
        let io = TokioIo::new(Watched::new(stream, watch.clone()));
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                // The deadlines are ours: hyper's would count the time between two requests too.
                .header_read_timeout(None)
                .max_headers(limits.headers_max)
                .max_header_size(limits.head_bytes_max)
                .max_buf_size(limits.head_bytes_max.max(8192))
                .serve_connection(io, answer)
        );
        let (name, mut is_draining) = (front.name(), false);
        let mut alarm = Alarm::of(&watch);
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(listener = name, peer = %origin, %error, "connection ended");
                    }
                    return;
                }
                // Behind the connection: what that does moves the deadline.
                () = &mut alarm => {
                    front.policy().counts().slow.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(listener = name, peer = %origin, "connection closed: too slow");
                    return;
                }
                // The channel ends when the drain begins.
                _ = is_closing.changed(), if !is_draining => {
                    if watch.is_fresh() {
                        return;
                    }
                    is_draining = true;
                    connection.as_mut().graceful_shutdown();
                }
                // An event stream asks nothing any more.
                () = sleep(look_again), if client.is_some() => {
                    if !is_good() {
                        tracing::info!(listener = name, peer = %origin, REFUSED);
                        return;
                    }
                }
            }
        }
    }
}

/// A connection on which HTTP begins.
enum Begun<S> {
    Plain(S),
    Secure(Box<vouchmq_tls::ServerStream<S>>, vouchmq_tls::Peer),
}
