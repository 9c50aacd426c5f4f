use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::{ClientConfig, Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConnection, RootCertStore, Side};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::server::{provider, spoken};
use crate::unverified::Unverified;
use crate::{ClientOptions, ClientStream, Protocol, Session, SessionFault, TlsFault, certified, pem};

/// How outgoing connections speak TLS. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

/// Why an outgoing connection came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectFault {
    /// The connection itself.
    #[error(transparent)]
    Stream(io::Error),
    /// The host's name cannot be in a certificate.
    #[error(transparent)]
    Name(TlsFault),
    /// What is said between the two ends.
    #[error(transparent)]
    Session(#[from] SessionFault),
}

// === impl Client ===

impl Client {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsFault`]: which file, what is wrong, what mends it.
    pub fn load(options: &ClientOptions) -> Result<Self, TlsFault> {
        let provider = provider();
        let roots = match &options.authorities {
            Some(file) => authorities(pem::certificates(file)?, file)?,
            None => system_authorities()?,
        };
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|fault| TlsFault::Options(format!("the authorities of servers: {fault}")))?;
        Self::build(options, &provider, |builder| builder.with_webpki_verifier(verifier))
    }

    /// As [`load`](Self::load), and believes every server that it is the right one. Whoever calls this has told the user
    /// that anybody on the way can read and change everything.
    ///
    /// # Errors
    /// [`TlsFault`]: which file, what is wrong, what mends it.
    pub fn load_without_verification(options: &ClientOptions) -> Result<Self, TlsFault> {
        let provider = provider();
        let verifier = Arc::new(Unverified(provider.signature_verification_algorithms));
        Self::build(options, &provider, |builder| {
            builder.dangerous().with_custom_certificate_verifier(verifier)
        })
    }

    fn build(
        options: &ClientOptions,
        provider: &Arc<CryptoProvider>,
        verified: impl FnOnce(
            rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
        ) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>,
    ) -> Result<Self, TlsFault> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_protocol_versions(&spoken(options.versions)?)
            .map_err(|fault| TlsFault::Options(fault.to_string()))?;
        let builder = verified(builder);
        let mut config = match &options.certificate {
            Some(files) => {
                let key: Arc<CertifiedKey> = certified::of_client(files, provider)?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
            }
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::in_memory_sessions(64);
        let server_name = options.server_name.as_deref().map(server_name).transpose()?;
        Ok(Self { config: Arc::new(config), server_name })
    }

    /// The same, and every handshake is a full one.
    #[must_use]
    pub fn without_tickets(mut self) -> Self {
        Arc::make_mut(&mut self.config).resumption = Resumption::disabled();
        self
    }

    /// The same, and offers these protocols (ALPN, RFC 7301), the best first. A server that knows of ALPN and has none
    /// of them refuses; which one it chose stands in the stream.
    #[must_use]
    pub fn offering(mut self, protocols: &[Protocol]) -> Self {
        let names = protocols.iter().map(|protocol| protocol.name().to_vec());
        Arc::make_mut(&mut self.config).alpn_protocols = names.collect();
        self
    }

    /// The client's end of a new connection to `host`, after its handshake. Give it a deadline.
    ///
    /// # Errors
    /// [`ConnectFault`]: what is wrong, and what to do.
    pub async fn connect<S>(&self, host: &str, stream: S) -> Result<ClientStream<S>, ConnectFault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = self.name_of(host).map_err(ConnectFault::Name)?;
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.config));
        connector.connect(name, stream).await.map_err(ConnectFault::of_stream)
    }

    /// The client's end of a new connection to `host`, without its socket: it has something to write at once.
    ///
    /// # Errors
    /// [`TlsFault::ServerName`]; [`TlsFault::Options`] where the library refuses, a defect of ours.
    pub fn begin(&self, host: &str) -> Result<Session, TlsFault> {
        let connection = ClientConnection::new(Arc::clone(&self.config), self.name_of(host)?)
            .map_err(|fault| TlsFault::Options(fault.to_string()))?;
        Ok(Session::new(connection.into()))
    }

    fn name_of(&self, host: &str) -> Result<ServerName<'static>, TlsFault> {
        match &self.server_name {
            Some(name) => Ok(name.clone()),
            None => server_name(host),
        }
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>, TlsFault> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(ServerName::from(address));
    }
    ServerName::try_from(host.to_owned()).map_err(|_| TlsFault::ServerName { name: host.to_owned() })
}

fn authorities(
    certificates: Vec<CertificateDer<'static>>,
    file: &std::path::Path,
) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    for der in certificates {
        roots.add(der).map_err(|fault| TlsFault::Damaged { file: file.into(), what: fault.to_string() })?;
    }
    Ok(roots)
}

fn system_authorities() -> Result<RootCertStore, TlsFault> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let what = found.errors.first().map_or_else(|| "none is installed".to_owned(), ToString::to_string);
    Err(TlsFault::NoSystemAuthorities { what })
}

// === impl ConnectFault ===

impl ConnectFault {
    /// What a stream that was connected before has come to: in TLS 1.3 a server refuses a certificate only after its
    /// client's handshake is over.
    pub fn of_stream(fault: io::Error) -> Self {
        match fault.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::Session(SessionFault::of(tls, Side::Client)),
            None => Self::Stream(fault),
        }
    }
}
