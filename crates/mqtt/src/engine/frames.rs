use std::sync::Arc;

use smallvec::SmallVec;

use crate::message::{Delivery, Message, Publication};

/// Payloads from this size on are shared by their receivers; smaller ones are cheaper to copy.
pub(super) const SHARE_FROM: usize = 2048;

/// One message in the encodings and the shared form that its receivers need, each made once.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    pub(super) bytes: Vec<u8>,
    layouts: SmallVec<[Layout; 4]>,
    message: Option<Arc<Message>>,
}

/// Where in [`Frames::bytes`] the packet of one layout stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    key: u8,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) packet_id_at: usize,
}

impl Frames {
    /// Begins with another message.
    pub(crate) fn reset(&mut self, message: Option<Arc<Message>>) {
        self.bytes.clear();
        self.layouts.clear();
        self.message = message;
    }

    /// The message in the form that outlives its packet.
    pub(crate) fn shared(&mut self, publication: &Publication<'_>) -> Arc<Message> {
        self.message.get_or_insert_with(|| Message::new(publication)).clone()
    }

    /// The encoded packet, without its payload when that is shared.
    pub(super) fn layout(&mut self, publication: &Publication<'_>, delivery: &Delivery<'_>) -> Layout {
        let key =
            u8::from(delivery.with_properties) << 3 | delivery.qos.bits() << 1 | u8::from(delivery.retain);
        if let Some(layout) = self.layouts.iter().find(|layout| layout.key == key) {
            return *layout;
        }
        let start = self.bytes.len();
        let packet_id_at = publication.encode_head(delivery, &mut self.bytes).unwrap_or(start) - start;
        if publication.payload.len() < SHARE_FROM {
            self.bytes.extend_from_slice(publication.payload);
        }
        let layout = Layout { key, start, end: self.bytes.len(), packet_id_at };
        self.layouts.push(layout);
        layout
    }
}
