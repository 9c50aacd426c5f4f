use super::HashScheme;
use crate::NoEntropy;

/// Why a string is not a hash that can be used. Never repeats the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashFault {
    /// Another scheme, or a password in plain text.
    #[error(
        "not a password hash: it begins with none of $argon2id$, $2b$, $pbkdf2-sha256$, $pbkdf2-sha512$, \
         $sha256$ and $sha512$"
    )]
    UnknownScheme,
    /// bcrypt by a program that made many passwords equal (`$2x$`), or that left out the closing NUL (`$2$`).
    #[error("bcrypt $2$ and $2x$ come from programs that hashed wrongly: give the user a new password")]
    BrokenBcrypt,
    /// The scheme is known, and something in it is wrong.
    #[error("{scheme} hash: {}", complaint(*.scheme, *.part))]
    Malformed {
        /// The scheme that the string claims.
        scheme: HashScheme,
        /// What is wrong.
        part: HashPart,
    },
}

/// The part of a hash that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashPart {
    /// A part is missing, or something follows the last one.
    Shape,
    /// Not version 1.3 of Argon2.
    Version,
    /// The parameters cannot be read.
    Parameters,
    /// The parameters are beyond what we compute.
    Bounds,
    /// The salt is too short or too long, or cannot be decoded.
    Salt,
    /// The hash is too short or too long, or cannot be decoded.
    Hash,
}

/// Why no hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHash {
    /// An empty password protects nothing.
    #[error("the password is empty")]
    EmptyPassword,
    /// No randomness for the salt.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// No memory for the computation.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// There was not enough memory for the computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not enough memory to hash a password")]
pub struct OutOfMemory;

const fn complaint(scheme: HashScheme, part: HashPart) -> &'static str {
    match part {
        HashPart::Shape => shape(scheme),
        HashPart::Version => "version other than v=19",
        HashPart::Parameters => parameters(scheme),
        HashPart::Bounds => bounds(scheme),
        HashPart::Salt => salt(scheme),
        HashPart::Hash => hash(scheme),
    }
}

const fn shape(scheme: HashScheme) -> &'static str {
    match scheme {
        HashScheme::Argon2id => "not of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash",
        HashScheme::Bcrypt => "not $2b$, two digits, $ and 53 characters of salt and hash",
        HashScheme::Pbkdf2 => "not of the form $pbkdf2-sha256$i=…$salt$hash",
        HashScheme::SaltedSha => "not of the form $sha256$salt=before$salt$hash",
    }
}

const fn parameters(scheme: HashScheme) -> &'static str {
    match scheme {
        HashScheme::Argon2id => "parameters are not m=…,t=…,p=… in decimal",
        HashScheme::Bcrypt => "the cost is not two digits",
        HashScheme::Pbkdf2 => "the iterations are not i=… in decimal",
        HashScheme::SaltedSha => "the position of the salt is not salt=before, salt=after or salt=none",
    }
}

const fn bounds(scheme: HashScheme) -> &'static str {
    match scheme {
        HashScheme::Argon2id => {
            "out of bounds: m 8 per lane to 262144 (256 MiB), t 1 to 16, p 1 to 16; give the user a new password"
        }
        HashScheme::Bcrypt => "the cost is not 04 to 14; give the user a new password",
        HashScheme::Pbkdf2 => "the iterations are not 1 to 1000000; give the user a new password",
        HashScheme::SaltedSha => "out of bounds",
    }
}

const fn salt(scheme: HashScheme) -> &'static str {
    match scheme {
        HashScheme::Argon2id => "the salt is not the base64 of 8 to 64 bytes",
        HashScheme::Bcrypt => "the salt is not 16 bytes in the base64 of bcrypt",
        HashScheme::Pbkdf2 => "the salt does not decode to 1 to 64 bytes",
        HashScheme::SaltedSha => "the salt does not decode to 1 to 64 bytes, or to none with salt=none",
    }
}

const fn hash(scheme: HashScheme) -> &'static str {
    match scheme {
        HashScheme::Argon2id => "the hash is not the base64 of 16 to 64 bytes",
        HashScheme::Bcrypt => "the hash is not 23 bytes in the base64 of bcrypt",
        HashScheme::Pbkdf2 => "the hash does not decode to 16 to 64 bytes",
        HashScheme::SaltedSha => "the hash does not decode to 32 (sha256) or 64 (sha512) bytes",
    }
}
