use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch::Receiver;
use tokio::time::sleep_until;

use super::front::Front;
use super::watch::{Watch, Watched};
use super::{Draining, HttpLimits};

/// Serves one connection to its end: closed by the client, by a deadline, or by the drain.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    limits: Arc<HttpLimits>,
    mut is_closing: Receiver<()>,
) {
    let watch = Arc::new(Watch::start(limits.clone()));
    let drain = Draining(is_closing.clone());
    let answer = service_fn(|mut request: Request<Incoming>| {
        let (front, watch) = (front.clone(), watch.clone());
        request.extensions_mut().insert(drain.clone());
        async move { Ok::<_, Infallible>(front.answer(request, peer, watch).await) }
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
