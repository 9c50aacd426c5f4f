//! What is spoken below MQTT. Named as in mosquitto_pub.

use std::io;
use std::path::PathBuf;

use clap::Args;
use vouchmq_tls::{CertificateFiles, Client, ClientOptions};

use super::address::Scheme;
use super::stream::Stream;
use crate::exit::Failure;
use crate::output;

#[derive(Debug, Default, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Speak TLS, and trust the authorities that this system trusts
    #[arg(long)]
    tls: bool,
    /// Speak TLS, and trust the authorities in this file (PEM)
    #[arg(long, value_name = "FILE")]
    cafile: Option<PathBuf>,
    /// Speak TLS, and present this certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of --cert (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Speak TLS, and believe any server: whoever is in between reads and changes everything
    #[arg(long, conflicts_with = "cafile")]
    insecure: bool,
    /// Speak WebSocket, at this path
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true, default_missing_value = "/mqtt")]
    ws: Option<String>,
}

/// What is spoken below MQTT.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transport {
    pub(crate) tls: Option<Client>,
    /// The path of WebSocket.
    pub(crate) path: Option<String>,
}

impl Transport {
    /// Speaks it on a stream to `host`; `authority` is the host with its port.
    pub(crate) async fn over(&self, stream: Stream, host: &str, authority: &str) -> io::Result<Stream> {
        let stream = match &self.tls {
            Some(client) => stream.secured(client.begin(host).map_err(io::Error::other)?).await?,
            None => stream,
        };
        match &self.path {
            Some(path) => stream.upgraded(authority, path).await,
            None => Ok(stream),
        }
    }
}

impl Options {
    /// Whether TLS is asked for.
    const fn wants_tls(&self) -> bool {
        self.tls || self.insecure || self.cafile.is_some() || self.cert.is_some()
    }

    /// The scheme that the options come to, beside that of a URL.
    pub(crate) const fn scheme(&self, url: Option<Scheme>) -> Scheme {
        let url = match url {
            Some(scheme) => scheme,
            None => Scheme { is_secure: false, is_websocket: false },
        };
        Scheme {
            is_secure: url.is_secure || self.wants_tls(),
            is_websocket: url.is_websocket || self.ws.is_some(),
        }
    }

    /// Reads the files. `path`: that of a URL.
    pub(crate) fn resolve(&self, scheme: Scheme, path: Option<String>) -> Result<Transport, Failure> {
        let path = path.or_else(|| self.ws.clone());
        if path
            .as_ref()
            .is_some_and(|path| !path.starts_with('/') || path.contains(|c: char| c <= ' ' || c > '~'))
        {
            return Err(Failure::unusable("a path of WebSocket begins with /, as --ws=/mqtt"));
        }
        let path = scheme.is_websocket.then(|| path.unwrap_or_else(|| "/mqtt".to_owned()));
        let tls = if scheme.is_secure { Some(self.client()?) } else { None };
        Ok(Transport { tls, path })
    }

    /// How outgoing connections speak TLS.
    fn client(&self) -> Result<Client, Failure> {
        let certificate = match (&self.cert, &self.key) {
            (Some(certificate), Some(key)) => {
                Some(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
            }
            _ => None,
        };
        let options =
            ClientOptions { authorities: self.cafile.clone(), certificate, ..ClientOptions::default() };
        let loaded = if self.insecure {
            output::note("--insecure: whoever is between here and the server can read and change everything");
            Client::load_without_verification(&options)
        } else {
            Client::load(&options)
        };
        loaded.map_err(Failure::unusable)
    }
}
