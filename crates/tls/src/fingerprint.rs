use std::fmt;
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The SHA-256 of a certificate in DER, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// What is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is sha256: and 64 hexadecimal digits; `vouchmq cert fingerprint FILE` prints it")]
pub struct FingerprintFault;

impl Fingerprint {
    /// That of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate);
        bytes.copy_from_slice(digest.as_ref()); // 32 bytes by definition
        Self(bytes)
    }

    /// That of the first certificate of a file in PEM; `None` where there is none.
    pub fn of_pem(text: &str) -> Option<Self> {
        Some(Self::of(&CertificateDer::from_pem_slice(text.as_bytes()).ok()?))
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintFault;

    /// As [`Display`](fmt::Display) writes it, or as `openssl x509 -fingerprint -sha256` does (upper case, colons);
    /// `sha256:` may be missing.
    ///
    /// # Errors
    /// [`FingerprintFault`] for all else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = match text.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256:") => {
                text.get(7..).ok_or(FingerprintFault)?
            }
            Some(_) | None => text,
        };
        let mut digits = digits.chars().filter(|at| *at != ':').map(|at| at.to_digit(16));
        let mut bytes = [0_u8; 32];
        for byte in &mut bytes {
            let high = digits.next().flatten().ok_or(FingerprintFault)?;
            let low = digits.next().flatten().ok_or(FingerprintFault)?;
            *byte = u8::try_from(high << 4 | low).map_err(|_| FingerprintFault)?;
        }
        if digits.next().is_some() { Err(FingerprintFault) } else { Ok(Self(bytes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written_and_as_openssl_writes_it() {
        let fingerprint = Fingerprint::of(b"certificate");
        let written = fingerprint.to_string();
        assert_eq!(written.parse(), Ok(fingerprint));
        let digits = written.trim_start_matches("sha256:").to_uppercase();
        let pairs: Vec<&str> = (0..32).map(|at| &digits[at * 2..at * 2 + 2]).collect();
        assert_eq!(pairs.join(":").parse(), Ok(fingerprint));
    }

    #[test]
    fn what_is_too_short_too_long_or_no_number_is_no_fingerprint() {
        let written = Fingerprint::of(b"certificate").to_string();
        for text in [
            "",
            "sha256:",
            "é",
            &written[..70],
            &format!("{written}0"),
            &written.replace(|at: char| at.is_ascii_digit(), "g"),
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintFault), "{text}");
        }
    }
}
