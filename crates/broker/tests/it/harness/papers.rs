use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use vouchmq_tls::issue::{AlternativeName, Authority, Request, Revocations, Usage, serial_of};
use vouchmq_tls::{
    CertificateFiles, Client, ClientCertificates, ClientOptions, ExpiredRevocationList, ServerOptions,
    TlsVersions,
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
    /// An authority, a certificate of the broker, and an empty list of what is revoked.
    pub(crate) fn new() -> Self {
        let authority = Authority::create(&request("authority", Usage::Authority)).unwrap();
        let papers = Self { folder: tempfile::tempdir().unwrap(), authority };
        papers.write("ca.crt", papers.authority.certificate_pem());
        papers.renew_server();
        papers.revoke(&[]);
        papers
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn issue(&self, name: &str, request: &Request) -> CertificateFiles {
        let issued = self.authority.issue(request).unwrap();
        self.write(&format!("{name}.crt"), issued.certificate_pem());
        self.write(&format!("{name}.key"), issued.key_pem().unwrap().as_bytes());
        self.files(name)
    }

    fn files(&self, name: &str) -> CertificateFiles {
        let (certificate, key) = (self.path(&format!("{name}.crt")), self.path(&format!("{name}.key")));
        CertificateFiles { certificate, key }
    }

    /// The broker gets a new certificate.
    pub(crate) fn renew_server(&self) {
        let names = vec![AlternativeName::Dns("broker.example".to_owned())];
        self.issue("broker", &Request { names, ..request("broker.example", Usage::Server) });
    }

    /// The authority takes back the certificates of these devices.
    pub(crate) fn revoke(&self, devices: &[&str]) {
        let serial = |device: &&str| {
            let pem = std::fs::read_to_string(self.path(&format!("{device}.crt"))).unwrap();
            (serial_of(&pem).unwrap(), now() - DAY)
        };
        let revocations = Revocations {
            revoked: devices.iter().map(serial).collect(),
            this_update: now() - DAY,
            next_update: now() + DAY,
            number: 1,
        };
        self.write("ca.crl", self.authority.revocation_list(&revocations).unwrap());
    }

    /// TLS of a listener that asks nobody for a certificate.
    pub(crate) fn options(&self) -> ServerOptions {
        ServerOptions {
            certificates: vec![self.files("broker")],
            clients: None,
            versions: TlsVersions::default(),
            has_tickets: true,
        }
    }

    /// TLS of a listener that asks everybody for a certificate that is not revoked.
    pub(crate) fn mutual(&self) -> ServerOptions {
        let clients = ClientCertificates {
            authorities: self.path("ca.crt"),
            revocation_lists: vec![self.path("ca.crl")],
            expired_revocation_list: ExpiredRevocationList::Refuse,
            is_required: true,
        };
        ServerOptions { clients: Some(clients), ..self.options() }
    }

    /// A client that knows the authority, and has no certificate.
    pub(crate) fn client(&self) -> Client {
        self.client_with(None)
    }

    /// A device with a certificate.
    pub(crate) fn device(&self, name: &str) -> Client {
        let files = self.issue(name, &request(name, Usage::Client));
        self.client_with(Some(files))
    }

    fn client_with(&self, certificate: Option<CertificateFiles>) -> Client {
        let authorities = Some(self.path("ca.crt"));
        Client::load(&ClientOptions { authorities, certificate, ..ClientOptions::default() }).unwrap()
    }
}

fn request(name: &str, usage: Usage) -> Request {
    Request::new(name, usage, now() - DAY, now() + 30 * DAY)
}
