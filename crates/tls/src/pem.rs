//! PEM files (RFC 7468), and what people put in their place.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::TlsFault;

/// Bytes of a file, at most: a revocation list of 500,000 certificates.
pub(crate) const FILE_MAX: u64 = 32 << 20;

/// What a file is for: what it holds, and the command of openssl for it.
#[derive(Clone, Copy)]
pub(crate) struct Content {
    expected: &'static str,
    openssl: &'static str,
}

pub(crate) const CERTIFICATE: Content = Content { expected: "certificate", openssl: "x509" };
const KEY: Content = Content { expected: "private key", openssl: "pkey" };
pub(crate) const REVOCATION_LIST: Content = Content { expected: "revocation list", openssl: "crl" };

/// Certificates of a file in their order, at least one.
pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    Ok(sections(file, CERTIFICATE, &[SectionKind::Certificate])?
        .into_iter()
        .map(|(_, der)| der.into())
        .collect())
}

/// Revocation lists of a file, at least one.
pub(crate) fn revocation_lists(file: &Path) -> Result<Vec<Vec<u8>>, TlsFault> {
    Ok(sections(file, REVOCATION_LIST, &[SectionKind::Crl])?.into_iter().map(|(_, der)| der).collect())
}

/// The first key of a file.
pub(crate) fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsFault> {
    let text = read(file, KEY)?;
    // "ENCRYPTED PRIVATE KEY" (PKCS #8), "Proc-Type: 4,ENCRYPTED" (the form before it)
    if text.windows(9).any(|at| at == b"ENCRYPTED") {
        let shown = file.display();
        let command = format!("openssl pkey -in {shown} -out {shown}.plain && chmod 600 {shown}.plain");
        return Err(TlsFault::Encrypted { file: file.into(), command });
    }
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(rustls::pki_types::pem::Error::NoItemsFound) => {
            Err(TlsFault::Empty { file: file.into(), expected: KEY.expected })
        }
        Err(fault) => Err(TlsFault::Damaged { file: file.into(), what: fault.to_string() }),
    }
}

fn sections(
    file: &Path,
    content: Content,
    kinds: &[SectionKind],
) -> Result<Vec<(SectionKind, Vec<u8>)>, TlsFault> {
    let text = read(file, content)?;
    let mut found = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&text) {
        let section =
            section.map_err(|fault| TlsFault::Damaged { file: file.into(), what: fault.to_string() })?;
        if kinds.contains(&section.0) {
            found.push(section);
        }
    }
    if found.is_empty() {
        return Err(TlsFault::Empty { file: file.into(), expected: content.expected });
    }
    Ok(found)
}

/// Keys are among the files, so what was read is wiped.
fn read(file: &Path, content: Content) -> Result<Zeroizing<Vec<u8>>, TlsFault> {
    let unreadable = |source| TlsFault::Unreadable { file: file.into(), source };
    let opened = File::open(file).map_err(unreadable)?;
    let size = opened.metadata().map_err(unreadable)?.len();
    // room for all of it at once: a vector that grows leaves copies behind
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(size.min(FILE_MAX)).unwrap_or(0) + 1));
    opened.take(FILE_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_MAX {
        return Err(TlsFault::TooLarge { file: file.into() });
    }
    // the first byte of anything in DER is the tag of a SEQUENCE, which is also the digit 0
    if text.first() == Some(&0x30) && text.iter().take(64).any(|byte| !byte.is_ascii()) {
        return Err(TlsFault::Binary { file: file.into(), command: from_binary(file, content) });
    }
    Ok(text)
}

fn from_binary(file: &Path, content: Content) -> String {
    let shown = file.display();
    let extension = file.extension().map(|it| it.to_ascii_lowercase());
    match extension.as_ref().and_then(|it| it.to_str()) {
        Some("p12" | "pfx") => format!("openssl pkcs12 -in {shown} -nodes -out {shown}.pem"),
        Some(_) | None => format!("openssl {} -inform DER -in {shown} -out {shown}.pem", content.openssl),
    }
}
