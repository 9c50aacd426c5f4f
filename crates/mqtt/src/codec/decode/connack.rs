use super::Decoder;
use crate::Packet;
use crate::codec::error::{DecodeError, Field, MalformedPacket, ProtocolError};
use crate::packet::ConnAck;
use crate::property::PropertyId;

impl<'a> Decoder<'a> {
    /// CONNACK (MQTT 5.0 §3.2); a 3.x return code becomes the reason code it projects from.
    pub(super) fn connack(&mut self) -> Result<Packet<'a>, DecodeError> {
        let flags = self.reader.u8(Field::ConnAckFlags)?;
        if flags > 1 && self.dialect.has_session_present() {
            return Err(MalformedPacket::ReservedConnAckFlags.into());
        }
        let session_present = flags == 1 && self.dialect.has_session_present();
        let code = self.reader.u8(Field::ReasonCode)?;
        let reason = self.dialect.connack_reason(code).ok_or(ProtocolError::ReservedReturnCode(code))?;
        self.check_reason(reason)?;
        if session_present && reason.is_error() {
            return Err(ProtocolError::SessionPresentWithFailure.into());
        }
        let (properties, seen) = self.properties()?;
        if seen.contains(PropertyId::AuthenticationData) && !seen.contains(PropertyId::AuthenticationMethod) {
            return Err(ProtocolError::AuthenticationDataWithoutMethod(self.packet_type).into());
        }
        self.end()?;
        Ok(Packet::ConnAck(ConnAck { session_present, reason, properties }))
    }
}
