//! What a question holds while it is asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::gate::{Gate, Spoken};
use super::link::{Failed, Http1, Sent, Streams, Whole, ask_on_stream, http2};
use crate::wire::Wire;

/// A connection, a stream, or the right to make one. Goes back when it is dropped.
pub(super) struct Place {
    gate: Arc<Gate>,
    what: What,
    /// How long it took to get a whole answer.
    took: Option<Duration>,
}

/// What is held.
pub(super) enum What {
    /// A connection of HTTP/1.1, alone.
    Kept(Box<Http1>),
    /// A stream of HTTP/2.
    Stream(Stream),
    /// The right to make a connection.
    Connect,
    /// It has gone back.
    Nothing,
}

/// A stream of a connection that is shared.
pub(super) struct Stream {
    pub(super) connection: u64,
    pub(super) send: Streams,
}

impl Place {
    pub(super) fn new(gate: &Arc<Gate>, what: What) -> Self {
        Self { gate: Arc::clone(gate), what, took: None }
    }

    /// Without giving it back.
    pub(super) fn into_what(mut self) -> What {
        std::mem::replace(&mut self.what, What::Nothing)
    }

    /// Whether a connection has to be made first. One that was closed since is gone by this.
    pub(super) async fn wants_connection(&mut self) -> bool {
        if let What::Kept(link) = &mut self.what
            && !link.is_alive().await
        {
            self.close();
        }
        match self.what {
            What::Connect => true,
            What::Kept(_) | What::Stream(_) | What::Nothing => false,
        }
    }

    /// Closes the connection, and takes the right to make another for it.
    pub(super) fn close(&mut self) {
        if let What::Kept(_) = self.what {
            self.gate.state.lock().connecting += 1;
            self.what = What::Connect;
        }
    }

    /// Nobody else gets a stream of this connection.
    pub(super) fn retire(&mut self) {
        if let What::Stream(stream) = &self.what {
            self.gate.state.lock().retire(stream, self.gate.now());
        }
    }

    pub(super) const fn is_stream(&self) -> bool {
        matches!(self.what, What::Stream(_))
    }

    /// The connection is made.
    pub(super) async fn connected(&mut self, wire: Wire, age_max: Duration) -> Result<(), hyper::Error> {
        let retire_at = self.gate.now() + age_max;
        if wire.is_http2() {
            let send = http2(wire).await?;
            let (mut state, now) = (self.gate.state.lock(), self.gate.now());
            state.connecting -= 1;
            state.spoken = Spoken::Http2;
            self.what = What::Stream(state.share(send, retire_at, now));
            self.gate.serve(&mut state, now);
        } else {
            let link = Box::new(Http1::new(wire, retire_at).await?);
            let (mut state, now) = (self.gate.state.lock(), self.gate.now());
            state.connecting -= 1;
            state.spoken = Spoken::Http1;
            self.what = What::Kept(link);
            self.gate.serve(&mut state, now);
        }
        Ok(())
    }

    /// Asks.
    pub(super) async fn ask(&mut self, request: Sent, max: usize) -> Result<Whole, Failed> {
        let asked = Instant::now();
        let came = match &mut self.what {
            What::Kept(link) => link.ask(request, max).await,
            What::Stream(stream) => ask_on_stream(&mut stream.send, request, max).await,
            What::Connect | What::Nothing => Err(Failed::Unsent("there is no connection".into())),
        };
        self.took = came.is_ok().then(|| asked.elapsed());
        came
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let what = std::mem::replace(&mut self.what, What::Nothing);
        if !matches!(what, What::Nothing) {
            self.gate.give_back(what, self.took);
        }
    }
}
