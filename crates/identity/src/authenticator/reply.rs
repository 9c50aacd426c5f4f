use std::fmt;
use std::sync::Weak;

use crate::{Unavailable, Verdict};

/// The way back for a verdict that comes later, from whatever thread.
///
/// It is answered exactly once: one that is dropped answers [`Unavailable::TimedOut`], so that a client whose
/// verdict was lost is refused and never forgotten.
#[must_use]
pub struct Reply {
    /// Gone when it has answered.
    answer: Option<Box<dyn FnOnce(Replied) + Send>>,
    /// Gone when nobody waits any more.
    wanted: Weak<()>,
}

/// What comes back by a [`Reply`].
#[derive(Debug)]
pub enum Replied {
    /// The client is judged.
    Verdict(Verdict),
    /// It is not yet, and what is left belongs on the pool of what is [`Cost::Expensive`](crate::Cost).
    Expensive(Work),
}

/// The rest of a verification that needs a thread for milliseconds, and perhaps megabytes.
pub struct Work(Box<dyn FnOnce(Reply) + Send>);

// === impl Reply ===

impl Reply {
    /// Gives what comes to `answer`, which is quick and does not panic. It is worth the trouble while
    /// somebody holds what `wanted` points to.
    pub fn new(wanted: Weak<()>, answer: impl FnOnce(Replied) + Send + 'static) -> Self {
        Self { answer: Some(Box::new(answer)), wanted }
    }

    /// The verdict is there.
    pub fn answer(self, verdict: Verdict) {
        self.send(Replied::Verdict(verdict));
    }

    /// What is left takes long: it must run neither here, on the thread of a database, nor where messages
    /// are routed. Whoever asked runs it where it may.
    pub fn hand_back(self, work: Work) {
        self.send(Replied::Expensive(work));
    }

    /// Whether somebody still waits: the client may be gone, and then nothing needs to be found out.
    pub fn is_wanted(&self) -> bool {
        self.wanted.strong_count() > 0
    }

    /// A reply that gives the verdict to `next`, together with this reply. Work goes on to whoever asked,
    /// and its verdict comes to `next` as well.
    pub fn then(self, next: impl FnOnce(Verdict, Self) + Send + 'static) -> Self {
        Self::new(self.wanted.clone(), move |replied| match replied {
            Replied::Verdict(verdict) => next(verdict, self),
            Replied::Expensive(work) => self.hand_back(Work::new(move |reply| work.run(reply.then(next)))),
        })
    }

    fn send(mut self, replied: Replied) {
        if let Some(answer) = self.answer.take() {
            answer(replied);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            answer(Replied::Verdict(Verdict::Unavailable(Unavailable::TimedOut)));
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("is_wanted", &self.is_wanted()).finish_non_exhaustive()
    }
}

// === impl Work ===

impl Work {
    /// Something that takes long and answers in the end.
    pub fn new(work: impl FnOnce(Reply) + Send + 'static) -> Self {
        Self(Box::new(work))
    }

    /// Does it, on this thread.
    pub fn run(self, reply: Reply) {
        (self.0)(reply);
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}
