//! How the management API is reached over TLS.

use std::path::{Path, PathBuf};

use clap::Args;
use vouchmq_tls::{CertificateFiles, Client, ClientOptions};

use super::HEADING;
use crate::exit::Failure;

/// Nothing here turns verification off: a token is sent.
#[derive(Debug, Default, Args)]
#[group(skip)]
pub(super) struct Options {
    /// Trust the authorities in this file (PEM), for https:// [default: those that this system trusts]
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "VOUCHMQ_CAFILE")]
    cafile: Option<PathBuf>,
    /// Present this certificate (PEM)
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "VOUCHMQ_CERT")]
    cert: Option<PathBuf>,
    /// The key of --cert (PEM, not encrypted)
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "VOUCHMQ_CERT_KEY")]
    cert_key: Option<PathBuf>,
}

impl Options {
    /// Those of a profile, unless something else is said.
    pub(super) fn or(self, [cafile, cert, cert_key]: [Option<&Path>; 3]) -> Self {
        let owned = |file: Option<&Path>| file.map(Path::to_path_buf);
        let cafile = self.cafile.or_else(|| owned(cafile));
        // A certificate and its key come from one place.
        if self.cert.is_some() || self.cert_key.is_some() {
            return Self { cafile, ..self };
        }
        Self { cafile, cert: owned(cert), cert_key: owned(cert_key) }
    }

    /// How `api` is spoken to; `None`: without TLS.
    pub(super) fn client(&self, api: &str) -> Result<Option<Client>, Failure> {
        if !api.starts_with("https://") {
            // Whoever asks for TLS does not send a token without it.
            if self.cafile.is_some() || self.cert.is_some() {
                return Err(Failure::unusable(
                    "--cafile and --cert are for https://; give --api https://HOST:PORT",
                ));
            }
            return Ok(None);
        }
        let certificate = match (&self.cert, &self.cert_key) {
            (Some(certificate), Some(key)) => {
                Some(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(Failure::unusable("--cert and --cert-key belong together; give both"));
            }
        };
        let options =
            ClientOptions { authorities: self.cafile.clone(), certificate, ..ClientOptions::default() };
        Client::load(&options).map(Some).map_err(Failure::unusable)
    }
}
