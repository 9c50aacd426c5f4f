//! Which certificate a client sees: by the server name that it asks for (RFC 6066 §3).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::certified::Certified;

/// Certificates by host name. Of several with one name, the first whose key the client can verify.
#[derive(Debug)]
pub(crate) struct Names {
    /// `host.example` and `*.example`.
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// For those who name none, or one that no certificate has: as configured, the first first.
    all: Vec<Arc<CertifiedKey>>,
}

impl Names {
    pub(crate) fn new(certificates: &[Certified]) -> Self {
        let mut by_name: HashMap<String, Vec<Arc<CertifiedKey>>> = HashMap::new();
        for certified in certificates {
            for name in &certified.host_names {
                by_name.entry(name.clone()).or_default().push(Arc::clone(&certified.key));
            }
        }
        Self { by_name, all: certificates.iter().map(|it| Arc::clone(&it.key)).collect() }
    }

    fn named(&self, name: &str) -> Option<&Vec<Arc<CertifiedKey>>> {
        let name = name.to_ascii_lowercase();
        // a wildcard stands for one label (RFC 9525 §6.3)
        self.by_name.get(&name).or_else(|| self.by_name.get(&format!("*.{}", name.split_once('.')?.1)))
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.named(name));
        let usable = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let of = |keys: &Vec<Arc<CertifiedKey>>| keys.iter().find(usable).cloned();
        named.and_then(of).or_else(|| if named.is_some() { None } else { self.all.first().cloned() })
    }
}
