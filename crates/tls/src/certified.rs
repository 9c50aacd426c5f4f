//! What one end presents: a certificate with those that lead to its authority, and its key.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::certificate::Inspected;
use crate::{CertificateFiles, Notice, TlsFault, pem};

/// A certificate that is loaded, with the host names that it is for.
pub(crate) struct Certified {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) host_names: Vec<String>,
}

/// Loads what a server presents.
///
/// # Errors
/// [`TlsFault`]: see its variants.
pub(crate) fn of_server(
    files: &CertificateFiles,
    provider: &CryptoProvider,
    now: SystemTime,
    notices: &mut Vec<Notice>,
) -> Result<Certified, TlsFault> {
    let (chain, key) = read(files)?;
    let host_names = {
        let leaf = first(&chain, files)?;
        leaf.refuse_other_than_server(&files.key)?;
        leaf.notice_authority_as_leaf(notices);
        leaf.notice_validity(now, notices);
        leaf.host_names()
    };
    Ok(Certified { key: certify(files, chain, key, provider)?, host_names })
}

/// Loads what a client presents.
///
/// # Errors
/// [`TlsFault`]: see its variants.
pub(crate) fn of_client(
    files: &CertificateFiles,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, TlsFault> {
    let (chain, key) = read(files)?;
    certify(files, chain, key, provider)
}

type Chain = Vec<CertificateDer<'static>>;

fn read(files: &CertificateFiles) -> Result<(Chain, PrivateKeyDer<'static>), TlsFault> {
    let chain = pem::certificates(&files.certificate)?;
    let key = pem::key(&files.key)?;
    for (place, der) in chain.iter().enumerate() {
        let own_key = (place == 0).then_some(files.key.as_path());
        Inspected::of(&files.certificate, der)?.refuse_weak(own_key)?;
    }
    Ok((chain, key))
}

fn first<'a>(chain: &'a Chain, files: &'a CertificateFiles) -> Result<Inspected<'a>, TlsFault> {
    let Some(leaf) = chain.first() else {
        return Err(TlsFault::Empty { file: files.certificate.clone(), expected: "certificate" });
    };
    Inspected::of(&files.certificate, leaf)
}

fn certify(
    files: &CertificateFiles,
    chain: Chain,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, TlsFault> {
    let signing = provider
        .key_provider
        .load_private_key(key)
        .map_err(|_| TlsFault::KeyKind { file: files.key.clone(), command: new_key(&files.key) })?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) => Ok(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
            Err(TlsFault::OtherKey {
                certificate: files.certificate.clone(),
                key: files.key.clone(),
                command: format!(
                    "openssl x509 -in {} -noout -pubkey; openssl pkey -in {} -pubout",
                    files.certificate.display(),
                    files.key.display()
                ),
            })
        }
        Err(fault) => Err(TlsFault::Damaged { file: files.certificate.clone(), what: fault.to_string() }),
    }
}

fn new_key(file: &Path) -> String {
    format!("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {}", file.display())
}
