//! How the management API is reached over TLS.

use std::path::PathBuf;

use clap::Args;
use vouchmq_tls::{CertificateFiles, Client, ClientOptions};

use super::HEADING;
use crate::exit::Failure;

/// Nothing here turns verification off: a token is sent.
#[derive(Debug, Args)]
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
