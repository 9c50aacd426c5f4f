use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use vouchmq_tls::issue::{Authority, Request, Usage};
use vouchmq_tls::{
    CertificateFiles, Client, ClientCertificates, ClientOptions, ExpiredRevocationList, Server,
    ServerOptions, TlsVersions,
};

const DAY: Duration = Duration::from_secs(86_400);

/// An authority, and a folder of what it has issued.
pub(crate) struct Papers {
    folder: TempDir,
    authority: Authority,
}

#[expect(clippy::disallowed_methods, reason = "handshakes judge certificates by the system's time")]
fn now() -> SystemTime {
    SystemTime::now()
}

impl Papers {
    pub(crate) fn new() -> Self {
        let authority = Request::new("authority", Usage::Authority, now() - 9 * DAY, now() + 9 * DAY);
        let authority = Authority::create(&authority).unwrap();
        let papers = Self { folder: tempfile::tempdir().unwrap(), authority };
        std::fs::write(papers.path("ca.crt"), papers.authority.certificate_pem()).unwrap();
        papers
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn issue(&self, name: &str, request: &Request) -> CertificateFiles {
        let issued = self.authority.issue(request).unwrap();
        let (certificate, key) = (self.path(&format!("{name}.crt")), self.path(&format!("{name}.key")));
        std::fs::write(&certificate, issued.certificate_pem()).unwrap();
        std::fs::write(&key, issued.key_pem().unwrap().as_bytes()).unwrap();
        CertificateFiles { certificate, key }
    }

    /// A listener that is called so.
    pub(crate) fn server(&self, host: &str) -> Server {
        self.listener(host, now() + DAY, false)
    }

    /// One whose certificate was good until yesterday.
    pub(crate) fn expired_server(&self, host: &str) -> Server {
        self.listener(host, now() - DAY, false)
    }

    /// One that wants a certificate of everybody.
    pub(crate) fn mutual_server(&self, host: &str) -> Server {
        self.listener(host, now() + DAY, true)
    }

    fn listener(&self, host: &str, end: SystemTime, wants_certificates: bool) -> Server {
        let names = vec![host.parse().unwrap()];
        let request = Request { names, ..Request::new(host, Usage::Server, now() - 5 * DAY, end) };
        let clients = ClientCertificates {
            authorities: self.path("ca.crt"),
            revocation_lists: Vec::new(),
            expired_revocation_list: ExpiredRevocationList::Refuse,
            is_required: true,
        };
        let options = ServerOptions {
            certificates: vec![self.issue("server", &request)],
            clients: wants_certificates.then_some(clients),
            versions: TlsVersions::default(),
            has_tickets: true,
        };
        Server::load_now(&options).unwrap()
    }

    /// One who trusts the authority, and has a certificate or not.
    pub(crate) fn client(&self, has_certificate: bool) -> Client {
        let request = Request::new("broker", Usage::Client, now() - DAY, now() + DAY);
        let options = ClientOptions {
            authorities: Some(self.path("ca.crt")),
            certificate: has_certificate.then(|| self.issue("broker", &request)),
            ..ClientOptions::default()
        };
        Client::load(&options).unwrap()
    }
}
