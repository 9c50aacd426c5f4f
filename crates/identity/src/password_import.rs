//! From one row of another system's password store to what we store.
//!
//! These functions read fields; whole files are read elsewhere. Each result is a [`PasswordHash`], which has
//! one text whatever the system it came from, or a [`PlainPassword`], which has none and must be hashed
//! before it can be stored. Rows are untrusted: what is broken, too weak to keep, or would take too long to
//! verify is refused.
//!
//! | From | Kept as |
//! |---|---|
//! | Mosquitto 1 `$6$salt$hash` | `$sha512$salt=after$…` |
//! | Mosquitto 2 `$7$iterations$salt$hash` | `$pbkdf2-sha512$i=…$…` |
//! | Mosquitto 2.1 `$argon2id$…` | the same |
//! | EMQX `sha256`, `sha512` with `prefix`, `suffix`, `disable` | `$sha256$salt=before` / `after` / `none$…` |
//! | EMQX `pbkdf2` with `sha256`, `sha512` | `$pbkdf2-sha256$i=…$…`, `$pbkdf2-sha512$…` |
//! | EMQX `bcrypt`, Hono `bcrypt` | `$2b$…` |
//! | Hono `sha-256`, `sha-512` | `$sha256$salt=before` / `none$…` |
//! | EMQX `plain`, NanoMQ | nothing: [`PlainPassword`] |

use crate::{HashFault, HashPart, HashScheme, PasswordHash, PlainPassword};

mod configured;
mod emqx;
mod hono;
mod mosquitto;

#[cfg(test)]
mod tests;

pub use configured::from_configuration;
pub(crate) use configured::looks_hashed;
pub use emqx::{EmqxRow, from_emqx};
pub use hono::{HonoSecret, from_hono};
pub use mosquitto::from_mosquitto;

/// What a row was.
#[derive(Debug)]
pub enum Imported {
    /// A hash, ready to be stored.
    Hash(PasswordHash),
    /// A password in plain text, to be hashed.
    Plain(PlainPassword),
}

/// Why a row was refused. Never repeats what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportFault {
    /// The hash is of a known scheme and cannot be used, or is of none.
    #[error(transparent)]
    Hash(#[from] HashFault),
    /// A field that this algorithm needs is absent.
    #[error("{0} is missing: take it from the configuration of the system that made the hash")]
    Missing(&'static str),
    /// A field has a value that we do not know.
    #[error("{field} is none of {known}")]
    Unknown {
        /// The field.
        field: &'static str,
        /// What it may be.
        known: &'static str,
    },
    /// A digest that is not fit for passwords: MD5 or SHA-1.
    #[error("{0} is not fit to protect passwords: give the user a new password")]
    Unfit(&'static str),
    /// Another form, or plain text, which Mosquitto itself would not accept.
    #[error(
        "not of the form $6$salt$hash, $7$iterations$salt$hash or $argon2id$…: if it is plain text, run \
         'mosquitto_passwd -U' on the file first"
    )]
    NotMosquitto,
    /// It begins like a hash, and is none.
    #[error(
        "it begins like a password hash, $name$, and is none that is known: use $argon2id$ of 'vouchmq passwd', $2b$, \
         $pbkdf2-sha256$, $pbkdf2-sha512$, $sha256$, $sha512$, or $6$ and $7$ of Mosquitto; a password in plain text \
         cannot begin so"
    )]
    LooksHashed,
    /// A password in plain text that comes with a salt.
    #[error("a password in plain text cannot have a salt")]
    SaltedPlain,
    /// No client could present it.
    #[error("the password is empty or longer than 65535 bytes: give the user a new password")]
    PasswordLength,
}

/// The plain text of NanoMQ's `nanomq_pwd.conf`, one `"user": "password"` a line.
///
/// # Errors
/// [`ImportFault::PasswordLength`].
pub fn from_nanomq_plain(password: &str) -> Result<PlainPassword, ImportFault> {
    PlainPassword::new(password.as_bytes()).ok_or(ImportFault::PasswordLength)
}

/// A hash that already has our text, if it is of this scheme.
fn of_scheme(text: &str, scheme: HashScheme) -> Result<PasswordHash, ImportFault> {
    let hash: PasswordHash = text.parse()?;
    if hash.scheme() != scheme {
        return Err(HashFault::Malformed { scheme, part: HashPart::Shape }.into());
    }
    Ok(hash)
}
