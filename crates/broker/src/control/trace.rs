use super::Control;
use crate::shard::mailbox::Message;
use crate::trace::{TooManyTraces, TraceLimits, TraceStream, TraceTarget};

impl Control {
    /// Tells what these clients send and are sent from now on, and what becomes of them: who is connected already, who
    /// comes, and who is refused.
    ///
    /// Clients that are not meant cost nothing by it, those that are a copy of what they send; nobody waits for who
    /// reads.
    ///
    /// # Errors
    /// [`TooManyTraces`]: it is the ninth.
    pub fn trace(&self, target: TraceTarget, limits: TraceLimits) -> Result<TraceStream, TooManyTraces> {
        let (trace, records) = self.traces.begin(target)?;
        for mailbox in self.mailboxes.iter() {
            mailbox.send(Message::BeginTrace(trace.clone(), 0));
        }
        Ok(TraceStream::new(self.clone(), trace, records, limits))
    }
}
