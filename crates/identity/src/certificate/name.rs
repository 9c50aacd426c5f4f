use std::fmt::Write as _;

use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::{CERTIFICATE_NAMES_MAX, CertificateFault};

/// One attribute of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SubjectValue {
    /// Its short name, or the object identifier of one that has none.
    pub(super) name: Box<str>,
    /// Its value; `None` if that is no text.
    pub(super) text: Option<Box<str>>,
}

/// Short names of attributes: those of RFC 4514 §3, and that of the serial number of a device (RFC 4519 §2.31).
pub(crate) const NAMES: [(&str, &str); 10] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

/// The text of a subject (RFC 4514), and its attributes.
pub(super) fn read(subject: &X509Name<'_>) -> Result<(Box<str>, Box<[SubjectValue]>), CertificateFault> {
    if subject.iter_attributes().count() > CERTIFICATE_NAMES_MAX {
        return Err(CertificateFault::Names);
    }
    let values = subject.iter_attributes().map(value_of).collect();
    let mut levels: Vec<String> = Vec::new();
    for level in subject.iter() {
        let parts: Vec<String> = level.iter().map(text_of).collect();
        levels.push(parts.join("+"));
    }
    // The most particular comes first (§2.1).
    levels.reverse();
    Ok((levels.join(",").into(), values))
}

fn name_of(attribute: &AttributeTypeAndValue<'_>) -> String {
    let id = attribute.attr_type().to_id_string();
    { NAMES.iter() }.find(|(known, _)| *known == id).map_or(id, |(_, name)| (*name).to_owned())
}

fn value_of(attribute: &AttributeTypeAndValue<'_>) -> SubjectValue {
    SubjectValue { name: name_of(attribute).into(), text: attribute.as_str().ok().map(Into::into) }
}

/// A value that is no text is written as bytes (§2.4).
fn text_of(attribute: &AttributeTypeAndValue<'_>) -> String {
    let mut text = name_of(attribute);
    text.push('=');
    match attribute.as_str() {
        Ok(value) => escape(value, &mut text),
        Err(_) => {
            text.push('#');
            attribute.as_slice().iter().for_each(|byte| hex(*byte, &mut text));
        }
    }
    text
}

fn escape(value: &str, text: &mut String) {
    let last = value.len().saturating_sub(1);
    for (place, char) in value.char_indices() {
        match char {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', char]),
            ' ' if place == 0 || place == last => text.extend(['\\', char]),
            '#' if place == 0 => text.extend(['\\', char]),
            char if char.is_control() => {
                for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                    text.push('\\');
                    hex(byte, text);
                }
            }
            char => text.push(char),
        }
    }
}

fn hex(byte: u8, text: &mut String) {
    // Writing into a string does not fail.
    let _ = write!(text, "{byte:02x}");
}
