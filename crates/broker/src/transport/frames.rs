use std::io::{self, IoSlice};

use smallvec::SmallVec;

use super::SLICES_MAX;
use crate::websocket::{CloseCode, Decoder, FrameHeader, Opcode, Role, close_frame};

/// The WebSocket of one client: what is received is taken apart by [`Decoder`], what is sent goes in frames, whose
/// payloads are written from where they are.
#[derive(Debug)]
pub(super) struct Frames {
    pub(super) decoder: Decoder,
    /// Headers and control frames that come before what is left of the frame.
    unsent: SmallVec<[u8; 16]>,
    /// Bytes of a payload that its header has promised.
    frame_left: usize,
    /// The last frame was made.
    is_closed: bool,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { decoder: Decoder::new(Role::Server), unsent: SmallVec::new(), frame_left: 0, is_closed: false }
    }

    /// Has `write` take a frame of `slices`, or what is left of one; returns how many bytes of `slices` were taken.
    pub(super) fn write(
        &mut self,
        slices: &[IoSlice<'_>],
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.is_closed && self.unsent.is_empty() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.begin(slices.iter().map(|slice| slice.len()).sum());
        let mut all = [IoSlice::new(&[]); SLICES_MAX + 1];
        let (mut filled, mut left) = (0, self.frame_left);
        let pieces = slices.iter().map(|slice| {
            let piece = slice.get(..slice.len().min(left)).unwrap_or_default();
            left -= piece.len();
            piece
        });
        let unsent = (!self.unsent.is_empty()).then_some(&*self.unsent);
        for (slot, piece) in
            all.iter_mut().zip(unsent.into_iter().chain(pieces.filter(|piece| !piece.is_empty())))
        {
            *slot = IoSlice::new(piece);
            filled += 1;
        }
        let written = write(all.get(..filled).unwrap_or_default())?;
        let of_unsent = written.min(self.unsent.len());
        drop(self.unsent.drain(..of_unsent));
        if self.unsent.is_empty() {
            self.unsent.shrink_to_fit();
        }
        self.frame_left -= written - of_unsent;
        Ok(written - of_unsent)
    }

    /// Something is to be written beside payloads.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty() || (self.frame_left == 0 && !self.is_closed && self.decoder.has_pong())
    }

    /// Makes the last frame. Within a frame that is not complete there is no place for another.
    pub(super) fn close(&mut self, code: CloseCode) {
        if !self.is_closed && self.frame_left == 0 {
            self.unsent.extend_from_slice(&close_frame(code));
        }
        self.is_closed = true;
    }

    /// Begins a frame of so many bytes, unless one is not complete. A pong goes before it: no more than one waits.
    fn begin(&mut self, byte_count: usize) {
        if self.frame_left > 0 || self.is_closed {
            return;
        }
        if self.unsent.is_empty()
            && let Some(payload) = self.decoder.take_pong()
        {
            self.unsent.extend_from_slice(FrameHeader::new(Opcode::Pong, payload.len(), None).as_bytes());
            self.unsent.extend_from_slice(&payload);
        }
        if byte_count > 0 {
            self.unsent.extend_from_slice(FrameHeader::new(Opcode::Binary, byte_count, None).as_bytes());
            self.frame_left = byte_count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `payload` in system calls that take this many bytes each; what came over the wire.
    fn written(payload: &[u8], at_once: usize, frames: &mut Frames) -> Vec<u8> {
        let (mut wire, mut at) = (Vec::new(), 0);
        while at < payload.len() || frames.has_unsent() {
            let (one, two) = payload[at..].split_at((payload.len() - at) / 2);
            let taken = frames.write(&[IoSlice::new(one), IoSlice::new(two)], |slices| {
                let before = wire.len();
                wire.extend(slices.iter().flat_map(|slice| slice.iter().copied()).take(at_once));
                Ok(wire.len() - before)
            });
            at += taken.unwrap();
        }
        wire
    }

    fn decoded(wire: &mut [u8]) -> Vec<u8> {
        let decoded = Decoder::new(Role::Client).decode(wire);
        wire[decoded.data].to_vec()
    }

    #[test]
    fn what_is_written_in_pieces_is_whole_frames() {
        let payload: Vec<u8> = (0..70_000).map(|number: u32| number.to_be_bytes()[3]).collect();
        for at_once in [1, 3, 1000, usize::MAX] {
            let mut wire = written(&payload, at_once, &mut Frames::new());
            assert!(decoded(&mut wire) == payload, "{at_once}");
        }
    }

    #[test]
    fn a_pong_waits_for_the_end_of_a_frame() {
        let mut frames = Frames::new();
        let taken = frames.write(&[IoSlice::new(b"payload")], |_| Ok(4)).unwrap();
        assert_eq!(taken, 2, "behind the header");
        let mut ping = FrameHeader::new(Opcode::Ping, 0, Some([0; 4])).as_bytes().to_vec();
        frames.decoder.decode(&mut ping);
        assert!(!frames.has_unsent());
        let wire = written(b"yload", usize::MAX, &mut frames);
        assert_eq!(wire, b"yload\x8A\0");
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        let mut frames = Frames::new();
        frames.close(CloseCode::NORMAL);
        frames.close(CloseCode::PROTOCOL_ERROR);
        assert_eq!(written(b"", usize::MAX, &mut frames), b"\x88\x02\x03\xE8");
        assert!(frames.write(&[IoSlice::new(b"late")], |_| panic!("nothing is written")).is_err());
    }
}
