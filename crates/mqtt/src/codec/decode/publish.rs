use super::{Decoder, Sender};
use crate::codec::error::{DecodeError, Field, ProtocolError};
use crate::codec::frame::PublishFlags;
use crate::packet::Publish;
use crate::property::PropertyId;
use crate::{Packet, QoS};

impl<'a> Decoder<'a> {
    /// PUBLISH (MQTT 5.0 §3.3): the hot path.
    #[inline]
    pub(super) fn publish(&mut self, flags: u8) -> Result<Packet<'a>, DecodeError> {
        let PublishFlags { dup, qos, retain } = PublishFlags::parse(flags)?;
        let topic = self.reader.topic_name_or_empty(Field::TopicName)?;
        let packet_id = if qos == QoS::AtMostOnce { None } else { Some(self.packet_id()?) };
        let (properties, seen) = self.properties()?;
        if topic.is_empty() && !seen.contains(PropertyId::TopicAlias) {
            return Err(ProtocolError::EmptyTopicName(Field::TopicName).into());
        }
        if self.sender == Sender::Client && seen.contains(PropertyId::SubscriptionIdentifier) {
            return Err(ProtocolError::SubscriptionIdentifierFromClient.into());
        }
        let payload = self.reader.take_rest();
        Ok(Packet::Publish(Publish { dup, retain, qos, topic, packet_id, properties, payload }))
    }
}
