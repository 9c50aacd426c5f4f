use super::CloseCode;

/// What a frame is (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of a message.
    Continuation,
    /// A message of text, or its beginning.
    Text,
    /// A message of bytes, or its beginning.
    Binary,
    /// The last frame of its sender.
    Close,
    /// It is to be answered by a pong.
    Ping,
    /// The answer to a ping.
    Pong,
}

/// The beginning of a frame, as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct FrameHeader {
    bytes: [u8; Self::BYTES_MAX],
    len: usize,
}

impl Opcode {
    pub(super) const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    pub(super) const fn of_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    pub(super) const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}

impl FrameHeader {
    /// Bytes that a header takes at most.
    pub const BYTES_MAX: usize = 14;

    /// The header of an unfragmented frame. A client masks (§5.3), a server does not.
    pub fn new(opcode: Opcode, payload_len: usize, mask: Option<[u8; 4]>) -> Self {
        let mut header = Self { bytes: [0; Self::BYTES_MAX], len: 0 };
        let mask_bit = if mask.is_some() { 0x80 } else { 0 };
        header.put(&[0x80 | opcode.bits()]);
        match (u8::try_from(payload_len), u16::try_from(payload_len)) {
            (Ok(len @ 0..=125), _) => header.put(&[mask_bit | len]),
            (_, Ok(len)) => {
                header.put(&[mask_bit | 126]);
                header.put(&len.to_be_bytes());
            }
            _ => {
                header.put(&[mask_bit | 127]);
                header.put(&(payload_len as u64).to_be_bytes());
            }
        }
        if let Some(mask) = mask {
            header.put(&mask);
        }
        header
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn put(&mut self, bytes: &[u8]) {
        for (to, from) in self.bytes.iter_mut().skip(self.len).zip(bytes) {
            *to = *from;
        }
        self.len += bytes.len();
    }
}

/// The bytes of a Close frame of a server.
pub(crate) fn close_frame(code: CloseCode) -> [u8; 4] {
    let [high, low] = code.number().to_be_bytes();
    [0x80 | Opcode::Close.bits(), 2, high, low]
}

/// Masks the beginning of a payload, or takes the mask off (RFC 6455 §5.3).
pub fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_takes_no_more_bytes_than_it_needs() {
        for (len, expected) in [
            (0, vec![0x82, 0]),
            (125, vec![0x82, 125]),
            (126, vec![0x82, 126, 0, 126]),
            (65_535, vec![0x82, 126, 0xFF, 0xFF]),
            (65_536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            assert_eq!(FrameHeader::new(Opcode::Binary, len, None).as_bytes(), expected);
        }
        let masked = FrameHeader::new(Opcode::Ping, 3, Some([1, 2, 3, 4]));
        assert_eq!(masked.as_bytes(), [0x89, 0x83, 1, 2, 3, 4]);
    }

    #[test]
    fn a_mask_is_applied_byte_by_byte_and_taken_off_again() {
        for len in 0..40 {
            let plain: Vec<u8> = (0..len).collect();
            let mask = [0x11, 0x22, 0x44, 0x88];
            let mut bytes = plain.clone();
            apply_mask(&mut bytes, mask);
            for (index, (masked, plain)) in bytes.iter().zip(&plain).enumerate() {
                assert_eq!(*masked, plain ^ mask[index % 4]);
            }
            apply_mask(&mut bytes, mask);
            assert_eq!(bytes, plain);
        }
    }
}
