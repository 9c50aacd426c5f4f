use vouchmq_mqtt::codec;

/// Bytes of a packet that are kept: what is beyond is payload, or a packet that is told by its header only.
pub(super) const KEPT_MAX: usize = 16 * 1024;

/// Cuts the bytes of one direction into packets.
#[derive(Debug, Default)]
pub(super) struct Packets {
    /// The packet that is coming in, or the start of its header.
    kept: Vec<u8>,
    /// Its whole length and what is missing of it, once its header is there.
    whole: Option<(usize, usize)>,
    /// What came is no packet: nothing can be told of what follows.
    is_broken: bool,
}

impl Packets {
    /// Takes what was sent next, and hands on each packet that is complete: what was kept of it, and its length.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Vec<u8>, usize)) {
        while !bytes.is_empty() && !self.is_broken {
            let Some((len, missing)) = self.whole else {
                bytes = self.push_header(bytes, &mut each);
                continue;
            };
            let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
            let room = KEPT_MAX.saturating_sub(self.kept.len());
            self.kept.extend_from_slice(taken.get(..room.min(taken.len())).unwrap_or_default());
            bytes = rest;
            self.whole = Some((len, missing - taken.len()));
            self.end_packet(&mut each);
        }
    }

    /// Takes a byte of a header.
    fn push_header<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Vec<u8>, usize)) -> &'b [u8] {
        let Some((byte, rest)) = bytes.split_first() else { return bytes };
        self.kept.push(*byte);
        match codec::frame(&self.kept) {
            Ok(None) => {}
            Ok(Some(header)) => {
                self.whole = Some((header.packet_len(), header.remaining));
                self.end_packet(each);
            }
            Err(_) => {
                self.is_broken = true;
                let kept = std::mem::take(&mut self.kept);
                let len = kept.len();
                each(kept, len);
            }
        }
        rest
    }

    fn end_packet(&mut self, each: &mut impl FnMut(Vec<u8>, usize)) {
        if let Some((len, 0)) = self.whole {
            self.whole = None;
            each(std::mem::take(&mut self.kept), len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<(Vec<u8>, usize)> {
        let (mut packets, mut found) = (Packets::default(), Vec::new());
        for piece in pieces {
            packets.push(piece, |bytes, len| found.push((bytes, len)));
        }
        found
    }

    #[test]
    fn packets_are_found_wherever_their_bytes_are_cut() {
        let bytes = b"\xc0\x00\x30\x05\x00\x01axy\xe0\x00";
        let expected = cut(&[bytes]);
        assert_eq!(expected.len(), 3);
        for at in 0..bytes.len() {
            assert_eq!(cut(&[&bytes[..at], &bytes[at..]]), expected, "cut at {at}");
        }
    }

    #[test]
    fn a_large_packet_is_kept_in_part_and_the_next_one_is_found() {
        let mut bytes = vec![0x30, 0x80, 0x80, 0x04];
        bytes.extend(vec![0; 65_536]);
        bytes.extend([0xc0, 0]);
        let found = cut(&[&bytes]);
        let lens: Vec<_> = found.iter().map(|(kept, len)| (kept.len(), *len)).collect();
        assert_eq!(lens, [(KEPT_MAX, 65_540), (2, 2)]);
    }

    #[test]
    fn what_is_no_packet_is_told_once() {
        assert_eq!(cut(&[b"\x00\x00\x00", b"\xc0\x00"]), [(vec![0], 1)]);
    }
}
