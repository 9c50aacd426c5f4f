//! Where a server is (RFC 6454 §4): scheme, host, port.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};

/// Where a server is: scheme, host, port. Cheap to clone; its text is `https://auth.example:8443`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    is_secure: bool,
    /// In lower case, without the port that the scheme has anyway.
    authority: Authority,
}

/// Why a text says of no server where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginFault {
    /// It is no URL with a scheme and a host.
    #[error("it is no URL: write http://HOST:PORT or https://HOST:PORT")]
    Malformed,
    /// Its scheme is another.
    #[error("its scheme is neither http nor https")]
    Scheme,
    /// It names a user.
    #[error("it names a user; say who you are in header fields")]
    User,
    /// Something follows.
    #[error("it has a path; a server is scheme, host and port only")]
    Path,
}

impl Origin {
    /// That of a URL, whatever its path and query are.
    ///
    /// # Errors
    /// [`OriginFault`], but for [`OriginFault::Path`].
    pub fn of_url(url: &str) -> Result<Self, OriginFault> {
        let uri: Uri = url.parse().map_err(|_| OriginFault::Malformed)?;
        Self::of_uri(&uri)
    }

    fn of_uri(uri: &Uri) -> Result<Self, OriginFault> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(OriginFault::Malformed);
        };
        let (is_secure, usual) = match scheme.as_str() {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return Err(OriginFault::Scheme),
        };
        if authority.as_str().contains('@') {
            return Err(OriginFault::User);
        }
        let host = authority.host().to_ascii_lowercase();
        let port = match authority.port() {
            // `http://host:` and ports that are none
            None if authority.as_str().len() != host.len() => return Err(OriginFault::Malformed),
            None => usual,
            Some(port) => port.as_u16(),
        };
        if host.is_empty() || port == 0 {
            return Err(OriginFault::Malformed);
        }
        let text = if port == usual { host } else { format!("{host}:{port}") };
        let authority = text.parse().map_err(|_| OriginFault::Malformed)?;
        Ok(Self(Arc::new(Parts { is_secure, authority })))
    }

    /// Whether TLS is spoken.
    pub fn is_secure(&self) -> bool {
        self.0.is_secure
    }

    /// For `Host`, and for `@authority` of RFC 9421 §2.2.3: in lower case, without the port that the scheme has anyway.
    pub fn authority(&self) -> &str {
        self.0.authority.as_str()
    }

    /// The host; an address of IPv6 in its brackets.
    pub fn host(&self) -> &str {
        self.0.authority.host()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.0.authority.port_u16().unwrap_or(if self.0.is_secure { 443 } else { 80 })
    }

    pub(super) fn scheme(&self) -> Scheme {
        if self.0.is_secure { Scheme::HTTPS } else { Scheme::HTTP }
    }

    pub(super) fn uri_authority(&self) -> Authority {
        self.0.authority.clone()
    }
}

impl FromStr for Origin {
    type Err = OriginFault;

    fn from_str(text: &str) -> Result<Self, OriginFault> {
        let uri: Uri = text.parse().map_err(|_| OriginFault::Malformed)?;
        let origin = Self::of_uri(&uri)?;
        if uri.path() != "/" || uri.query().is_some() {
            return Err(OriginFault::Path);
        }
        Ok(origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (text, shown, port) in [
            ("http://Auth.Example", "http://auth.example", 80),
            ("http://auth.example:80/", "http://auth.example", 80),
            ("https://auth.example:443", "https://auth.example", 443),
            ("https://auth.example:80", "https://auth.example:80", 80),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", 8080),
            ("https://[::1]:8443", "https://[::1]:8443", 8443),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!((origin.to_string().as_str(), origin.port()), (shown, port), "{text}");
        }
        let origin = Origin::of_url("https://AUTH.example:8443/v1/x?y=z").unwrap();
        assert_eq!((origin.authority(), origin.host()), ("auth.example:8443", "auth.example"));
        assert!(origin.is_secure());
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for (text, why) in [
            ("", OriginFault::Malformed),
            ("auth.example", OriginFault::Malformed),
            ("/mqtt", OriginFault::Malformed),
            ("http://host:0", OriginFault::Malformed),
            ("http://host:", OriginFault::Malformed),
            ("http://host:99999", OriginFault::Malformed),
            ("ftp://host", OriginFault::Scheme),
            ("http://me:secret@host", OriginFault::User),
            ("http://host/mqtt", OriginFault::Path),
            ("http://host/?a", OriginFault::Path),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(why), "{text}");
        }
    }
}
