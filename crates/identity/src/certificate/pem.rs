use std::fmt;

use base64ct::{Base64, Encoding};
use x509_parser::pem::Pem;

use super::{CERTIFICATE_LEN_MAX, CertificateFault};

const LABEL: &str = "CERTIFICATE";

/// Characters of one certificate in PEM: base64, line ends, and what people write above it.
const PEM_LEN_MAX: usize = 4 * CERTIFICATE_LEN_MAX;

/// The DER of the one certificate in a text.
pub(super) fn der_of(text: &str) -> Result<Vec<u8>, CertificateFault> {
    if text.len() > PEM_LEN_MAX {
        return Err(CertificateFault::TooLong);
    }
    let mut blocks = Pem::iter_from_buffer(text.as_bytes());
    match (blocks.next(), blocks.next()) {
        (Some(Ok(block)), None) if block.label == LABEL => Ok(block.contents),
        _ => Err(CertificateFault::Pem),
    }
}

/// Characters of a line of base64 (RFC 7468 §2).
const LINE: usize = 64;

/// Writes a certificate as PEM.
pub(crate) fn write(der: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "-----BEGIN {LABEL}-----")?;
    let text = Base64::encode_string(der);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(LINE));
        writeln!(f, "{line}")?;
        rest = next;
    }
    writeln!(f, "-----END {LABEL}-----")
}
