use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, ProducesTickets, ServerConfig};
use rustls::{ServerConnection, SupportedProtocolVersion, version};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::authorities::Authorities;
use crate::certified::{self, Certified};
use crate::names::Names;
use crate::{
    Notice, Peer, Refusal, ServerOptions, ServerStream, Session, SessionFault, TlsFault, TlsVersion,
    TlsVersions, Vouched,
};

/// What is spoken above TLS. A client that offers protocols (ALPN, RFC 7301) must offer this one; one that offers
/// none is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `mqtt`.
    Mqtt,
    /// `http/1.1`, also below WebSocket.
    Http,
    /// `h2`. A listener for it lets in clients of `http/1.1` too, and has to look which it is.
    Http2,
}

/// How a listener speaks TLS, now. Cheap to clone; all clones change together.
#[derive(Clone, Debug)]
pub struct Server {
    current: Arc<ArcSwap<Current>>,
    /// Of the newest reading, also of one that changed nothing else.
    notices: Arc<ArcSwap<Vec<Notice>>>,
}

/// What a reload has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// Certificates or keys of the server: the next handshakes see them; nobody is dropped.
    pub certificates: bool,
    /// Authorities, revocation lists, or what they mean: tickets from before are void, and who is connected by a
    /// certificate is to be vouched for again.
    pub clients: bool,
    /// Versions, or whether there are tickets: for the next handshakes.
    pub settings: bool,
    /// What wants to be looked at all the same.
    pub notices: Arc<[Notice]>,
}

/// Files that were read again and found good ([`Server::prepare`]).
#[derive(Debug)]
#[must_use = "nothing changes before it is applied"]
pub struct Reload {
    server: Server,
    next: Option<Arc<Current>>,
    reloaded: Reloaded,
}

impl Reload {
    /// All that the files say holds from now on; connections stay open.
    pub fn apply(self) -> Reloaded {
        if let Some(next) = self.next {
            self.server.current.store(next);
        }
        self.server.notices.store(Arc::new(self.reloaded.notices.to_vec()));
        self.reloaded
    }
}

impl Reloaded {
    /// Whether all is as before.
    pub const fn is_unchanged(&self) -> bool {
        !(self.certificates || self.clients || self.settings)
    }
}

/// What the files said when they were last good.
#[derive(Debug)]
struct Current {
    mqtt: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
    http2: Arc<ServerConfig>,
    authorities: Option<Authorities>,
    /// Grows when clients are judged otherwise than before.
    judgement: u64,
    /// Chains of the server, to tell whether they have changed. A new key has a new certificate.
    chains: Vec<Vec<CertificateDer<'static>>>,
    versions: TlsVersions,
    tickets: Option<Arc<dyn ProducesTickets>>,
}

