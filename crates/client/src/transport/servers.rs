//! Several servers that answer the same questions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vouchmq_identity::Clock;
use vouchmq_identity::signature::SigningKey;

use super::{Answer, Lookup, Lost, Origin, Question, ServerSnapshot};
use crate::remote::options::ServerBounds;

/// Several servers that answer the same questions. Share it behind an `Arc`; used within a tokio runtime.
pub struct Servers {
    servers: Box<[Origin]>,
    options: ServersOptions,
}

/// How servers are asked.
#[derive(Clone)]
pub struct ServersOptions {
    /// Bounds of each.
    pub bounds: ServerBounds,
    /// How long one answer may take, from the request on.
    pub timeout: Duration,
    /// How long a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// TLS, for those with `https`; without it they cannot be reached.
    pub tls: Option<vouchmq_tls::Client>,
    /// How requests are signed; `None`: not at all.
    pub signing: Option<Signing>,
    /// When a signature is made.
    pub clock: Arc<dyn Clock>,
    /// How names are looked up.
    pub lookup: Lookup,
}

/// How requests are signed (RFC 9421).
#[derive(Clone, Debug)]
pub struct Signing {
    /// With this key.
    pub key: SigningKey,
    /// Whether answers have to be signed with it too; one that is not is lost.
    pub checks_answers: bool,
}

/// Whether a question may be asked twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Once more, of another server, if the first one failed: it changes nothing to be asked twice.
    OnAnotherServer,
    /// It may not, unless the server cannot have seen it.
    Never,
}

impl Servers {
    /// `servers` in the order of [`Question::targets`].
    pub fn new(servers: Vec<Origin>, options: ServersOptions) -> Self {
        Self { servers: servers.into(), options }
    }

    /// Asks one of them. Dropping the future cancels the request: with HTTP/1.1 its connection is closed, with HTTP/2
    /// its stream is reset.
    ///
    /// Redirects are answers like any other. So is a failure of the server (5xx), where no other server has a better
    /// one.
    ///
    /// # Errors
    /// [`Lost`]: nothing is known; at once, where all servers have failed too often or have too much to do.
    pub async fn ask(
        &self,
        question: &Question,
        repeats: Repeats,
        deadline: Instant,
    ) -> Result<Answer, Lost> {
        let _ = (question, repeats, deadline);
        Err(Lost::AllBreakersOpen)
    }

    /// What can be seen of them, in their order.
    pub fn snapshot(&self) -> Vec<ServerSnapshot> {
        Vec::new()
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServersOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServersOptions")
            .field("bounds", &self.bounds)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}
