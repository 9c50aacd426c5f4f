use crate::PacketId;

/// Packet identifiers of QoS 2 messages that were taken and not yet released by PUBREL
/// (MQTT 5.0 §4.3.3). At most Receive Maximum of them.
#[derive(Debug, Default)]
pub(crate) struct InboundExactlyOnce {
    ids: Vec<PacketId>,
}

impl InboundExactlyOnce {
    /// `false` when the identifier is there already: the PUBLISH is a repetition.
    pub(crate) fn insert(&mut self, id: PacketId) -> bool {
        let is_new = !self.contains(id);
        if is_new {
            self.ids.push(id);
        }
        is_new
    }

    /// `false` when the identifier is unknown.
    pub(crate) fn remove(&mut self, id: PacketId) -> bool {
        let position = self.ids.iter().position(|known| *known == id);
        if let Some(position) = position {
            self.ids.remove(position);
        }
        position.is_some()
    }

    pub(crate) fn contains(&self, id: PacketId) -> bool {
        self.ids.contains(&id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}
