use super::Decoder;
use crate::codec::error::{DecodeError, Field, MalformedPacket, ProtocolError, UnsupportedVersion};
use crate::codec::packet_type::PacketSet;
use crate::packet::{Connect, WillMessage};
use crate::property::PropertyId;
use crate::{Dialect, Packet, Properties, QoS};

/// The Connect Flags byte (MQTT 5.0 §3.1.2.3), after its rules are checked.
#[derive(Clone, Copy)]
struct ConnectFlags(u8);

impl<'a> Decoder<'a> {
    /// CONNECT (MQTT 5.0 §3.1). Sets the dialect as soon as the version is read.
    pub(super) fn connect(&mut self) -> Result<Packet<'a>, DecodeError> {
        self.protocol()?;
        let flags = ConnectFlags::parse(self.reader.u8(Field::ConnectFlags)?, self.dialect)?;
        let keep_alive_secs = self.reader.u16(Field::KeepAlive)?;
        let (properties, seen) = self.properties()?;
        if seen.contains(PropertyId::AuthenticationData) && !seen.contains(PropertyId::AuthenticationMethod) {
            return Err(ProtocolError::AuthenticationDataWithoutMethod(self.packet_type).into());
        }
        let connect = Connect {
            version: self.dialect.version(),
            clean_start: flags.clean_start(),
            keep_alive_secs,
            properties,
            client_id: self.reader.string(Field::ClientId)?,
            will: self.will(flags)?,
            username: if self.is_given(flags.has_username()) {
                Some(self.reader.string(Field::UserName)?)
            } else {
                None
            },
            password: if self.is_given(flags.has_password()) {
                Some(self.reader.binary(Field::Password)?)
            } else {
                None
            },
        };
        self.end()?;
        Ok(Packet::Connect(connect))
    }

    fn protocol(&mut self) -> Result<(), DecodeError> {
        let name = self.reader.binary(Field::ProtocolName)?;
        let level = self.reader.u8(Field::ProtocolLevel)?;
        match Dialect::of_connect(name, level) {
            Some(Ok(dialect)) => {
                self.dialect = dialect;
                self.answer_in = Some(dialect);
                Ok(())
            }
            Some(Err(nearest)) => {
                self.answer_in = Some(nearest);
                Err(UnsupportedVersion::ProtocolLevel(level).into())
            }
            None => Err(UnsupportedVersion::ProtocolName.into()),
        }
    }

    fn will(&mut self, flags: ConnectFlags) -> Result<Option<WillMessage<'a>>, DecodeError> {
        let Some(qos) = flags.will_qos() else { return Ok(None) };
        let properties = if self.dialect.has_properties() {
            self.property_section(PacketSet::WILL)?.0
        } else {
            Properties::EMPTY
        };
        let topic = self.reader.topic_name(Field::WillTopic)?;
        let payload = self.reader.binary(Field::WillPayload)?;
        Ok(Some(WillMessage { qos, retain: flags.will_retain(), properties, topic, payload }))
    }

    /// MQTT 3.1 lets the end of the packet take precedence over a credential's flag.
    fn is_given(&self, flag: bool) -> bool {
        flag && !(self.reader.is_empty() && self.dialect.may_omit_flagged_credentials())
    }
}

impl ConnectFlags {
    fn parse(byte: u8, dialect: Dialect) -> Result<Self, MalformedPacket> {
        let flags = Self(byte);
        if byte & 0x01 != 0 {
            return Err(MalformedPacket::ReservedConnectFlag);
        }
        if flags.has_will() && flags.will_qos().is_none() {
            return Err(MalformedPacket::QosThree(Field::WillQos));
        }
        if !flags.has_will() && byte & 0b0011_1000 != 0 {
            return Err(MalformedPacket::WillFlagsWithoutWill);
        }
        if flags.has_password() && !flags.has_username() && !dialect.has_properties() {
            return Err(MalformedPacket::PasswordWithoutUserName);
        }
        Ok(flags)
    }

    const fn clean_start(self) -> bool {
        self.0 & 0x02 != 0
    }

    const fn has_will(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// `None` without a will.
    const fn will_qos(self) -> Option<QoS> {
        if self.has_will() { QoS::from_bits((self.0 >> 3) & 0b11) } else { None }
    }

    const fn will_retain(self) -> bool {
        self.0 & 0x20 != 0
    }

    const fn has_password(self) -> bool {
        self.0 & 0x40 != 0
    }

    const fn has_username(self) -> bool {
        self.0 & 0x80 != 0
    }
}
