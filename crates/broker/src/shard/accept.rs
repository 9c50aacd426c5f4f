use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};

use super::Shard;
use crate::door::Door;
use crate::transport::{Peer, Wire};

/// How long accepting pauses when the process or the system has no descriptor left.
const PAUSE: Duration = Duration::from_millis(500);

/// Connections that are accepted before it is looked at whether clients wait too long.
const BATCH: usize = 64;

/// A listening socket of one shard.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

enum Accepting {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Accepts connections at a door for a shard, for ever.
    pub(crate) fn accept(
        self,
        shard: Rc<Shard>,
        door: Arc<Door>,
    ) -> io::Result<impl Future<Output = ()> + use<>> {
        let accepting = match self {
            Self::Tcp(listener) => Accepting::Tcp(TcpListener::from_std(listener)?),
            Self::Unix(listener) => Accepting::Unix(UnixListener::from_std(listener)?),
        };
        Ok(async move {
            let mut left_of_batch = 0;
            loop {
                if left_of_batch == 0 {
                    if let Some(delay) = shard.accept_delay() {
                        tokio::time::sleep(delay).await;
                    }
                    left_of_batch = BATCH;
                }
                left_of_batch -= 1;
                let next = tokio::select! {
                    biased;
                    next = accepting.next() => next,
                    () = std::future::ready(()) => {
                        // Nobody is there: the batch is over with the next one.
                        left_of_batch = 0;
                        accepting.next().await
                    }
                };
                match next {
                    Ok((wire, peer)) => {
                        if shard.accepted(wire, peer, &door) {
                            // It is not with the engine yet: those who came before it have their turn first.
                            tokio::task::yield_now().await;
                        }
                    }
                    Err(error) => {
                        if is_of_one_connection(&error) {
                            continue;
                        }
                        shard.count_accept_pause();
                        tracing::warn!(%error, "no connection can be accepted for a moment");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        })
    }
}

impl Accepting {
    async fn next(&self) -> io::Result<(Wire, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Wire::Tcp(stream), Peer::Address(address)))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Wire::Unix(stream), Peer::Local))
            }
        }
    }
}

/// The connection was gone before it was accepted; the next one is not affected.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::InvalidInput
    )
}
