use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::fault::Fault;
use super::placeholder::{Filling, Value};
use super::text::{Piece, Pieces};

/// All but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Writes bytes so that they are one value of a URL or a form.
pub(super) fn write_encoded(out: &mut String, bytes: &[u8]) {
    out.extend(percent_encode(bytes, RESERVED));
}

/// The same for a value; what does not exist is empty.
pub(super) fn write_value(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Absent => {}
        Value::Text(text) => write_encoded(out, text.as_bytes()),
        Value::Bytes(bytes) => write_encoded(out, bytes),
        Value::Hidden => out.push_str(Value::HIDDEN),
    }
}

/// A text of which the operator's part is encoded already.
pub(super) fn write_within_encoded(out: &mut String, pieces: &Pieces, filling: Filling<'_>) {
    for piece in pieces.iter() {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(placeholder) => write_value(out, &filling.value(*placeholder)),
        }
    }
}

/// A text of which nothing is encoded.
pub(super) fn write_pieces(out: &mut String, pieces: &Pieces, filling: Filling<'_>) {
    for piece in pieces.iter() {
        match piece {
            Piece::Text(text) => write_encoded(out, text.as_bytes()),
            Piece::Value(placeholder) => write_value(out, &filling.value(*placeholder)),
        }
    }
}

/// Whether each `%` has its two digits.
pub(super) fn is_encoded(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| part.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// What a text of a form means.
pub(super) fn decode_form(text: &str) -> Result<String, Fault> {
    if !is_encoded(text) {
        return Err(Fault::Form);
    }
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().map(Into::into).map_err(|_| Fault::Form)
}
