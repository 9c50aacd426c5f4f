//! Structured fields (RFC 9651), as far as signatures need them, and in one spelling.

use aws_lc_rs::digest;
use base64ct::{Base64, Encoding};

use super::SignatureFault;
use super::key::is_id;

pub(super) const DIGEST: &str = "content-digest";
pub(super) const INPUT: &str = "signature-input";
pub(super) const SIGNATURE: &str = "signature";
pub(super) const ALGORITHM: &str = "hmac-sha256";

const LABEL_LEN_MAX: usize = 32;
const FIELD_LEN_MAX: usize = 1024;
pub(super) const TAG_LEN: usize = 32;

/// The parameters of a signature; each is there once, or not at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parameters<'a> {
    pub(super) created: Option<u64>,
    pub(super) expires: Option<u64>,
    pub(super) nonce: Option<&'a str>,
    pub(super) key_id: Option<&'a str>,
    pub(super) algorithm: Option<&'a str>,
}

/// Splits `label=rest`.
pub(super) fn labelled<'a>(field: &'a str, name: &'static str) -> Result<(&'a str, &'a str), SignatureFault> {
    let fault = SignatureFault::Malformed(name);
    let (label, rest) = field.split_once('=').filter(|_| field.len() <= FIELD_LEN_MAX).ok_or(fault)?;
    let is_usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let is_label = label.starts_with(|first: char| first.is_ascii_lowercase())
        && label.len() <= LABEL_LEN_MAX
        && label.bytes().all(is_usual);
    if is_label { Ok((label, rest)) } else { Err(fault) }
}

/// Reads `;created=1;keyid="x"` to its end.
pub(super) fn parameters(text: &str) -> Result<Parameters<'_>, SignatureFault> {
    let fault = SignatureFault::Malformed(INPUT);
    let mut parameters = Parameters::default();
    let mut items = text.split(';');
    if items.next() != Some("") {
        return Err(fault);
    }
    for item in items {
        let (name, value) = item.split_once('=').ok_or(fault)?;
        let is_new = match name {
            "created" => parameters.created.replace(number(value)?).is_none(),
            "expires" => parameters.expires.replace(number(value)?).is_none(),
            "nonce" => parameters.nonce.replace(string(value)?).is_none(),
            "keyid" => parameters.key_id.replace(string(value)?).is_none(),
            "alg" => parameters.algorithm.replace(string(value)?).is_none(),
            _ => false,
        };
        if !is_new {
            return Err(fault);
        }
    }
    Ok(parameters)
}

/// A number without sign or zeros before it.
fn number(text: &str) -> Result<u64, SignatureFault> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let number = text.parse().ok().filter(|_| is_plain && text.len() <= 15);
    number.ok_or(SignatureFault::Malformed(INPUT))
}

/// A string in quotes, of characters that need no escape and end nothing.
fn string(text: &str) -> Result<&str, SignatureFault> {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| is_id(inner)).ok_or(SignatureFault::Malformed(INPUT))
}

/// Reads `:base64:`, 32 bytes.
pub(super) fn bytes(text: &str, name: &'static str) -> Result<[u8; TAG_LEN], SignatureFault> {
    let fault = SignatureFault::Malformed(name);
    let inner = text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).ok_or(fault)?;
    let mut bytes = [0; TAG_LEN];
    match Base64::decode(inner, &mut bytes) {
        Ok(decoded) if decoded.len() == TAG_LEN => Ok(bytes),
        Ok(_) | Err(_) => Err(fault),
    }
}

pub(super) fn written(bytes: &[u8]) -> String {
    format!(":{}:", Base64::encode_string(bytes))
}

/// `Content-Digest` of a body.
pub(super) fn digest_of(body: &[u8]) -> String {
    format!("sha-256={}", written(digest::digest(&digest::SHA256, body).as_ref()))
}

/// Whether a `Content-Digest` is that of the body. It is no secret: the comparison need not be in constant
/// time.
pub(super) fn check_digest(field: &str, body: &[u8]) -> Result<(), SignatureFault> {
    let text = field.strip_prefix("sha-256=").ok_or(SignatureFault::Malformed(DIGEST))?;
    let said = bytes(text, DIGEST)?;
    if said == digest::digest(&digest::SHA256, body).as_ref() { Ok(()) } else { Err(SignatureFault::Digest) }
}
