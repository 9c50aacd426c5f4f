use super::placeholder::{Filling, Value};
use super::text::{Piece, Pieces};
use crate::remote::percent::write_encoded;

/// Writes a value so that it is one of a URL or a form; what does not exist is empty.
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
