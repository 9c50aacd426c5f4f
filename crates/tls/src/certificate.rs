//! What is wrong with a certificate, in words, before a client finds out.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{
    OID_HASH_SHA1, OID_PKCS1_MD5WITHRSAENC, OID_PKCS1_RSASSAPSS, OID_PKCS1_SHA1WITHRSA,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::SignatureAlgorithm;

use crate::{Notice, TlsFault};

/// Seconds before its end from which on a certificate is spoken of: 14 days.
const SOON: i64 = 14 * 86_400;

/// Bits of the shortest RSA key that is not weak.
const RSA_BITS_MIN: usize = 2048;

/// A certificate of a file.
pub(crate) struct Inspected<'a> {
    file: &'a Path,
    certificate: X509Certificate<'a>,
}

impl<'a> Inspected<'a> {
    /// # Errors
    /// [`TlsFault::Damaged`].
    pub(crate) fn of(file: &'a Path, der: &'a CertificateDer<'_>) -> Result<Self, TlsFault> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|fault| TlsFault::Damaged {
            file: file.into(),
            what: format!("no certificate: {fault}"),
        })?;
        Ok(Self { file, certificate })
    }

    pub(crate) fn subject(&self) -> String {
        self.certificate.subject().to_string()
    }

    /// DER of the subject's name.
    pub(crate) fn raw_subject(&self) -> &[u8] {
        self.certificate.subject().as_raw()
    }

    pub(crate) fn public_key(&self) -> &x509_parser::x509::SubjectPublicKeyInfo<'_> {
        self.certificate.public_key()
    }

    fn is_self_signed(&self) -> bool {
        self.certificate.subject().as_raw() == self.certificate.issuer().as_raw()
    }

    /// Host names that the certificate is for, in lower case; a wildcard as it stands there.
    pub(crate) fn host_names(&self) -> Vec<String> {
        let alternatives = self.certificate.subject_alternative_name().ok().flatten();
        let names = alternatives.iter().flat_map(|extension| &extension.value.general_names);
        names
            .filter_map(|name| {
                if let GeneralName::DNSName(name) = name { Some(name.to_ascii_lowercase()) } else { None }
            })
            .collect()
    }

    /// # Errors
    /// [`TlsFault::Weak`] with the command that makes a better one. `key`: the file of its key, where there is one.
    pub(crate) fn refuse_weak(&self, key: Option<&Path>) -> Result<(), TlsFault> {
        let weakness = match self.certificate.public_key().parsed() {
            Ok(PublicKey::RSA(rsa)) if rsa.key_size() < RSA_BITS_MIN => {
                format!("of an RSA key of {} bits", rsa.key_size())
            }
            // nobody looks at the signature of what is trusted for its own sake
            Ok(_) | Err(_) if self.is_self_signed() && key.is_none() => return Ok(()),
            Ok(_) | Err(_) => match self.weak_hash() {
                Some(hash) => format!("signed over {hash}"),
                None => return Ok(()),
            },
        };
        let command = self.remake(key, weakness.starts_with("of an RSA"));
        Err(TlsFault::Weak { file: self.file.into(), subject: self.subject(), weakness, command })
    }

    fn weak_hash(&self) -> Option<&'static str> {
        let algorithm = &self.certificate.signature_algorithm;
        let oid = &algorithm.algorithm;
        if *oid == OID_PKCS1_MD5WITHRSAENC {
            return Some("MD5");
        }
        if *oid == OID_PKCS1_RSASSAPSS {
            let Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) = SignatureAlgorithm::try_from(algorithm)
            else {
                return None;
            };
            return (*parameters.hash_algorithm_oid() == OID_HASH_SHA1).then_some("SHA-1");
        }
        // ecdsa-with-SHA1 is 1.2.840.10045.4.1, without a name in the registry
        let is_sha1 = *oid == OID_PKCS1_SHA1WITHRSA || oid.to_id_string() == "1.2.840.10045.4.1";
        is_sha1.then_some("SHA-1")
    }

    /// The command that makes the certificate anew.
    fn remake(&self, key: Option<&Path>, with_new_key: bool) -> String {
        let file = self.file.display();
        let Some(key) = key else {
            return format!(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 -keyout ca.key -out {file}"
            );
        };
        let key = key.display();
        let new_key = if with_new_key {
            format!("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {key} && ")
        } else {
            String::new()
        };
        let names = self.host_names();
        let name = names.first().map_or("broker.example", String::as_str);
        let request = format!("-key {key} -sha256 -subj /CN={name} -addext subjectAltName=DNS:{name}");
        if self.is_self_signed() {
            return format!("{new_key}openssl req -x509 {request} -days 365 -out {file}");
        }
        format!(
            "{new_key}openssl req -new {request} -out {file}.csr && openssl x509 -req -in {file}.csr -copy_extensions copy -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days 365 -out {file}"
        )
    }

    /// # Errors
    /// [`TlsFault::Usage`] where a server may not use the certificate.
    pub(crate) fn refuse_other_than_server(&self, key: &Path) -> Result<(), TlsFault> {
        let Ok(Some(usage)) = self.certificate.extended_key_usage() else {
            return Ok(());
        };
        if usage.value.server_auth || usage.value.any {
            return Ok(());
        }
        let usage = if usage.value.client_auth {
            "for clients only (extended key usage clientAuth)"
        } else {
            "not for servers (its extended key usage has no serverAuth)"
        };
        let command = self.remake(Some(key), false);
        Err(TlsFault::Usage { file: self.file.into(), subject: self.subject(), usage, command })
    }

    /// # Errors
    /// [`TlsFault::Usage`] where the certificate cannot vouch for others.
    pub(crate) fn refuse_other_than_authority(&self) -> Result<(), TlsFault> {
        // version 1 knows no extensions, and authorities of that age are still about
        let is_authority = match self.certificate.basic_constraints() {
            Ok(Some(constraints)) => constraints.value.ca,
            Ok(None) => self.certificate.version().0 == 0,
            Err(_) => false,
        };
        if is_authority {
            return Ok(());
        }
        Err(TlsFault::Usage {
            file: self.file.into(),
            subject: self.subject(),
            usage: "no authority (it has no basic constraint CA:TRUE), so it vouches for nobody",
            command: "vouchmq cert ca".to_owned(),
        })
    }

    /// A leaf that says it is an authority: servers and OpenSSL take it, clients by RFC 5280 do not.
    pub(crate) fn notice_authority_as_leaf(&self, notices: &mut Vec<Notice>) {
        if let Ok(Some(constraints)) = self.certificate.basic_constraints()
            && constraints.value.ca
        {
            let (file, subject) = (self.file.display(), self.subject());
            notices.push(Notice(format!(
                "{file}: the certificate of {subject} is that of an authority (CA:TRUE); strict clients refuse it as a server's: vouchmq cert server makes one"
            )));
        }
    }

    /// What its validity says at `now`.
    pub(crate) fn notice_validity(&self, now: SystemTime, notices: &mut Vec<Notice>) {
        let now = seconds(now);
        let validity = self.certificate.validity();
        let (file, subject) = (self.file.display(), self.subject());
        let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        if now > until {
            notices.push(Notice(format!(
                "{file}: the certificate of {subject} has EXPIRED ({}); peers that verify refuse it: openssl x509 -in {file} -noout -dates",
                validity.not_after
            )));
        } else if now < from {
            notices.push(Notice(format!(
                "{file}: the certificate of {subject} is not valid before {}; is the clock right?",
                validity.not_before
            )));
        } else if until - now < SOON {
            let days = (until - now) / 86_400;
            notices.push(Notice(format!(
                "{file}: the certificate of {subject} expires in {days} days ({})",
                validity.not_after
            )));
        }
    }
}

/// Seconds since 1970, also before it.
pub(crate) fn seconds(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |it| -it),
    }
}
