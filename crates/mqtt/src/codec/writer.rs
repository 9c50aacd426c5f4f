use super::VARIABLE_BYTE_INTEGER_MAX;

/// Appends a two-byte integer.
#[inline]
pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a four-byte integer.
#[inline]
pub(crate) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a length-prefixed string; `false`, and nothing appended, above 65,535 bytes.
#[inline]
pub(crate) fn put_string(out: &mut Vec<u8>, string: &str) -> bool {
    put_binary(out, string.as_bytes())
}

/// Appends length-prefixed bytes; `false`, and nothing appended, above 65,535 bytes.
#[inline]
pub(crate) fn put_binary(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let Ok(len) = u16::try_from(bytes.len()) else { return false };
    put_u16(out, len);
    out.extend_from_slice(bytes);
    true
}

/// Appends a variable byte integer in the fewest bytes; `false`, and nothing appended, above
/// [`VARIABLE_BYTE_INTEGER_MAX`].
#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, value: u32) -> bool {
    let [a, b, c, d] = septets(value);
    match varint_len(value) {
        1 => out.push(a),
        2 => out.extend_from_slice(&[a | 0x80, b]),
        3 => out.extend_from_slice(&[a | 0x80, b | 0x80, c]),
        _ if value > VARIABLE_BYTE_INTEGER_MAX => return false,
        _ => out.extend_from_slice(&[a | 0x80, b | 0x80, c | 0x80, d]),
    }
    true
}

/// Bytes that a variable byte integer takes: 1 to 4.
#[inline]
pub(crate) const fn varint_len(value: u32) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        _ => 4,
    }
}

/// The value's seven-bit groups, least significant first.
#[inline]
const fn septets(value: u32) -> [u8; 4] {
    [septet(value), septet(value >> 7), septet(value >> 14), septet(value >> 21)]
}

#[inline]
const fn septet(value: u32) -> u8 {
    value.to_le_bytes()[0] & 0x7F
}
