use super::Decoder;
use crate::codec::error::{DecodeError, Field, MalformedPacket, ProtocolError};
use crate::packet::{
    Reasons, SubAck, Subscribe, SubscriptionFilters, SubscriptionOptions, TopicFilters, UnsubAck, Unsubscribe,
};
use crate::{Dialect, Packet, ReasonCode};

impl<'a> Decoder<'a> {
    /// SUBSCRIBE (MQTT 5.0 §3.8). Whether a filter is well formed is answered by SUBACK, not here.
    pub(super) fn subscribe(&mut self) -> Result<Packet<'a>, DecodeError> {
        let packet_id = self.packet_id()?;
        let (properties, _) = self.properties()?;
        let filters = SubscriptionFilters(self.reader.rest());
        self.check_list_is_not_empty()?;
        while !self.reader.is_empty() {
            let filter = self.reader.string(Field::TopicFilter)?;
            let byte = self.reader.u8(Field::SubscriptionOptions)?;
            let options = subscription_options(byte, self.dialect)?;
            if options.no_local && filter.starts_with("$share/") {
                return Err(ProtocolError::NoLocalOnSharedSubscription.into());
            }
        }
        Ok(Packet::Subscribe(Subscribe { packet_id, properties, filters }))
    }

    /// UNSUBSCRIBE (MQTT 5.0 §3.10).
    pub(super) fn unsubscribe(&mut self) -> Result<Packet<'a>, DecodeError> {
        let packet_id = self.packet_id()?;
        let (properties, _) = self.properties()?;
        let filters = TopicFilters(self.reader.rest());
        self.check_list_is_not_empty()?;
        while !self.reader.is_empty() {
            self.reader.string(Field::TopicFilter)?;
        }
        Ok(Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters }))
    }

    /// SUBACK (MQTT 5.0 §3.9).
    pub(super) fn suback(&mut self) -> Result<Packet<'a>, DecodeError> {
        let packet_id = self.packet_id()?;
        let (properties, _) = self.properties()?;
        let reasons = self.reasons()?;
        for reason in reasons.iter() {
            if self.dialect.suback_code(reason) != Some(reason.0) {
                return Err(ProtocolError::ReasonCodeNotAllowed(self.packet_type, reason).into());
            }
        }
        Ok(Packet::SubAck(SubAck { packet_id, properties, reasons }))
    }

    /// UNSUBACK (MQTT 5.0 §3.11): codes only where there are properties.
    pub(super) fn unsuback(&mut self) -> Result<Packet<'a>, DecodeError> {
        let packet_id = self.packet_id()?;
        let (properties, _) = self.properties()?;
        let reasons = if self.dialect.has_properties() { self.reasons()? } else { Reasons(&[]) };
        self.end()?;
        Ok(Packet::UnsubAck(UnsubAck { packet_id, properties, reasons }))
    }

    fn reasons(&mut self) -> Result<Reasons<'a>, DecodeError> {
        self.check_list_is_not_empty()?;
        let codes = self.reader.take_rest();
        for code in codes {
            self.check_reason(ReasonCode(*code))?;
        }
        Ok(Reasons(codes))
    }

    fn check_list_is_not_empty(&self) -> Result<(), DecodeError> {
        if self.reader.is_empty() { Err(ProtocolError::EmptyList(self.packet_type).into()) } else { Ok(()) }
    }
}

/// The options byte; MQTT 3.x has only the QoS.
fn subscription_options(byte: u8, dialect: Dialect) -> Result<SubscriptionOptions, DecodeError> {
    let reserved = if dialect.has_properties() { 0b1100_0000 } else { 0b1111_1100 };
    if byte & reserved != 0 {
        return Err(MalformedPacket::ReservedSubscriptionOptions.into());
    }
    SubscriptionOptions::from_byte(byte).ok_or(ProtocolError::SubscriptionOptionThree.into())
}
