use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch::Receiver;
use tokio::time::{sleep_until, timeout_at};
use vouchmq_tls::{Protocol, Server, SessionFault};

use super::front::Front;
use super::watch::{Watch, Watched};
use super::{Draining, HttpLimits};

/// Serves one connection to its end: closed by the client, by a deadline, by the drain, or because its certificate is
/// good no more.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    limits: Arc<HttpLimits>,
    mut is_closing: Receiver<()>,
    tls: Option<Server>,
) {
    let watch = Arc::new(Watch::start(limits.clone()));
    let Some(server) = tls else {
        return speak(stream, None, peer, front, limits, is_closing, watch).await;
    };
    let handshake = timeout_at(watch.handshake_by(), server.accept_stream(Protocol::Http, stream));
    let accepted = tokio::select! {
        accepted = handshake => accepted,
        // Nothing was asked yet.
        _ = is_closing.changed() => return,
    };
    match accepted {
        Ok(Ok((stream, client))) => {
            speak(stream, Some(client), peer, front, limits, is_closing, watch).await;
        }
        Ok(Err(error)) => {
            let why =
                SessionFault::of_stream(&error).map_or_else(|| error.to_string(), |fault| fault.to_string());
            tracing::debug!(listener = front.name(), %peer, why, "no TLS");
        }
        Err(_) => {
            tracing::debug!(listener = front.name(), %peer, "connection closed: its handshake is too slow")
        }
    }
}

/// HTTP on a stream.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    client: Option<vouchmq_tls::Peer>,
    peer: SocketAddr,
    front: Arc<Front>,
    limits: Arc<HttpLimits>,
    mut is_closing: Receiver<()>,
    watch: Arc<Watch>,
) {
    let drain = Draining(is_closing.clone());
    let is_good = || client.as_ref().is_none_or(vouchmq_tls::Peer::is_good);
    let answer = service_fn(|mut request: Request<Incoming>| {
        let (front, watch) = (front.clone(), watch.clone());
        let is_good = is_good();
        request.extensions_mut().insert(drain.clone());
        if let Some(client) = &client {
            request.extensions_mut().insert(client.clone());
        }
        async move {
            if is_good {
                Ok(front.answer(request, peer, watch).await)
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
    let mut is_draining = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(listener = front.name(), %peer, %error, "connection ended");
                }
                return;
            }
            () = sleep_until(watch.next_look()) => {
                if watch.is_overdue() {
                    tracing::debug!(listener = front.name(), %peer, "connection closed: too slow");
                    return;
                }
                // An event stream asks nothing any more.
                if !is_good() {
                    tracing::info!(listener = front.name(), %peer, REFUSED);
                    return;
                }
            }
            // The channel ends when the drain begins.
            _ = is_closing.changed(), if !is_draining => {
                if watch.is_fresh() {
                    return;
                }
                is_draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

const REFUSED: &str = "connection closed: the client's certificate is refused since";