impl Protocol {
    /// As ALPN has it.
    pub(crate) const fn name(self) -> &'static [u8] {
        match self {
            Self::Mqtt => b"mqtt",
            Self::Http => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

// === impl Server ===

impl Server {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsFault`]: which file, what is wrong, what mends it.
    pub fn load(options: &ServerOptions, now: SystemTime) -> Result<Self, TlsFault> {
        let material = Material::read(options, now)?;
        let notices = Arc::new(ArcSwap::from_pointee(material.notices.clone()));
        let current = material.into_current(options, None, 0)?;
        Ok(Self { current: Arc::new(ArcSwap::from_pointee(current)), notices })
    }

    /// As [`load`](Self::load), by the system's time.
    ///
    /// # Errors
    /// [`TlsFault`].
    pub fn load_now(options: &ServerOptions) -> Result<Self, TlsFault> {
        Self::load(options, crate::peer::now())
    }

    /// Reads the files again: all that they say holds from now on, or, with an error, nothing of it. Connections stay
    /// open.
    ///
    /// # Errors
    /// [`TlsFault`], and all stays as it was.
    pub fn reload(&self, options: &ServerOptions, now: SystemTime) -> Result<Reloaded, TlsFault> {
        self.prepare(options, now).map(Reload::apply)
    }

    /// As [`prepare`](Self::prepare), by the system's time.
    ///
    /// # Errors
    /// [`TlsFault`].
    pub fn prepare_now(&self, options: &ServerOptions) -> Result<Reload, TlsFault> {
        self.prepare(options, crate::peer::now())
    }

    /// Reads the files again, and changes nothing until that is [applied](Reload::apply).
    ///
    /// # Errors
    /// [`TlsFault`].
    pub fn prepare(&self, options: &ServerOptions, now: SystemTime) -> Result<Reload, TlsFault> {
        let material = Material::read(options, now)?;
        let before = self.current.load_full();
        let chains = material.chains();
        let reloaded = Reloaded {
            certificates: chains != before.chains,
            clients: !is_same(material.authorities.as_ref(), before.authorities.as_ref()),
            settings: options.versions != before.versions || options.has_tickets != before.tickets.is_some(),
            notices: material.notices.clone().into(),
        };
        let next = if reloaded.is_unchanged() {
            None
        } else {
            // who comes back by a ticket is not asked for a certificate: a changed judgement voids them all
            let tickets = if reloaded.clients { None } else { before.tickets.clone() };
            let judgement = before.judgement + u64::from(reloaded.clients);
            Some(Arc::new(material.into_current(options, tickets, judgement)?))
        };
        Ok(Reload { server: self.clone(), next, reloaded })
    }

    /// Whether both change together.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.current, &other.current)
    }

    /// What loaded, and wants to be looked at.
    pub fn notices(&self) -> Arc<[Notice]> {
        self.notices.load().as_slice().into()
    }

    /// Whether clients are asked for a certificate.
    pub fn asks_for_certificates(&self) -> bool {
        self.current.load().authorities.is_some()
    }

    /// Whether a client without a certificate is refused.
    pub fn requires_certificates(&self) -> bool {
        self.current.load().authorities.as_ref().is_some_and(Authorities::is_required)
    }

    /// Which judgement of clients holds: another number than before means that authorities, revocation lists or what
    /// they mean have changed since.
    pub fn judgement(&self) -> u64 {
        self.current.load().judgement
    }

    /// The server's end of a new connection.
    ///
    /// # Errors
    /// [`TlsFault::Options`] where the library refuses its configuration; that would be a defect of ours.
    pub fn accept(&self, protocol: Protocol) -> Result<Session, TlsFault> {
        let connection = ServerConnection::new(self.config(protocol))
            .map_err(|fault| TlsFault::Options(fault.to_string()))?;
        Ok(Session::new(connection.into()))
    }

    /// The server's end of a new connection below a runtime, after its handshake, and who is at the other end. Give it
    /// a deadline.
    ///
    /// # Errors
    /// That of the stream, or one of which [`SessionFault::of_stream`] knows what it is about.
    pub async fn accept_stream<S>(&self, protocol: Protocol, stream: S) -> io::Result<(ServerStream<S>, Peer)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = tokio_rustls::TlsAcceptor::from(self.config(protocol)).accept(stream).await?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
        let peer = Peer::judge(self.clone(), chain)
            .map_err(|refusal| io::Error::other(SessionFault::Certificate(refusal)))?;
        Ok((stream, peer))
    }

    /// Judges a client's certificates by what the authorities say **now**. To be asked after every handshake, since a
    /// ticket brings back a certificate that was judged before, and of everybody when authorities or lists change.
    ///
    /// # Errors
    /// [`Refusal`]; [`Refusal::Missing`] for an empty chain.
    pub fn vouch(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Result<Vouched, Refusal> {
        self.current.load().authorities.as_ref().ok_or(Refusal::NotAsked)?.vouch(chain, now)
    }

    fn config(&self, protocol: Protocol) -> Arc<ServerConfig> {
        let current = self.current.load();
        match protocol {
            Protocol::Mqtt => Arc::clone(&current.mqtt),
            Protocol::Http => Arc::clone(&current.http),
            Protocol::Http2 => Arc::clone(&current.http2),
        }
    }
}

fn is_same(one: Option<&Authorities>, other: Option<&Authorities>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.is_same(other),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// What was read, before anything depends on it.
struct Material {
    provider: Arc<CryptoProvider>,
    certificates: Vec<Certified>,
    authorities: Option<Authorities>,
    notices: Vec<Notice>,
}

impl Material {
    fn read(options: &ServerOptions, now: SystemTime) -> Result<Self, TlsFault> {
        if options.certificates.is_empty() {
            return Err(TlsFault::Options("a listener with TLS needs a certificate and its key".to_owned()));
        }
        let provider = provider();
        let mut notices = Vec::new();
        let mut certificates = Vec::with_capacity(options.certificates.len());
        for files in &options.certificates {
            certificates.push(certified::of_server(files, &provider, now, &mut notices)?);
        }
        let authorities = match &options.clients {
            Some(clients) => Some(Authorities::load(clients, &provider, now, &mut notices)?),
            None => None,
        };
        Ok(Self { provider, certificates, authorities, notices })
    }

    fn chains(&self) -> Vec<Vec<CertificateDer<'static>>> {
        self.certificates.iter().map(|it| it.key.cert.clone()).collect()
    }

    /// `tickets`: the keys of before, where tickets of before stay good.
    fn into_current(
        self,
        options: &ServerOptions,
        tickets: Option<Arc<dyn ProducesTickets>>,
        judgement: u64,
    ) -> Result<Current, TlsFault> {
        let defect = |fault: rustls::Error| TlsFault::Options(fault.to_string());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&spoken(options.versions)?)
            .map_err(defect)?;
        let builder = match &self.authorities {
            Some(authorities) => builder.with_client_cert_verifier(authorities.verifier(&self.provider)?),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(Names::new(&self.certificates)));
        let tickets = match (options.has_tickets, tickets) {
            (false, _) => None,
            (true, Some(tickets)) => Some(tickets),
            (true, None) => Some(aws_lc_rs::Ticketer::new().map_err(defect)?),
        };
        // what a client needs to come back it keeps itself, sealed: nothing stays here between its connections
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = usize::from(tickets.is_some());
        if let Some(tickets) = &tickets {
            config.ticketer = Arc::clone(tickets);
        }
        let speaking = |protocols: &[Protocol]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|it| it.name().to_vec()).collect();
            Arc::new(config)
        };
        Ok(Current {
            mqtt: speaking(&[Protocol::Mqtt]),
            http: speaking(&[Protocol::Http]),
            http2: speaking(&[Protocol::Http2, Protocol::Http]),
            chains: self.chains(),
            authorities: self.authorities,
            judgement,
            versions: options.versions,
            tickets,
        })
    }
}

/// The one library of cryptography.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The versions between both ends.
///
/// # Errors
/// [`TlsFault::Options`] where the oldest is newer than the newest.
pub(crate) fn spoken(versions: TlsVersions) -> Result<Vec<&'static SupportedProtocolVersion>, TlsFault> {
    match (versions.min, versions.max) {
        (TlsVersion::V1_2, TlsVersion::V1_3) => Ok(vec![&version::TLS13, &version::TLS12]),
        (TlsVersion::V1_2, TlsVersion::V1_2) => Ok(vec![&version::TLS12]),
        (TlsVersion::V1_3, TlsVersion::V1_3) => Ok(vec![&version::TLS13]),
        (TlsVersion::V1_3, TlsVersion::V1_2) => {
            Err(TlsFault::Options("the oldest version of TLS is newer than the newest".to_owned()))
        }
    }
}
