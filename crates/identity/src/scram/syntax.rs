//! What all messages are made of: attributes, names, nonces, base64 (RFC 5802 §5.1 and §7).

use base64ct::{Base64, Encoding};

use super::{
    ScramFault,
    keys::{KEY_LEN, Key},
};

/// A user name and the same as authorization identity, every character escaped, fit twice.
const MESSAGE_BYTES_MAX: usize = 2_048;
const USERNAME_BYTES_MAX: usize = 256;
const SALT_LENS: std::ops::RangeInclusive<usize> = 8..=64;
/// Attributes with a meaning of their own, which no extension may have.
const RESERVED: &str = "anmrcsipve";

/// Attributes one after another: `letter=value`, separated by commas.
pub(super) struct Attributes<'a>(std::str::Split<'a, char>);

/// 8 to 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Salt(Box<[u8]>);

// === impl Attributes ===

impl<'a> Attributes<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(text.split(','))
    }

    /// The value of the next attribute, which has to be called `name`.
    pub(super) fn expect(&mut self, name: char) -> Result<&'a str, ScramFault> {
        match self.next()? {
            Some((found, value)) if found == name => Ok(value),
            Some(('m', _)) => Err(ScramFault::MandatoryExtension),
            Some(_) | None => Err(ScramFault::Malformed),
        }
    }

    /// Nothing follows but extensions that need not be understood.
    pub(super) fn end(mut self) -> Result<(), ScramFault> {
        while let Some((name, _)) = self.next()? {
            if name == 'm' {
                return Err(ScramFault::MandatoryExtension);
            }
            if RESERVED.contains(name) {
                return Err(ScramFault::Malformed);
            }
        }
        Ok(())
    }

    pub(super) fn next(&mut self) -> Result<Option<(char, &'a str)>, ScramFault> {
        let Some(attribute) = self.0.next() else { return Ok(None) };
        let mut rest = attribute.chars();
        let name = rest.next().filter(char::is_ascii_alphabetic).ok_or(ScramFault::Malformed)?;
        let value = rest.as_str().strip_prefix('=').filter(|value| !value.is_empty());
        value.map(|value| Some((name, value))).ok_or(ScramFault::Malformed)
    }
}

// === impl Salt ===

impl Salt {
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        SALT_LENS.contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    pub(super) fn of_16(bytes: [u8; 16]) -> Self {
        Self(bytes.into())
    }

    pub(super) fn parse(base64: &str) -> Option<Self> {
        let mut buffer = [0; *SALT_LENS.end()];
        Base64::decode(base64, &mut buffer).ok().and_then(Self::new)
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A message as text: bounded, UTF-8, no NUL.
pub(super) fn text(message: &[u8]) -> Result<&str, ScramFault> {
    let is_sound = !message.is_empty() && message.len() <= MESSAGE_BYTES_MAX && !message.contains(&0);
    str::from_utf8(message).ok().filter(|_| is_sound).ok_or(ScramFault::NotText)
}

/// Whether a user may be called so.
pub(super) fn is_username(name: &str) -> bool {
    !name.is_empty() && name.len() <= USERNAME_BYTES_MAX && !name.contains(char::is_control)
}

/// `saslname`: a comma is `=2C`, an equals sign `=3D`.
pub(super) fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The user name that a `saslname` stands for.
pub(super) fn unescaped(saslname: &str) -> Result<Box<str>, ScramFault> {
    let mut parts = saslname.split('=');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or(ScramFault::UserName)?;
        name.push(match code {
            "2C" => ',',
            "3D" => '=',
            _ => return Err(ScramFault::UserName),
        });
        name.push_str(rest);
    }
    if is_username(&name) { Ok(name.into()) } else { Err(ScramFault::UserName) }
}

/// A nonce of up to `bytes_max` printable characters. A comma would have ended it.
pub(super) fn nonce(value: &str, bytes_max: usize) -> Result<&str, ScramFault> {
    let is_sound = value.len() <= bytes_max && value.bytes().all(|b| b.is_ascii_graphic());
    if is_sound { Ok(value) } else { Err(ScramFault::Nonce) }
}

pub(super) fn base64_of(bytes: &[u8]) -> String {
    let mut buffer = vec![0; bytes.len().div_ceil(3) * 4];
    let written = Base64::encode(bytes, &mut buffer).map_or(0, str::len);
    buffer.truncate(written);
    // The buffer becomes the text: no copy is left of what may be secret.
    String::from_utf8(buffer).unwrap_or_default()
}

pub(super) fn key_from_base64(base64: &str) -> Option<Key> {
    let mut key = Key::default();
    let decoded = Base64::decode(base64, &mut *key).ok()?.len();
    (decoded == KEY_LEN).then_some(key)
}
