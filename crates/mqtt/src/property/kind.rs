//! The types of property values: how each is read, passed over and written.

use super::PropertyId;
use crate::QoS;
use crate::codec::{
    Fault, Field, ProtocolError, Reader, VARIABLE_BYTE_INTEGER_MAX, put_binary, put_string, put_u16, put_u32,
    put_varint,
};

/// A type of property values; a value is a tuple, because a User Property has two parts.
pub(super) trait Kind {
    type Value<'a>;

    /// Reads and checks a value.
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<Self::Value<'a>, Fault>;

    /// Appends a value; `false`, and nothing appended, for one that the standard forbids.
    fn write(out: &mut Vec<u8>, value: Self::Value<'_>) -> bool;

    /// Passes over a value that was checked before.
    #[inline]
    fn skip(reader: &mut Reader<'_>, id: PropertyId) -> Option<()> {
        Self::read(reader, id).ok().map(|_| ())
    }
}

pub(super) struct Flag;
pub(super) struct LowQos;
pub(super) struct U16;
pub(super) struct NonZeroU16;
pub(super) struct Alias;
pub(super) struct U32;
pub(super) struct NonZeroU32;
pub(super) struct NonZeroVarint;
pub(super) struct Text;
pub(super) struct Topic;
pub(super) struct Binary;
pub(super) struct Pair;

impl Kind for Flag {
    type Value<'a> = (bool,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(bool,), Fault> {
        match reader.u8(Field::Property(id))? {
            0 => Ok((false,)),
            1 => Ok((true,)),
            _ => Err(ProtocolError::ForbiddenPropertyValue(id).into()),
        }
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (bool,)) -> bool {
        out.push(u8::from(value));
        true
    }
}

impl Kind for LowQos {
    type Value<'a> = (QoS,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(QoS,), Fault> {
        match reader.u8(Field::Property(id))? {
            0 => Ok((QoS::AtMostOnce,)),
            1 => Ok((QoS::AtLeastOnce,)),
            _ => Err(ProtocolError::ForbiddenPropertyValue(id).into()),
        }
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (QoS,)) -> bool {
        if value == QoS::ExactlyOnce {
            return false;
        }
        out.push(value.bits());
        true
    }
}

impl Kind for U16 {
    type Value<'a> = (u16,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(u16,), Fault> {
        Ok((reader.u16(Field::Property(id))?,))
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (u16,)) -> bool {
        put_u16(out, value);
        true
    }
}

impl Kind for NonZeroU16 {
    type Value<'a> = (u16,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(u16,), Fault> {
        let (value,) = U16::read(reader, id)?;
        if value == 0 { Err(ProtocolError::ForbiddenPropertyValue(id).into()) } else { Ok((value,)) }
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (u16,)) -> bool {
        value != 0 && U16::write(out, (value,))
    }
}

impl Kind for Alias {
    type Value<'a> = (u16,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(u16,), Fault> {
        let (value,) = U16::read(reader, id)?;
        if value == 0 { Err(ProtocolError::TopicAliasZero.into()) } else { Ok((value,)) }
    }

    #[inline]
    fn write(out: &mut Vec<u8>, value: (u16,)) -> bool {
        NonZeroU16::write(out, value)
    }
}

impl Kind for U32 {
    type Value<'a> = (u32,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(u32,), Fault> {
        Ok((reader.u32(Field::Property(id))?,))
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (u32,)) -> bool {
        put_u32(out, value);
        true
    }
}

impl Kind for NonZeroU32 {
    type Value<'a> = (u32,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(u32,), Fault> {
        let (value,) = U32::read(reader, id)?;
        if value == 0 { Err(ProtocolError::ForbiddenPropertyValue(id).into()) } else { Ok((value,)) }
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (u32,)) -> bool {
        value != 0 && U32::write(out, (value,))
    }
}

impl Kind for NonZeroVarint {
    type Value<'a> = (u32,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(u32,), Fault> {
        let value = reader.varint(Field::Property(id))?;
        if value == 0 { Err(ProtocolError::ForbiddenPropertyValue(id).into()) } else { Ok((value,)) }
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (u32,)) -> bool {
        (1..=VARIABLE_BYTE_INTEGER_MAX).contains(&value) && put_varint(out, value)
    }
}

impl Kind for Text {
    type Value<'a> = (&'a str,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(&'a str,), Fault> {
        Ok((reader.string(Field::Property(id))?,))
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (&str,)) -> bool {
        put_string(out, value)
    }

    #[inline]
    fn skip(reader: &mut Reader<'_>, id: PropertyId) -> Option<()> {
        Binary::skip(reader, id)
    }
}

impl Kind for Topic {
    type Value<'a> = (&'a str,);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(&'a str,), Fault> {
        Ok((reader.topic_name(Field::Property(id))?,))
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (&str,)) -> bool {
        let is_topic_name = !value.is_empty() && memchr::memchr2(b'+', b'#', value.as_bytes()).is_none();
        is_topic_name && put_string(out, value)
    }

    #[inline]
    fn skip(reader: &mut Reader<'_>, id: PropertyId) -> Option<()> {
        Binary::skip(reader, id)
    }
}

impl Kind for Binary {
    type Value<'a> = (&'a [u8],);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(&'a [u8],), Fault> {
        Ok((reader.binary(Field::Property(id))?,))
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (value,): (&[u8],)) -> bool {
        put_binary(out, value)
    }
}

impl Kind for Pair {
    type Value<'a> = (&'a str, &'a str);

    #[inline]
    fn read<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<(&'a str, &'a str), Fault> {
        Ok((reader.string(Field::Property(id))?, reader.string(Field::Property(id))?))
    }

    #[inline]
    fn write(out: &mut Vec<u8>, (name, value): (&str, &str)) -> bool {
        put_string(out, name) && put_string(out, value)
    }

    #[inline]
    fn skip(reader: &mut Reader<'_>, id: PropertyId) -> Option<()> {
        Binary::skip(reader, id)?;
        Binary::skip(reader, id)
    }
}
