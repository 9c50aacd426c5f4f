use std::ops::Range;

use super::{CloseCode, FrameHeader, Opcode, apply_mask};

/// A frame is no longer: nobody sends more than one MQTT packet has, of which 256 MiB are the most.
const FRAME_BYTES_MAX: u64 = 1 << 30;
/// Bytes of a control frame (RFC 6455 §5.5).
const CONTROL_BYTES_MAX: u8 = 125;

/// Takes frames apart, however they are cut.
///
/// Payloads of binary frames are one stream of bytes, as MQTT has it (MQTT5-6.0.0-2): where a frame or a message
/// ends says nothing. They stay in the buffer that they came in.
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    state: State,
    /// A message was begun by a frame that was not its last.
    is_in_message: bool,
    /// What came of the payload of a control frame.
    control: Vec<u8>,
    /// What the last ping that was not answered yet asked for. Older ones are not answered (§5.5.3), so that no
    /// number of pings takes more memory than one.
    pong: Option<Vec<u8>>,
}

/// On which side frames are received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// They come from a client, and are masked.
    Server,
    /// They come from a server, and are not.
    Client,
}

/// What was in bytes that were received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Where the payloads of binary frames are now, one behind the other, in the buffer that was given.
    pub data: Range<usize>,
    /// Nothing follows.
    pub end: Option<End>,
}

/// How a stream of frames ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By a Close frame, with or without a code.
    Closed(Option<CloseCode>),
    /// A frame was wrong: it is answered with this code, for this reason.
    Violated(CloseCode, &'static str),
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// So much of a header has come.
    Header {
        bytes: [u8; FrameHeader::BYTES_MAX],
        len: usize,
    },
    /// So much of a payload is missing. The mask begins with the byte for what comes next.
    Payload {
        opcode: Opcode,
        left: u64,
        mask: [u8; 4],
    },
    Ended,
}

impl State {
    const NEW_FRAME: Self = Self::Header { bytes: [0; FrameHeader::BYTES_MAX], len: 0 };
}

impl Decoder {
    /// Nothing was received yet.
    pub const fn new(role: Role) -> Self {
        Self { role, state: State::NEW_FRAME, is_in_message: false, control: Vec::new(), pong: None }
    }

    /// Takes apart what was received. Behind the end of the stream everything is ignored.
    pub fn decode(&mut self, bytes: &mut [u8]) -> Decoded {
        let (mut data, mut at) = (0..0, 0);
        while at < bytes.len() {
            let step = match self.state {
                State::Header { .. } => self.take_header(bytes.get(at..).unwrap_or_default()),
                State::Payload { opcode, left, mask } => {
                    let wanted = usize::try_from(left).unwrap_or(usize::MAX);
                    let piece = at..bytes.len().min(at.saturating_add(wanted));
                    self.take_payload(opcode, left, mask, bytes, piece, &mut data)
                }
                State::Ended => break,
            };
            match step {
                Ok(count) => at += count,
                Err(end) => {
                    self.state = State::Ended;
                    return Decoded { data, end: Some(end) };
                }
            }
        }
        Decoded { data, end: None }
    }

    /// The payload of the pong that is due.
    pub fn take_pong(&mut self) -> Option<Vec<u8>> {
        self.pong.take()
    }

    /// A pong is due.
    pub const fn has_pong(&self) -> bool {
        self.pong.is_some()
    }

    /// Takes as much of a header as is there; returns how many bytes.
    fn take_header(&mut self, from: &[u8]) -> Result<usize, End> {
        let State::Header { mut bytes, mut len } = self.state else { return Ok(0) };
        let mut taken = 0;
        while let Some(byte) = from.get(taken)
            && let Some(slot) = bytes.get_mut(len)
        {
            (*slot, len, taken) = (*byte, len + 1, taken + 1);
            if len == 2 {
                self.check(bytes)?;
            }
            if len >= 2 && len == header_len(bytes) {
                self.begin(bytes)?;
                return Ok(taken);
            }
        }
        self.state = State::Header { bytes, len };
        Ok(taken)
    }

