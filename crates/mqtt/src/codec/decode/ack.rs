use super::{Decoder, Sender};
use crate::codec::error::{DecodeError, ProtocolError};
use crate::packet::{Ack, Auth, Disconnect};
use crate::property::PropertyId;
use crate::{Packet, Properties, ReasonCode};

impl<'a> Decoder<'a> {
    /// PUBACK, PUBREC, PUBREL, PUBCOMP (MQTT 5.0 §3.4–§3.7): a missing reason means success.
    #[inline]
    pub(super) fn ack(
        &mut self,
        packet: impl FnOnce(Ack<'a>) -> Packet<'a>,
    ) -> Result<Packet<'a>, DecodeError> {
        let packet_id = self.packet_id()?;
        let (reason, properties) = self.optional_reason_and_properties()?;
        self.end()?;
        Ok(packet(Ack { packet_id, reason, properties }))
    }

    /// DISCONNECT (MQTT 5.0 §3.14): a missing reason means normal disconnection.
    pub(super) fn disconnect(&mut self) -> Result<Packet<'a>, DecodeError> {
        let (reason, properties) = self.optional_reason_and_properties()?;
        if self.sender == Sender::Server && properties.find(PropertyId::SessionExpiryInterval).is_some() {
            return Err(ProtocolError::SessionExpiryFromServer.into());
        }
        self.end()?;
        Ok(Packet::Disconnect(Disconnect { reason, properties }))
    }

    /// AUTH (MQTT 5.0 §3.15): only an AUTH of no bytes at all, which means success, may leave the method out.
    pub(super) fn authentication(&mut self) -> Result<Packet<'a>, DecodeError> {
        if self.reader.is_empty() {
            return Ok(Packet::Auth(Auth { reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }));
        }
        let reason = self.reason_code()?;
        let (properties, seen) = self.properties()?;
        if !seen.contains(PropertyId::AuthenticationMethod) {
            return Err(ProtocolError::AuthenticationMethodMissing.into());
        }
        self.end()?;
        Ok(Packet::Auth(Auth { reason, properties }))
    }

    /// The end of a packet that may stop before its reason code, or before its properties.
    #[inline]
    fn optional_reason_and_properties(&mut self) -> Result<(ReasonCode, Properties<'a>), DecodeError> {
        if self.reader.is_empty() || !self.dialect.has_properties() {
            return Ok((ReasonCode::SUCCESS, Properties::EMPTY));
        }
        let reason = self.reason_code()?;
        if self.reader.is_empty() {
            return Ok((reason, Properties::EMPTY));
        }
        Ok((reason, self.properties()?.0))
    }
}
