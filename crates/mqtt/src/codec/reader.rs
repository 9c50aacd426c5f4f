use super::error::{Fault, Field, MalformedPacket, ProtocolError};

/// The one cursor over received bytes: every read is checked and names its field when it fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// What stands at the start of some bytes.
pub(super) enum Varint {
    Complete { value: u32, len: usize },
    Incomplete,
}

/// Reads a variable byte integer (MQTT 5.0 §1.5.5): at most four bytes, and not one more than needed.
#[inline]
pub(super) fn split_varint(bytes: &[u8], field: Field) -> Result<Varint, MalformedPacket> {
    let (value, last, len) = match *bytes {
        [a, ..] if a < 0x80 => return Ok(Varint::Complete { value: u32::from(a), len: 1 }),
        [a, b, ..] if b < 0x80 => (low(a) | u32::from(b) << 7, b, 2),
        [a, b, c, ..] if c < 0x80 => (low(a) | low(b) << 7 | u32::from(c) << 14, c, 3),
        [a, b, c, d, ..] if d < 0x80 => (low(a) | low(b) << 7 | low(c) << 14 | u32::from(d) << 21, d, 4),
        [_, _, _, _, ..] => return Err(MalformedPacket::VariableByteIntegerTooLong(field)),
        _ => return Ok(Varint::Incomplete),
    };
    if last == 0 {
        return Err(MalformedPacket::VariableByteIntegerNotMinimal(field));
    }
    Ok(Varint::Complete { value, len })
}

#[inline]
fn low(byte: u8) -> u32 {
    u32::from(byte & 0x7F)
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that is left.
    #[inline]
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// What is left, without taking it.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn bytes(&mut self, len: usize, field: Field) -> Result<&'a [u8], MalformedPacket> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(MalformedPacket::Truncated(field))?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: Field) -> Result<[u8; N], MalformedPacket> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(MalformedPacket::Truncated(field))?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: Field) -> Result<u8, MalformedPacket> {
        self.array(field).map(u8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: Field) -> Result<u16, MalformedPacket> {
        self.array(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self, field: Field) -> Result<u32, MalformedPacket> {
        self.array(field).map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn varint(&mut self, field: Field) -> Result<u32, MalformedPacket> {
        match split_varint(self.rest, field)? {
            Varint::Incomplete => Err(MalformedPacket::Truncated(field)),
            Varint::Complete { value, len } => {
                self.bytes(len, field)?;
                Ok(value)
            }
        }
    }

    /// A two-byte length and as many bytes (MQTT 5.0 §1.5.6).
    #[inline]
    pub(crate) fn binary(&mut self, field: Field) -> Result<&'a [u8], MalformedPacket> {
        let len = self.u16(field)?;
        self.bytes(usize::from(len), field)
    }

    /// A UTF-8 string without U+0000 (MQTT 5.0 §1.5.4). U+FEFF is a character like any other.
    #[inline]
    pub(crate) fn string(&mut self, field: Field) -> Result<&'a str, MalformedPacket> {
        let bytes = self.binary(field)?;
        let string = simdutf8::basic::from_utf8(bytes).map_err(|_| MalformedPacket::NotUtf8(field))?;
        if memchr::memchr(0, bytes).is_some() {
            return Err(MalformedPacket::NullCharacter(field));
        }
        Ok(string)
    }

    /// A Topic Name: a string of at least one character and without wildcards (MQTT 5.0 §4.7).
    #[inline]
    pub(crate) fn topic_name(&mut self, field: Field) -> Result<&'a str, Fault> {
        let name = self.topic_name_or_empty(field)?;
        if name.is_empty() { Err(ProtocolError::EmptyTopicName(field).into()) } else { Ok(name) }
    }

    /// A Topic Name, or nothing where a Topic Alias may stand for it. One pass finds what is forbidden.
    #[inline]
    pub(crate) fn topic_name_or_empty(&mut self, field: Field) -> Result<&'a str, Fault> {
        let bytes = self.binary(field)?;
        let name = simdutf8::basic::from_utf8(bytes).map_err(|_| MalformedPacket::NotUtf8(field))?;
        match memchr::memchr3(0, b'+', b'#', bytes) {
            None => Ok(name),
            Some(_) if memchr::memchr(0, bytes).is_some() => {
                Err(MalformedPacket::NullCharacter(field).into())
            }
            Some(_) => Err(ProtocolError::WildcardInTopicName(field).into()),
        }
    }
}
