//! Connections for requests: TCP, and TLS on it where it is asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};
use vouchmq_tls::{Client, ClientStream};

use crate::transport::Lookup;

/// Makes connections.
pub(crate) type Connector = BoxCloneSyncService<Uri, TokioIo<Wire>, io::Error>;

/// A connection.
pub(crate) enum Wire {
    Plain(TcpStream),
    Secure(Box<ClientStream<TcpStream>>),
}

/// Connections over TLS as `tls` says, or without it. It may take `patience` to get through, and as long to shake
/// hands.
pub(crate) fn connector(tls: Option<Client>, lookup: Lookup, patience: Duration) -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(lookup.into_service());
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(patience));
    tcp.enforce_http(false);
    BoxCloneSyncService::new(service_fn(move |uri: Uri| {
        let (tcp, tls) = (tcp.clone(), tls.clone());
        async move {
            let host = uri.host().unwrap_or_default().to_owned();
            let stream = tcp.oneshot(uri).await.map_err(io::Error::other)?.into_inner();
            let Some(tls) = tls else { return Ok(TokioIo::new(Wire::Plain(stream))) };
            let shaken = timeout(patience, tls.connect(&host, stream)).await;
            let stream = shaken.map_err(|_| io::ErrorKind::TimedOut)?.map_err(io::Error::other)?;
            Ok(TokioIo::new(Wire::Secure(Box::new(stream))))
        }
    }))
}

/// What lies at the bottom of an error says most: `Connection refused`.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl Wire {
    /// Whether both ends agreed on HTTP/2 (ALPN).
    pub(crate) fn is_http2(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secure(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Secure(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, from),
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
