use crate::PacketId;

/// Packet identifiers of QoS 2 messages that were taken and not yet released by PUBREL
/// (MQTT 5.0 §4.3.3): at most Receive Maximum of them, or all 65,535 of a client that knows none.
#[derive(Debug, Default)]
pub(crate) struct InboundExactlyOnce {
    /// Sorted.
    ids: Vec<PacketId>,
}

impl InboundExactlyOnce {
    /// `false` when the identifier is there already: the PUBLISH is a repetition.
    pub(crate) fn insert(&mut self, id: PacketId) -> bool {
        let found = self.ids.binary_search(&id);
        if let Err(position) = found {
            self.ids.insert(position, id);
        }
        found.is_err()
    }

    /// `false` when the identifier is unknown.
    pub(crate) fn remove(&mut self, id: PacketId) -> bool {
        let found = self.ids.binary_search(&id);
        if let Ok(position) = found {
            self.ids.remove(position);
        }
        found.is_ok()
    }

    pub(crate) fn contains(&self, id: PacketId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}
