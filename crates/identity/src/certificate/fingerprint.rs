use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;

use super::CertificateFault;

/// The SHA-256 of a certificate's DER.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateFingerprint([u8; 32]);

const ALGORITHM: &str = "sha256:";

impl CertificateFingerprint {
    /// That of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        let mut bytes = [0; 32];
        let digest = digest::digest(&digest::SHA256, der);
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, from)| *byte = *from);
        Self(bytes)
    }

    /// Its sixty-four hexadecimal digits.
    pub fn digits(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for CertificateFingerprint {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for CertificateFingerprint {
    /// `sha256:` and sixty-four hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", self.digits())
    }
}

impl fmt::Debug for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateFingerprint({self})")
    }
}

impl FromStr for CertificateFingerprint {
    type Err = CertificateFault;

    /// Reads what `Display` writes, and digits in capitals or with colons between the bytes, as other tools
    /// write them.
    fn from_str(text: &str) -> Result<Self, CertificateFault> {
        let digits = text.strip_prefix(ALGORITHM).ok_or(CertificateFault::Fingerprint)?;
        let has_colons = digits.contains(':');
        let (each, len) = if has_colons { (3, 95) } else { (2, 64) };
        if digits.len() != len {
            return Err(CertificateFault::Fingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(each)) {
            *byte = match *pair {
                [high, low] | [high, low, b':'] => (digit(high)? << 4) | digit(low)?,
                _ => return Err(CertificateFault::Fingerprint),
            };
        }
        Ok(Self(bytes))
    }
}

fn digit(byte: u8) -> Result<u8, CertificateFault> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(CertificateFault::Fingerprint),
    }
}
