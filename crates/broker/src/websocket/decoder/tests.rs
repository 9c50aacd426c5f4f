use super::*;

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// A masked frame with these first bits.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = FrameHeader::new(Opcode::Binary, payload.len(), Some(MASK)).as_bytes().to_vec();
    bytes[0] = first;
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    apply_mask(&mut bytes[start..], MASK);
    bytes
}

/// Decodes pieces of these sizes, over and over; the data, and how it ended.
fn decode_in(pieces: &[usize], bytes: &[u8]) -> (Vec<u8>, Option<End>, Decoder) {
    let mut decoder = Decoder::new(Role::Server);
    let (mut data, mut rest) = (Vec::new(), bytes);
    for size in pieces.iter().cycle() {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        rest = after;
        let mut piece = piece.to_vec();
        let decoded = decoder.decode(&mut piece);
        data.extend_from_slice(&piece[decoded.data]);
        if decoded.end.is_some() || rest.is_empty() {
            return (data, decoded.end, decoder);
        }
    }
    (data, None, decoder)
}

fn decode(bytes: &[u8]) -> (Vec<u8>, Option<End>) {
    let (data, end, _) = decode_in(&[usize::MAX], bytes);
    (data, end)
}

/// MQTT5-6.0.0-2 MQTT3-6.0.0-2
#[test]
fn payloads_are_one_stream_however_they_are_cut() {
    let large = vec![7; 70_000];
    let bytes = [
        frame(0x02, b"one "),
        frame(0x89, b"ping in the middle"),
        frame(0x00, b""),
        frame(0x80, b"two "),
        frame(0x82, &large[..300]),
        frame(0x8A, b"a pong that nobody asked for"),
        frame(0x82, &large),
    ]
    .concat();
    let expected = [b"one two ".as_slice(), &large[..300], &large].concat();
    for pieces in [&[usize::MAX][..], &[1], &[2, 3, 5, 7], &[70_001, 1]] {
        let (data, end, mut decoder) = decode_in(pieces, &bytes);
        assert_eq!((data == expected, end), (true, None), "{pieces:?}");
        assert_eq!(decoder.take_pong().as_deref(), Some(&b"ping in the middle"[..]));
    }
}

#[test]
fn the_first_payload_stays_where_it_is_and_others_follow_it() {
    let mut bytes = [frame(0x82, b"first"), frame(0x82, b"second")].concat();
    let decoded = Decoder::new(Role::Server).decode(&mut bytes);
    assert_eq!(decoded, Decoded { data: 6..17, end: None });
    assert_eq!(&bytes[6..17], b"firstsecond");
}

#[test]
fn frames_that_break_the_protocol_end_the_connection_with_their_code() {
    let unmasked = |first| vec![first, 1, b'x'];
    let (protocol, unsupported) = (CloseCode::PROTOCOL_ERROR, CloseCode::UNSUPPORTED_DATA);
    let long = |length: [u8; 8]| [&[0x82, 0xFF][..], &length, &MASK].concat();
    for (what, bytes, code) in [
        ("text", frame(0x81, b"x"), unsupported),
        ("the beginning of text", frame(0x01, b"x"), unsupported),
        ("not masked", unmasked(0x82), protocol),
        ("a ping that is not masked", unmasked(0x89), protocol),
        ("reserved bits", frame(0xC2, b"x"), protocol),
        ("a reserved opcode", frame(0x83, b"x"), protocol),
        ("a reserved control opcode", frame(0x8B, b"x"), protocol),
        ("a fragmented ping", frame(0x09, b"x"), protocol),
        ("a long ping", frame(0x89, &[0; 126]), protocol),
        ("a continuation of nothing", frame(0x80, b"x"), protocol),
        ("a message in a message", [frame(0x02, b""), frame(0x82, b"")].concat(), protocol),
        ("a length of 64 bits", long([0x80, 0, 0, 0, 0, 0, 0, 1]), protocol),
        ("a large frame", long([0x7F, 0, 0, 0, 0, 0, 0, 1]), CloseCode::TOO_BIG),
        ("half a code", frame(0x88, b"x"), protocol),
        ("a code that is not sent", frame(0x88, &1005_u16.to_be_bytes()), protocol),
        ("a reason that is no text", frame(0x88, b"\x03\xE8\xFF"), CloseCode::INVALID_DATA),
    ] {
        for pieces in [&[usize::MAX][..], &[1]] {
            let whole = [frame(0x82, b"before"), bytes.clone(), frame(0x82, b"behind")].concat();
            let (data, end, _) = decode_in(pieces, &whole);
            let Some(End::Violated(violated, _)) = end else { panic!("{what}: {end:?}") };
            assert_eq!((data.as_slice(), violated), (&b"before"[..], code), "{what}");
        }
    }
}

#[test]
fn a_close_frame_is_the_last() {
    let bytes = [frame(0x88, b"\x03\xE8bye"), frame(0x81, b"text")].concat();
    assert_eq!(decode(&bytes), (Vec::new(), Some(End::Closed(Some(CloseCode::NORMAL)))));
    assert_eq!(decode(&frame(0x88, b"")), (Vec::new(), Some(End::Closed(None))));
}

#[test]
fn of_many_pings_only_the_last_is_answered() {
    let mut decoder = Decoder::new(Role::Server);
    for number in 0..100_u8 {
        decoder.decode(&mut frame(0x89, &[number; 125]));
    }
    assert_eq!(decoder.take_pong(), Some(vec![99; 125]));
    assert!(!decoder.has_pong());
}

#[test]
fn a_server_masks_nothing() {
    let mut decoder = Decoder::new(Role::Client);
    let mut bytes = [FrameHeader::new(Opcode::Binary, 2, None).as_bytes(), b"ok"].concat();
    let decoded = decoder.decode(&mut bytes);
    assert_eq!(&bytes[decoded.data], b"ok");
    let end = decoder.decode(&mut frame(0x82, b"x")).end;
    assert!(matches!(end, Some(End::Violated(CloseCode::PROTOCOL_ERROR, _))), "{end:?}");
}

/// An idle connection keeps this.
#[test]
fn a_decoder_takes_little_memory() {
    assert!(size_of::<Decoder>() <= 80, "{}", size_of::<Decoder>());
}
