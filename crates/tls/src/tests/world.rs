//! An authority, files, and a wire between a session and a client.

use std::fs;
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, SupportedProtocolVersion};
use tempfile::TempDir;

use crate::issue::{AlternativeName, Authority, Issued, Request, Revocations, Usage, serial_of};
use crate::server::provider;
use crate::{
    CertificateFiles, ClientCertificates, ClientOptions, ExpiredRevocationList, Progress, Protocol, Server,
    ServerOptions, Session, SessionFault, TlsVersions,
};

pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// A directory with an authority, and what it has issued.
pub(super) struct World {
    directory: TempDir,
    pub(super) authority: Authority,
}

#[expect(clippy::disallowed_methods, reason = "handshakes judge certificates by the system's time")]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// A certificate of today, for a month.
pub(super) fn request(name: &str, usage: Usage) -> Request {
    Request::new(name, usage, now() - DAY, now() + 30 * DAY)
}

impl World {
    pub(super) fn new() -> Self {
        Self::of("authority")
    }

    /// A world whose authority has this name.
    pub(super) fn of(name: &str) -> Self {
        let world = Self {
            directory: tempfile::tempdir().unwrap(),
            authority: Authority::create(&request(name, Usage::Authority)).unwrap(),
        };
        world.write("ca.crt", world.authority.certificate_pem());
        world
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn files(&self, name: &str, issued: &Issued) -> CertificateFiles {
        CertificateFiles {
            certificate: self.write(&format!("{name}.crt"), issued.certificate_pem()),
            key: self.write(&format!("{name}.key"), issued.key_pem().unwrap().as_bytes()),
        }
    }

    /// A server's certificate for a host.
    pub(super) fn server(&self, host: &str) -> CertificateFiles {
        let names = vec![AlternativeName::Dns(host.to_owned())];
        let issued = self.authority.issue(&Request { names, ..request(host, Usage::Server) }).unwrap();
        self.files(host, &issued)
    }

    /// A listener that asks nobody for a certificate.
    pub(super) fn options(&self) -> ServerOptions {
        ServerOptions {
            certificates: vec![self.server("broker.example")],
            clients: None,
            versions: TlsVersions::default(),
            has_tickets: true,
        }
    }

    /// A listener that asks everybody for a certificate of the authority.
    pub(super) fn mutual(&self) -> ServerOptions {
        ServerOptions {
            clients: Some(ClientCertificates {
                authorities: self.path("ca.crt"),
                revocation_lists: Vec::new(),
                expired_revocation_list: ExpiredRevocationList::Refuse,
                is_required: true,
            }),
            ..self.options()
        }
    }

    /// As [`mutual`](Self::mutual), with a list of what the authority has revoked, valid until then.
    pub(super) fn revoking(&self, revoked: &[&CertificateFiles], next_update: SystemTime) -> ServerOptions {
        let serial = |files: &&CertificateFiles| {
            (serial_of(&fs::read_to_string(&files.certificate).unwrap()).unwrap(), now() - DAY)
        };
        let revocations = Revocations {
            revoked: revoked.iter().map(serial).collect(),
            this_update: now() - 2 * DAY,
            next_update,
            number: 1,
        };
        let list = self.write("ca.crl", self.authority.revocation_list(&revocations).unwrap());
        let mut options = self.mutual();
        if let Some(clients) = &mut options.clients {
            clients.revocation_lists = vec![list];
        }
        options
    }

    /// A list of what the authority has revoked, of this many days ago.
    pub(super) fn list(&self, revoked: &[&CertificateFiles], days_ago: u32, number: u64) -> String {
        let serial = |files: &&CertificateFiles| {
            (serial_of(&fs::read_to_string(&files.certificate).unwrap()).unwrap(), now() - DAY)
        };
        let revocations = Revocations {
            revoked: revoked.iter().map(serial).collect(),
            this_update: now() - days_ago * DAY,
            next_update: now() + DAY,
            number,
        };
        self.authority.revocation_list(&revocations).unwrap()
    }

    /// A device's certificate.
    pub(super) fn device(&self, name: &str) -> CertificateFiles {
        self.files(name, &self.authority.issue(&request(name, Usage::Client)).unwrap())
    }

    /// What a client that trusts the authority does.
    pub(super) fn client(&self, certificate: Option<&CertificateFiles>) -> ClientOptions {
        ClientOptions {
            authorities: Some(self.path("ca.crt")),
            certificate: certificate.cloned(),
            ..ClientOptions::default()
        }
    }
}

pub(super) fn load(options: &ServerOptions) -> Server {
    Server::load(options, now()).unwrap()
}

/// A client of rustls that trusts `world`, shows `certificate`, and keeps its tickets.
pub(super) fn client_config(
    world: &World,
    certificate: Option<&CertificateFiles>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(world.authority.certificate().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match certificate {
        Some(files) => builder
            .with_client_auth_cert(
                crate::pem::certificates(&files.certificate).unwrap(),
                crate::pem::key(&files.key).unwrap(),
            )
            .unwrap(),
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::in_memory_sessions(8);
    config
}

/// A session and its client, and nothing in between.
pub(super) struct Wire {
    pub(super) session: Session,
    pub(super) client: ClientConnection,
}

impl Wire {
    pub(super) fn new(server: &Server, config: &Arc<ClientConfig>) -> Self {
        Self::to(server, config, "broker.example")
    }

    pub(super) fn to(server: &Server, config: &Arc<ClientConfig>, host: &'static str) -> Self {
        let client = ClientConnection::new(Arc::clone(config), ServerName::try_from(host).unwrap()).unwrap();
        Self { session: server.accept(Protocol::Mqtt).unwrap(), client }
    }

    /// Carries bytes until neither end has more to say. What the client thinks of it comes second.
    pub(super) fn settle(&mut self) -> (Result<Progress, SessionFault>, Result<(), rustls::Error>) {
        let mut total = Progress::default();
        let mut client = Ok(());
        loop {
            let mut is_quiet = true;
            let mut bytes = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                is_quiet = false;
                self.session.read_tls(&mut rest).unwrap();
                match self.session.process() {
                    Ok(progress) => {
                        total.is_established |= progress.is_established;
                        total.readable = progress.readable;
                        total.is_closed |= progress.is_closed;
                    }
                    Err(fault) => {
                        let _ = self.answers();
                        return (Err(fault), client);
                    }
                }
            }
            let answered = self.answers();
            is_quiet &= answered.1;
            if client.is_ok() {
                client = answered.0;
            }
            if is_quiet {
                return (Ok(total), client);
            }
        }
    }

    /// Carries what the session has to say; whether that was nothing comes second.
    fn answers(&mut self) -> (Result<(), rustls::Error>, bool) {
        let mut bytes = Vec::new();
        while self.session.wants_write() {
            self.session.write_tls(&mut bytes).unwrap();
        }
        let is_quiet = bytes.is_empty();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            if self.client.read_tls(&mut rest).unwrap() == 0 {
                break;
            }
            if let Err(fault) = self.client.process_new_packets() {
                return (Err(fault), is_quiet);
            }
        }
        (Ok(()), is_quiet)
    }

    /// Settles, and both ends are content.
    pub(super) fn established(mut self) -> Self {
        let (session, client) = self.settle();
        assert!(session.unwrap().is_established);
        client.unwrap();
        self
    }

    /// Settles, and the session is not content.
    pub(super) fn refused(mut self) -> SessionFault {
        self.settle().0.unwrap_err()
    }

    /// A message there and one back.
    pub(super) fn echo(&mut self) {
        self.client.writer().write_all(b"ping").unwrap();
        self.settle().0.unwrap();
        let mut received = [0; 16];
        assert_eq!(self.session.read(&mut received).unwrap(), 4);
        assert_eq!(self.session.write(&[IoSlice::new(b"po"), IoSlice::new(b"ng")]).unwrap(), 4);
        self.settle().1.unwrap();
        assert_eq!(self.client.reader().read(&mut received).unwrap(), 4);
        assert_eq!(&received[..4], b"pong");
    }
}

/// Gives bytes to a session as they came from somewhere.
pub(super) fn feed(session: &mut Session, mut bytes: &[u8]) -> Result<Progress, SessionFault> {
    let mut progress = Progress::default();
    while !bytes.is_empty() {
        match session.read_tls(&mut bytes) {
            Ok(_) => progress = session.process()?,
            Err(error) => panic!("{error}"),
        }
    }
    Ok(progress)
}

/// What a session has to say.
pub(super) fn said(session: &mut Session) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut bytes)?;
    }
    Ok(bytes)
}

pub(super) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/data").join(name)
}
