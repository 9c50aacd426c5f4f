use std::io;

use vouchmq_broker::websocket::{
    Decoder, End, FrameHeader, HEAD_BYTES_MAX, Opcode, Role, UpgradeRequest, apply_mask,
};

use super::{Below, Stream, unless_it_would_block};

/// Bytes of one frame: so much is copied to be masked.
const FRAME_MAX: usize = 64 * 1024;

/// WebSocket, the client's end.
#[derive(Debug)]
pub(super) struct WebSocket {
    decoder: Decoder,
    /// Came behind the answer that opened it.
    early: Vec<u8>,
    /// Frames that wait to be written.
    out: Vec<u8>,
    is_ended: bool,
    masks: Masks,
}

/// Masks that nobody foresees: a proxy must not take a payload for a request (RFC 6455 §10.3).
#[derive(Debug)]
struct Masks {
    bytes: [u8; 256],
    at: usize,
}

impl WebSocket {
    /// Asks for it.
    pub(super) async fn open(stream: &mut Stream, host: &str, path: &str) -> io::Result<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let request = UpgradeRequest::new(host, path, key);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        loop {
            let mut piece = [0; 1024];
            match stream.try_read(&mut piece) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection",
                    ));
                }
                Ok(count) => answer.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    stream.readable().await?;
                    continue;
                }
                Err(error) => return Err(error),
            }
            if let Some(len) = request.opened_by(&answer).map_err(io::Error::other)? {
                let early = answer.split_off(len);
                let (decoder, out) = (Decoder::new(Role::Client), Vec::new());
                return Ok(Self { decoder, early, out, is_ended: false, masks: Masks::new() });
            }
            debug_assert!(answer.len() <= HEAD_BYTES_MAX + 1024, "the request knows its bound");
        }
    }

    pub(super) fn try_read(&mut self, below: &mut Below, into: &mut [u8]) -> io::Result<usize> {
        while !self.is_ended {
            let count = if self.early.is_empty() {
                below.try_read(into)?
            } else {
                let count = self.early.len().min(into.len());
                for (to, from) in into.iter_mut().zip(self.early.drain(..count)) {
                    *to = from;
                }
                count
            };
            if count == 0 {
                break;
            }
            let decoded = self.decoder.decode(into.get_mut(..count).unwrap_or_default());
            self.is_ended = decoded.end.is_some();
            if let Some(pong) = self.decoder.take_pong() {
                self.frame(Opcode::Pong, &pong)?;
            }
            match decoded.end {
                Some(End::Violated(code, why)) => {
                    self.frame(Opcode::Close, &code.number().to_be_bytes())?;
                    self.try_flush(below).or_else(unless_it_would_block)?;
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("a wrong WebSocket frame: {why}"),
                    ));
                }
                Some(End::Closed(_)) => self.close(),
                None => {}
            }
            self.try_flush(below).or_else(unless_it_would_block)?;
            if !decoded.data.is_empty() {
                let len = decoded.data.len();
                into.copy_within(decoded.data, 0);
                return Ok(len);
            }
        }
        Ok(0)
    }

    /// Takes a frame's worth.
    pub(super) fn try_write(&mut self, below: &mut Below, bytes: &[u8]) -> io::Result<usize> {
        self.try_flush(below)?;
        let piece = bytes.get(..FRAME_MAX).unwrap_or(bytes);
        self.frame(Opcode::Binary, piece)?;
        self.try_flush(below).or_else(unless_it_would_block)?;
        Ok(piece.len())
    }

    pub(super) fn try_flush(&mut self, below: &mut Below) -> io::Result<()> {
        let mut written = 0;
        let flushed = loop {
            match self.out.get(written..).filter(|rest| !rest.is_empty()).map(|rest| below.try_write(rest)) {
                None => break Ok(()),
                Some(Ok(count)) => written += count,
                Some(Err(error)) => break Err(error),
            }
        };
        self.out.drain(..written);
        flushed
    }

    pub(super) const fn wants_flush(&self) -> bool {
        !self.out.is_empty()
    }

    /// Says that nothing more comes.
    pub(super) fn close(&mut self) {
        const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();
        // Without a mask nothing can be said any more.
        let _ = self.frame(Opcode::Close, &NORMAL);
    }

    fn frame(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let mask = self.masks.next()?;
        self.out.extend_from_slice(FrameHeader::new(opcode, payload.len(), Some(mask)).as_bytes());
        let start = self.out.len();
        self.out.extend_from_slice(payload);
        apply_mask(self.out.get_mut(start..).unwrap_or_default(), mask);
        Ok(())
    }
}

// === impl Masks ===

impl Masks {
    const fn new() -> Self {
        Self { bytes: [0; 256], at: 256 }
    }

    fn next(&mut self) -> io::Result<[u8; 4]> {
        if self.at >= self.bytes.len() {
            getrandom::fill(&mut self.bytes).map_err(io::Error::other)?;
            self.at = 0;
        }
        let mask = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()).copied();
        self.at += 4;
        mask.ok_or_else(|| io::Error::other("no mask"))
    }
}
