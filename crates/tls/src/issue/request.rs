use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType,
    string,
};
use time::OffsetDateTime;

use super::IssueFault;

/// What a certificate is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose it is (CN).
    pub common_name: String,
    /// Of which organization (O).
    pub organization: Option<String>,
    /// Of which part of it (OU).
    pub organizational_unit: Option<String>,
    /// Its other names.
    pub names: Vec<AlternativeName>,
    /// What it is for.
    pub usage: Usage,
    /// From when on it is valid.
    pub not_before: SystemTime,
    /// Until when.
    pub not_after: SystemTime,
}

/// A name of a certificate beside its common name (RFC 5280 §4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlternativeName {
    /// A host; `*.` in front stands for one label.
    Dns(String),
    /// An address.
    Address(IpAddr),
    /// A URI, as `urn:dev:hw-1`.
    Uri(String),
    /// An address of mail.
    Email(String),
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// To vouch for others.
    Authority,
    /// To be presented by a server.
    Server,
    /// To be presented by a client.
    Client,
    /// By both.
    ServerAndClient,
    /// It does not say.
    Unstated,
}

impl Request {
    /// A certificate without other names, of no organization.
    pub fn new(common_name: &str, usage: Usage, not_before: SystemTime, not_after: SystemTime) -> Self {
        Self {
            common_name: common_name.to_owned(),
            organization: None,
            organizational_unit: None,
            names: Vec::new(),
            usage,
            not_before,
            not_after,
        }
    }

    pub(super) fn parameters(&self) -> Result<CertificateParams, IssueFault> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, self.common_name.as_str());
        let parts = [
            (DnType::OrganizationName, &self.organization),
            (DnType::OrganizationalUnitName, &self.organizational_unit),
        ];
        for (kind, part) in parts {
            if let Some(part) = part {
                parameters.distinguished_name.push(kind, part.as_str());
            }
        }
        parameters.subject_alt_names =
            self.names.iter().map(AlternativeName::written).collect::<Result<_, _>>()?;
        parameters.not_before = OffsetDateTime::from(self.not_before);
        parameters.not_after = OffsetDateTime::from(self.not_after);
        parameters.use_authority_key_identifier_extension = true;
        let (server, client) = (ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth);
        parameters.extended_key_usages = match self.usage {
            Usage::Authority | Usage::Unstated => Vec::new(),
            Usage::Server => vec![server],
            Usage::Client => vec![client],
            Usage::ServerAndClient => vec![server, client],
        };
        if self.usage == Usage::Authority {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        } else {
            parameters.is_ca = IsCa::ExplicitNoCa;
            parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }
        Ok(parameters)
    }
}

impl AlternativeName {
    fn written(&self) -> Result<SanType, IssueFault> {
        let text = |text: &str| string::Ia5String::try_from(text).map_err(|_| IssueFault::Name(text.into()));
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(text(name)?),
            Self::Address(address) => SanType::IpAddress(*address),
            Self::Uri(uri) => SanType::URI(text(uri)?),
            Self::Email(address) => SanType::Rfc822Name(text(address)?),
        })
    }
}

impl FromStr for AlternativeName {
    type Err = IssueFault;

    /// `DNS:…`, `IP:…`, `URI:…`, `email:…` as OpenSSL writes them; without a prefix an address or a host.
    ///
    /// # Errors
    /// [`IssueFault::Name`] where it is none of them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || IssueFault::Name(text.into());
        let name = match text.split_once(':') {
            Some((kind, uri)) if kind.eq_ignore_ascii_case("uri") => Self::Uri(uri.to_owned()),
            Some((kind, address)) if kind.eq_ignore_ascii_case("email") => Self::Email(address.to_owned()),
            Some((kind, host)) if kind.eq_ignore_ascii_case("dns") => Self::Dns(host.to_owned()),
            Some((kind, address)) if kind.eq_ignore_ascii_case("ip") => {
                Self::Address(address.parse().map_err(|_| fault())?)
            }
            Some(_) | None => match text.parse() {
                Ok(address) => Self::Address(address),
                Err(_) => Self::Dns(text.to_owned()),
            },
        };
        let is_host = |host: &str| {
            let label = |label: &str| {
                !label.is_empty()
                    && label.len() < 64
                    && label.bytes().all(|at| at.is_ascii_alphanumeric() || at == b'-' || at == b'_')
            };
            host.len() < 254 && host.strip_prefix("*.").unwrap_or(host).split('.').all(label)
        };
        match &name {
            Self::Dns(host) if !is_host(host) => Err(fault()),
            Self::Uri(rest) | Self::Email(rest) if rest.is_empty() || !rest.is_ascii() => Err(fault()),
            Self::Dns(_) | Self::Address(_) | Self::Uri(_) | Self::Email(_) => Ok(name),
        }
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Address(address) => write!(f, "IP:{address}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::Email(address) => write!(f, "email:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for text in [
            "DNS:broker.example",
            "DNS:*.example",
            "IP:192.0.2.1",
            "IP:2001:db8::1",
            "URI:urn:dev:hw-1",
            "email:a@b",
        ] {
            assert_eq!(text.parse::<AlternativeName>().unwrap().to_string(), text);
        }
        assert_eq!("::1".parse::<AlternativeName>().unwrap().to_string(), "IP:::1");
        assert_eq!("localhost".parse::<AlternativeName>().unwrap().to_string(), "DNS:localhost");
        for text in ["", "a b", "DNS:a..b", "IP:300.0.0.1", "URI:", "email:ü", "*.*.example"] {
            assert!(text.parse::<AlternativeName>().is_err(), "{text}");
        }
    }
}
