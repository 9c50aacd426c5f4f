use super::{ImportFault, from_mosquitto, from_nanomq_plain};
use crate::{HashFault, PasswordHash};

/// A user's password in a configuration: a hash in the text of [`PasswordHash`], one of Mosquitto
/// ([`from_mosquitto`]), or plain text, of which only a digest is kept.
///
/// What begins like a hash, `$name$`, is one: plain text must not begin so, or a hash with a slip of the pen would
/// be the password that everybody can read.
///
/// # Errors
/// [`ImportFault::LooksHashed`], [`ImportFault::Hash`] or [`ImportFault::PasswordLength`].
pub fn from_configuration(text: &str) -> Result<PasswordHash, ImportFault> {
    if !looks_hashed(text) {
        return Ok(from_nanomq_plain(text)?.digest()?);
    }
    if text.starts_with("$6$") || text.starts_with("$7$") {
        let unknown =
            |fault| if fault == ImportFault::NotMosquitto { ImportFault::LooksHashed } else { fault };
        return from_mosquitto(text).map_err(unknown);
    }
    text.parse().map_err(|fault| match fault {
        HashFault::UnknownScheme => ImportFault::LooksHashed,
        fault @ (HashFault::BrokenBcrypt | HashFault::Malformed { .. }) => fault.into(),
    })
}

/// `$`, letters, digits or dashes, and `$`.
pub(crate) fn looks_hashed(text: &str) -> bool {
    let name = text.strip_prefix('$').and_then(|rest| rest.split_once('$')).map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}
