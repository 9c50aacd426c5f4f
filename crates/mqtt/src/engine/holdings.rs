use super::Engine;

/// What an engine holds in memory: all 0 once everybody has left, or something leaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Open connections.
    pub connections: usize,
    /// Sessions, connected or not.
    pub sessions: usize,
    /// Topic filters that somebody here or on another engine wants.
    pub filters: usize,
    /// Groups of shared subscriptions that this engine owns.
    pub groups: usize,
    /// Acknowledgements that wait for another engine.
    pub awaited_answers: usize,
    /// Acknowledgements that wait for the journal.
    pub unpersisted: usize,
    /// Subscriptions that wait until every engine knows of them.
    pub pending_subscribes: usize,
    /// Sessions that are being sent retained messages.
    pub replaying: usize,
    /// Things that the driver has not done yet.
    pub actions: usize,
}

impl Engine {
    /// What is in memory.
    pub fn holdings(&self) -> Holdings {
        Holdings {
            connections: self.clients.connection_count(),
            sessions: self.clients.session_count(),
            filters: self.interests.len(),
            groups: self.groups.len(),
            awaited_answers: self.mailboxes.token_count(),
            unpersisted: self.clients.unpersisted.len(),
            pending_subscribes: self.pending_subscribes.len(),
            replaying: self.replaying.len(),
            actions: self.actions.len(),
        }
    }
}
