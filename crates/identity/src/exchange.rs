use crate::{AuthRequest, Reply, Verdict};

/// A method of enhanced authentication: a conversation instead of one password (MQTT 5.0 §4.12).
///
/// What SCRAM or Kerberos would implement. The client names the method in CONNECT; the broker begins an
/// exchange and feeds it the data of each AUTH packet.
pub trait ExchangeMethod: Send + Sync {
    /// The Authentication Method that clients name.
    fn name(&self) -> &str;

    /// Begins an exchange with a client; `request` holds no password. Called again when a connected client
    /// re-authenticates.
    fn begin(&self, request: &AuthRequest) -> Box<dyn Exchange>;
}

/// One conversation with one client. May take long: the broker runs each step in its pool.
pub trait Exchange: Send {
    /// Judges the client's Authentication Data, which is a secret, and answers.
    fn step(&mut self, data: &[u8]) -> Step;
}

/// What follows from a step of an exchange.
pub enum Step {
    /// The client has to answer this challenge.
    Continue(Vec<u8>),
    /// The exchange is over. The data goes to the client if it is let in, so that it can verify the server.
    Done(Verdict, Option<Vec<u8>>),
    /// The exchange is over, and its verdict waits for something else; the data is as above.
    Later(Inquiry, Option<Vec<u8>>),
}

/// Something that a verdict waits for: a database, another service. It keeps no thread.
#[must_use]
pub struct Inquiry(Box<dyn FnOnce(Reply) + Send>);

impl Inquiry {
    /// What asks, and answers by the reply within bounded time. Itself quick.
    pub fn new(ask: impl FnOnce(Reply) + Send + 'static) -> Self {
        Self(Box::new(ask))
    }

    /// Asks.
    pub fn begin(self, reply: Reply) {
        (self.0)(reply);
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Continue(_) => f.write_str("Continue(<secret>)"),
            Self::Done(verdict, _) => f.debug_tuple("Done").field(verdict).finish(),
            Self::Later(..) => f.write_str("Later"),
        }
    }
}

impl std::fmt::Debug for Inquiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inquiry").finish_non_exhaustive()
    }
}
