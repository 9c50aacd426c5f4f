use aws_lc_rs::{digest, pbkdf2};

/// Which SHA-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sha {
    Sha256,
    Sha512,
}

impl Sha {
    pub(crate) const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// Its name in our text, and in the configuration of EMQX.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of a digest in bytes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// What one iteration of PBKDF2 takes, in nanoseconds, roughly.
    pub(super) const fn iteration_nanos(self) -> u64 {
        match self {
            Self::Sha256 => 200,
            Self::Sha512 => 850,
        }
    }

    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }

    pub(super) fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}
