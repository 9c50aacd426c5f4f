//! Several servers that answer the same questions: connections that are kept, balance, health, deadlines.

use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, StatusCode};

mod attempt;
mod breaker;
mod budget;
mod dice;
mod ejection;
mod gate;
mod health;
mod latency;
mod link;
mod lookup;
mod lost;
mod origin;
mod place;
mod queue;
mod server;
mod servers;
mod sign;
mod snapshot;
mod sweep;
mod tally;
mod window;

pub use breaker::BreakerState;
pub use lookup::{Lookup, Resolve};
pub use lost::Lost;
pub use origin::{Origin, OriginFault};
pub use servers::{Repeats, Servers, ServersOptions, Signing};
pub use snapshot::{ServerCounts, ServerSnapshot};
pub use vouchmq_identity::{Histogram, HistogramSnapshot};

/// A request, before it is known which server gets it.
#[derive(Clone)]
pub struct Question {
    /// Its method.
    pub method: Method,
    /// What it is about: one for each server, in their order.
    pub targets: Box<[PathAndQuery]>,
    /// Its header fields, but for `Host`, `Content-Length` and those of signatures.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// What a server answered, whole and within the bounds.
#[derive(Clone)]
pub struct Answer {
    /// Which server.
    pub server: usize,
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long it took.
    pub took: Duration,
}

/// Never what it says: there may be passwords in it.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("method", &self.method).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("server", &self.server)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
