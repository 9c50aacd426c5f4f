//! An authority, certificates of it, and TLS below a connection.

use std::fs;
use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use vouchmq_tls::issue::{Authority, Issued, Request, Revocations, Usage, serial_of};
use vouchmq_tls::{
    CertificateFiles, Client, ClientCertificates, ClientOptions, ExpiredRevocationList, ServerOptions,
    Session, TlsVersions,
};

use super::Connection;

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct Pki {
    directory: TempDir,
    authority: Authority,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::create(&request("authority", Usage::Authority)).unwrap();
        let pki = Self { directory, authority };
        pki.write("ca.crt", pki.authority.certificate_pem());
        let names = vec!["broker.example".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        let server = Request { names, ..request("broker.example", Usage::Server) };
        pki.files("server", &pki.authority.issue(&server).unwrap());
        pki
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn files(&self, name: &str, issued: &Issued) -> CertificateFiles {
        CertificateFiles {
            certificate: self.write(&format!("{name}.crt"), issued.certificate_pem()),
            key: self.write(&format!("{name}.key"), issued.key_pem().unwrap().as_bytes()),
        }
    }

    /// Nobody is asked for a certificate.
    pub(crate) fn server(&self) -> ServerOptions {
        let path = |name| self.directory.path().join(name);
        ServerOptions {
            certificates: vec![CertificateFiles { certificate: path("server.crt"), key: path("server.key") }],
            clients: None,
            versions: TlsVersions::default(),
            has_tickets: true,
        }
    }

    /// Everybody may present one that is not revoked.
    pub(crate) fn mutual(&self, revoked: &[&CertificateFiles]) -> ServerOptions {
        let since = now() - DAY;
        let serial = |files: &&CertificateFiles| {
            (serial_of(&fs::read_to_string(&files.certificate).unwrap()).unwrap(), since)
        };
        let revocations = Revocations {
            revoked: revoked.iter().map(serial).collect(),
            this_update: since,
            next_update: now() + DAY,
            number: 1,
        };
        let list = self.write("ca.crl", self.authority.revocation_list(&revocations).unwrap());
        ServerOptions {
            clients: Some(ClientCertificates {
                authorities: self.directory.path().join("ca.crt"),
                revocation_lists: vec![list],
                expired_revocation_list: ExpiredRevocationList::Refuse,
                is_required: false,
            }),
            ..self.server()
        }
    }

    pub(crate) fn client(&self, name: &str) -> CertificateFiles {
        self.files(name, &self.authority.issue(&request(name, Usage::Client)).unwrap())
    }

    /// A connection that trusts the authority.
    pub(crate) fn connect(&self, address: SocketAddr, certificate: Option<&CertificateFiles>) -> Connection {
        Connection::on(Secure { stream: Connection::dial(address), session: self.session(certificate) })
    }

    /// The same, behind what a proxy says first.
    pub(crate) fn connect_behind(&self, address: SocketAddr, header: &[u8]) -> Connection {
        let mut stream = Connection::dial(address);
        stream.write_all(header).unwrap();
        Connection::on(Secure { stream, session: self.session(None) })
    }

    fn session(&self, certificate: Option<&CertificateFiles>) -> Session {
        self.tls(certificate).begin("broker.example").unwrap()
    }

    /// How those speak TLS that trust the authority.
    pub(crate) fn tls(&self, certificate: Option<&CertificateFiles>) -> Client {
        let options = ClientOptions {
            authorities: Some(self.directory.path().join("ca.crt")),
            certificate: certificate.cloned(),
            ..ClientOptions::default()
        };
        Client::load(&options).unwrap()
    }
}

fn request(name: &str, usage: Usage) -> Request {
    Request::new(name, usage, now() - 2 * DAY, now() + 30 * DAY)
}

#[expect(clippy::disallowed_methods, reason = "handshakes judge certificates by the system's time")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// TLS on a socket that blocks.
struct Secure {
    stream: TcpStream,
    session: Session,
}

impl Secure {
    fn carry_out(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.stream)?;
        }
        Ok(())
    }

    fn carry_in(&mut self) -> io::Result<()> {
        self.session.read_tls(&mut self.stream)?;
        let processed = self.session.process();
        self.carry_out()?;
        processed.map(drop).map_err(io::Error::other)
    }
}

impl Read for Secure {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.carry_in()?,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
        }
    }
}

impl Write for Secure {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.carry_out()?;
        while self.session.is_handshaking() {
            self.carry_in()?;
        }
        let taken = self.session.write(&[IoSlice::new(from)])?;
        self.carry_out()?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.carry_out()
    }
}
