//! Connections to the management server that do nothing, and those that do next to nothing.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};

use super::super::http::Server;
use crate::clock::wait_for;

/// Connections that are held.
pub(super) struct Crowd {
    port: u16,
    /// Each has had an answer, and asks nothing more.
    idle: Vec<Server>,
    /// Each sends a byte of a head now and then.
    slow: Vec<TcpStream>,
}

/// Between two bytes of a slow one.
const PAUSE: Duration = Duration::from_secs(1);

impl Crowd {
    pub(super) fn gather(port: u16, idle: usize, slow: usize) -> Result<Self> {
        let idle = (0..idle).map(|_| {
            let mut server = Server::connect(port, None)?;
            server.fetch("GET", "/healthz", None)?;
            Ok(server)
        });
        let slow = (0..slow).map(|_| begin(port));
        Ok(Self { port, idle: idle.collect::<Result<_>>()?, slow: slow.collect::<Result<_>>()? })
    }

    /// What is measured while they all stay. Slow ones that are closed come back.
    pub(super) fn keep_on<T>(mut self, measured: impl FnOnce() -> Result<T>) -> Result<T> {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let trickle = scope.spawn(|| {
                let forever = Duration::from_secs(3600);
                let trickled = wait_for(forever, PAUSE, || {
                    for stream in &mut self.slow {
                        if stream.write_all(b"x").is_err() {
                            *stream = begin(self.port)?;
                        }
                    }
                    Ok(is_over.load(Ordering::Relaxed).then_some(()))
                });
                // They stay to the end.
                drop(self.idle);
                trickled
            });
            let found = measured();
            is_over.store(true, Ordering::Relaxed);
            trickle.join().map_err(|_| anyhow!("a thread has panicked"))??;
            found
        })
    }
}

fn begin(port: u16) -> Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(address).with_context(|| format!("nobody answers on {address}"))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")?;
    Ok(stream)
}
