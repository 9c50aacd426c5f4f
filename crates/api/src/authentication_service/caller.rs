use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use vouchmq_identity::signature::{SigningKey, WeakKey};
use vouchmq_identity::{Cidr, is_same};
use vouchmq_tls::{Fingerprint, FingerprintFault};

use super::{AuthenticationServiceOptions, BrokerOptions, CallerOptions};

/// Who asks: an extension of every request that got so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Caller(pub(super) Arc<str>);

/// Everybody who may ask.
pub(super) struct Callers {
    signing: HashMap<Box<str>, Signing>,
    certified: Vec<Certified>,
    brokers: Vec<Broker>,
    trusts_loopback: bool,
}

/// Who signs.
pub(super) struct Signing {
    pub(super) caller: Caller,
    pub(super) key: SigningKey,
    networks: Vec<Cidr>,
}

/// Who presents a certificate.
struct Certified {
    caller: Caller,
    certificate: Fingerprint,
    networks: Vec<Cidr>,
}

struct Broker {
    caller: Caller,
    header: Option<(HeaderName, SecretString)>,
    certificate: Option<Fingerprint>,
    networks: Vec<Cidr>,
}

/// What is wrong with the callers of the configuration. Never repeats a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallersFault {
    /// A key or a name cannot be used.
    #[error("caller {name}: {fault}")]
    Key {
        /// The caller.
        name: String,
        /// What is wrong.
        fault: WeakKey,
    },
    /// A name is there twice.
    #[error("{name} is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A caller that anybody could be.
    #[error("caller {name} has neither a key nor a certificate: anybody could be it")]
    Unproven {
        /// The caller.
        name: String,
    },
    /// Not a fingerprint.
    #[error("{name}: {fault}")]
    Certificate {
        /// The caller.
        name: String,
        /// What is wrong.
        fault: FingerprintFault,
    },
    /// Not a network.
    #[error("{name}: {network} is not a network, as 10.0.0.0/8")]
    Network {
        /// The caller.
        name: String,
        /// What was written.
        network: String,
    },
    /// A broker that anybody could be.
    #[error("broker {name} has neither a header nor a certificate nor networks: anybody could be it")]
    Nobody {
        /// The broker.
        name: String,
    },
    /// A header field that cannot prove anything.
    #[error(
        "broker {name}: a header has a name of letters, digits and - and a value of at least 16 characters"
    )]
    Header {
        /// The broker.
        name: String,
    },
}

const HEADER_VALUE_LEN_MIN: usize = 16;
const LOOPBACK: &str = "loopback";

impl Callers {
    pub(super) fn try_new(options: &AuthenticationServiceOptions) -> Result<Self, CallersFault> {
        let mut signing = HashMap::new();
        let mut certified = Vec::new();
        let mut names = HashSet::new();
        for CallerOptions { name, key, certificate, networks } in &options.callers {
            if !names.insert(name) {
                return Err(CallersFault::Twice { name: name.clone() });
            }
            let caller = Caller(name.as_str().into());
            let networks = networks_of(name, networks)?;
            if key.is_none() && certificate.is_none() {
                return Err(CallersFault::Unproven { name: name.clone() });
            }
            if let Some(certificate) = fingerprint_of(name, certificate.as_deref())? {
                certified.push(Certified { caller: caller.clone(), certificate, networks: networks.clone() });
            }
            if let Some(key) = key {
                let key = SigningKey::new(name, key.expose_secret().as_bytes())
                    .map_err(|fault| CallersFault::Key { name: name.clone(), fault })?;
                signing.insert(name.as_str().into(), Signing { caller, key, networks });
            }
        }
        let brokers = options.brokers.iter().map(Broker::try_new).collect::<Result<_, _>>()?;
        Ok(Self { signing, certified, brokers, trusts_loopback: options.trust_loopback })
    }

    /// Which broker sends these header fields from this address.
    pub(super) fn broker(
        &self,
        headers: &HeaderMap,
        certificate: Option<Fingerprint>,
        peer: IpAddr,
    ) -> Option<Caller> {
        let found = self.brokers.iter().find(|broker| broker.is(headers, certificate, peer));
        found.map(|broker| broker.caller.clone()).or_else(|| self.local(peer))
    }

    /// Who presents this certificate, and may ask from this address.
    pub(super) fn certified(&self, certificate: Fingerprint, peer: IpAddr) -> Option<Caller> {
        let is = |known: &&Certified| known.certificate == certificate && is_from(&known.networks, peer);
        self.certified.iter().find(is).map(|known| known.caller.clone())
    }

    /// Who has the key of this name, and may use it from this address.
    pub(super) fn signing(&self, key_id: &str, peer: IpAddr) -> Option<&Signing> {
        self.signing.get(key_id).filter(|known| is_from(&known.networks, peer))
    }

    /// Who asks from this machine, if that is enough.
    pub(super) fn local(&self, peer: IpAddr) -> Option<Caller> {
        (self.trusts_loopback && peer.to_canonical().is_loopback()).then(|| Caller(LOOPBACK.into()))
    }
}

impl Broker {
    fn try_new(options: &BrokerOptions) -> Result<Self, CallersFault> {
        let BrokerOptions { name, header, certificate, networks } = options;
        let certificate = fingerprint_of(name, certificate.as_deref())?;
        let fault = || CallersFault::Header { name: name.clone() };
        let header = match header {
            None if networks.is_empty() && certificate.is_none() => {
                return Err(CallersFault::Nobody { name: name.clone() });
            }
            None => None,
            Some(header) => {
                let value = header.value.expose_secret();
                let is_good =
                    value.len() >= HEADER_VALUE_LEN_MIN && value.bytes().all(|byte| byte.is_ascii_graphic());
                let field = HeaderName::from_bytes(header.name.as_bytes()).ok().filter(|_| is_good);
                Some((field.ok_or_else(fault)?, header.value.clone()))
            }
        };
        let networks = networks_of(name, networks)?;
        Ok(Self { caller: Caller(name.as_str().into()), header, certificate, networks })
    }

    fn is(&self, headers: &HeaderMap, certificate: Option<Fingerprint>, peer: IpAddr) -> bool {
        let proves = |(name, value): &(HeaderName, SecretString)| {
            let mut sent = headers.get_all(name).iter();
            let is_right =
                sent.next().is_some_and(|sent| is_same(sent.as_bytes(), value.expose_secret().as_bytes()));
            is_right && sent.next().is_none()
        };
        is_from(&self.networks, peer)
            && self.certificate.is_none_or(|expected| certificate == Some(expected))
            && self.header.as_ref().is_none_or(proves)
    }
}

fn fingerprint_of(name: &str, text: Option<&str>) -> Result<Option<Fingerprint>, CallersFault> {
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|fault| CallersFault::Certificate { name: name.to_owned(), fault })
}

fn networks_of(name: &str, networks: &[String]) -> Result<Vec<Cidr>, CallersFault> {
    let parse = |network: &String| {
        network.parse().map_err(|_| CallersFault::Network { name: name.to_owned(), network: network.clone() })
    };
    networks.iter().map(parse).collect()
}

fn is_from(networks: &[Cidr], peer: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(peer))
}
