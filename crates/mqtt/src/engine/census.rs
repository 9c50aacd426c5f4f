use super::Engine;

/// How much an engine holds: what must be nothing again when every client is gone and every session ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Network connections, closing ones included.
    pub connections: usize,
    /// Sessions.
    pub sessions: usize,
    /// Topic filters that somebody wants, here or on another engine.
    pub filters: usize,
    /// Groups of shared subscriptions that this engine owns.
    pub groups: usize,
    /// Acknowledgements that wait for other engines.
    pub tokens: usize,
    /// SUBSCRIBEs, joins and repetitions that wait for other engines.
    pub tickets: usize,
    /// Acknowledgements that wait for the journal.
    pub unpersisted: usize,
    /// Packets and wills about which others are asked.
    pub inquiries: usize,
    /// Sessions that are being sent retained messages.
    pub replaying: usize,
    /// Things that the driver has not done yet.
    pub actions: usize,
    /// Armed timers, those included that will find nothing to do.
    pub timers: usize,
}

impl Engine {
    /// Counts what the engine holds.
    pub fn census(&self) -> Census {
        Census {
            connections: self.clients.connection_count(),
            sessions: self.clients.session_count(),
            filters: self.interests.len(),
            groups: self.groups.len(),
            tokens: self.mailboxes.token_count(),
            tickets: self.pending_subscribes.len(),
            unpersisted: self.clients.unpersisted.len(),
            inquiries: self.inquiries.len() + self.wills.len(),
            replaying: self.replaying.len(),
            actions: self.actions.len(),
            timers: self.timers.len(),
        }
    }
}