    /// Whether a frame may begin so: what the first two bytes say.
    fn check(&self, bytes: [u8; FrameHeader::BYTES_MAX]) -> Result<(), End> {
        let [first, second, ..] = bytes;
        let violated = |rule| Err(End::Violated(CloseCode::PROTOCOL_ERROR, rule));
        if first & 0x70 != 0 {
            return violated("a reserved bit is set");
        }
        let Some(opcode) = Opcode::of_bits(first & 0x0F) else { return violated("the opcode is reserved") };
        match self.role {
            Role::Server if second & 0x80 == 0 => return violated("a frame of a client is not masked"),
            Role::Client if second & 0x80 != 0 => return violated("a frame of a server is masked"),
            Role::Server | Role::Client => {}
        }
        if opcode.is_control() {
            if first & 0x80 == 0 {
                return violated("a control frame is fragmented");
            }
            if second & 0x7F > CONTROL_BYTES_MAX {
                return violated("a control frame is too long");
            }
        }
        match opcode {
            Opcode::Text => Err(End::Violated(CloseCode::UNSUPPORTED_DATA, "MQTT is not sent as text")),
            Opcode::Continuation if !self.is_in_message => violated("nothing was begun that goes on"),
            Opcode::Binary if self.is_in_message => violated("a message begins within another"),
            Opcode::Continuation | Opcode::Binary | Opcode::Close | Opcode::Ping | Opcode::Pong => Ok(()),
        }
    }

    /// A header is complete.
    fn begin(&mut self, bytes: [u8; FrameHeader::BYTES_MAX]) -> Result<(), End> {
        let [first, second, a, b, c, d, e, f, g, h, ..] = bytes;
        let left = match second & 0x7F {
            126 => u64::from(u16::from_be_bytes([a, b])),
            127 => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            len => u64::from(len),
        };
        if left >> 63 != 0 {
            return Err(End::Violated(CloseCode::PROTOCOL_ERROR, "a length has its highest bit set"));
        }
        if left > FRAME_BYTES_MAX {
            return Err(End::Violated(CloseCode::TOO_BIG, "a frame is too large"));
        }
        let mask = match self.role {
            Role::Server => bytes.get(header_len(bytes) - 4..).and_then(|mask| mask.first_chunk().copied()),
            Role::Client => None,
        };
        let opcode = Opcode::of_bits(first & 0x0F).unwrap_or(Opcode::Continuation);
        if !opcode.is_control() {
            self.is_in_message = first & 0x80 == 0;
        }
        self.state = State::Payload { opcode, left, mask: mask.unwrap_or_default() };
        if left == 0 { self.end_frame(opcode) } else { Ok(()) }
    }

    /// Takes a piece of a payload, in the middle of `bytes`.
    fn take_payload(
        &mut self,
        opcode: Opcode,
        left: u64,
        mut mask: [u8; 4],
        bytes: &mut [u8],
        piece: Range<usize>,
        data: &mut Range<usize>,
    ) -> Result<usize, End> {
        let count = piece.len();
        let payload = bytes.get_mut(piece.clone()).unwrap_or_default();
        if self.role == Role::Server {
            apply_mask(payload, mask);
            mask.rotate_left(count % 4);
        }
        if opcode.is_control() {
            self.control.extend_from_slice(payload);
        } else if data.start == data.end {
            *data = piece;
        } else {
            bytes.copy_within(piece, data.end);
            data.end += count;
        }
        let left = left.saturating_sub(count as u64);
        self.state = State::Payload { opcode, left, mask };
        if left == 0 {
            self.end_frame(opcode)?;
        }
        Ok(count)
    }

    fn end_frame(&mut self, opcode: Opcode) -> Result<(), End> {
        self.state = State::NEW_FRAME;
        let payload = std::mem::take(&mut self.control);
        match opcode {
            Opcode::Ping => self.pong = Some(payload),
            Opcode::Close => return Err(closed(&payload)),
            Opcode::Continuation | Opcode::Text | Opcode::Binary | Opcode::Pong => {}
        }
        Ok(())
    }
}

/// Bytes of a header whose first two are known.
fn header_len(bytes: [u8; FrameHeader::BYTES_MAX]) -> usize {
    let [_, second, ..] = bytes;
    let length = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & 0x80 == 0 { 0 } else { 4 }
}

/// What a Close frame says (RFC 6455 §5.5.1).
fn closed(payload: &[u8]) -> End {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => End::Closed(None),
            _ => End::Violated(CloseCode::PROTOCOL_ERROR, "half a code"),
        };
    };
    let Some(code) = CloseCode::received(u16::from_be_bytes(*code)) else {
        return End::Violated(CloseCode::PROTOCOL_ERROR, "a code that may not be sent");
    };
    match std::str::from_utf8(reason) {
        Ok(_) => End::Closed(Some(code)),
        Err(_) => End::Violated(CloseCode::INVALID_DATA, "a reason that is no UTF-8"),
    }
}

#[cfg(test)]
mod tests;
