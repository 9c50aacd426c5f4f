//! Addresses of services: what they have to be, and how they are shown, as user names, passwords and queries may be
//! secrets.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

/// What stands for what is not shown.
pub(crate) const MASK: &str = "***";

/// A text in which `://` stands, without user info, query and fragment.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return Cow::Borrowed(text) };
    // A password may hold any letter: everything before the last @ may be one.
    let (user, place) = match rest.rsplit_once('@') {
        Some((before, _)) if before.contains(['?', '#']) => return format!("{scheme}://{MASK}").into(),
        Some((_, place)) => (MASK, Some(place)),
        None => ("", None),
    };
    let at = if place.is_some() { "@" } else { "" };
    let place = place.unwrap_or(rest);
    match place.find(['?', '#']).and_then(|at| place.get(..=at)) {
        Some(shown) => format!("{scheme}://{user}{at}{shown}{MASK}").into(),
        None if at.is_empty() => Cow::Borrowed(text),
        None => format!("{scheme}://{user}{at}{place}").into(),
    }
}

/// Where a service is, of a URL whose path and query may have placeholders in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Service<'a> {
    pub(crate) has_tls: bool,
    /// A name or a numeric address, without a port.
    pub(crate) host: &'a str,
    /// Path and query; may be empty.
    pub(crate) target: &'a str,
}

/// Why a text is not where a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlFault {
    #[error("it begins with neither http:// nor https://")]
    Scheme,
    #[error("user names and passwords in it are sent to nobody")]
    UserInfo,
    #[error("its host and port are fixed: placeholders stand behind them")]
    Placeholder,
    #[error("its host is neither a name nor a numeric address")]
    Host,
    #[error("its port is none")]
    Port,
    #[error("what is behind # is sent to nobody")]
    Fragment,
    #[error("there is a blank or a control character in it")]
    Blank,
}

impl UrlFault {
    /// What to do about it.
    pub(crate) const fn hint(self) -> &'static str {
        match self {
            Self::UserInfo => "write headers.authorization = \"Basic …\"",
            Self::Fragment => "take it out, or write %23",
            Self::Blank => "write %20",
            Self::Scheme | Self::Placeholder | Self::Host | Self::Port => {
                "write http://HOST:PORT/PATH, or https://…"
            }
        }
    }
}

impl<'a> Service<'a> {
    /// Reads a URL.
    ///
    /// # Errors
    /// The first [`UrlFault`].
    pub(crate) fn of(url: &'a str) -> Result<Self, UrlFault> {
        let (has_tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(UrlFault::Scheme),
        };
        let (place, target) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
        if place.contains('@') {
            return Err(UrlFault::UserInfo);
        }
        if place.contains(['$', '{', '%']) {
            return Err(UrlFault::Placeholder);
        }
        let host = host(place)?;
        if target.contains('#') {
            return Err(UrlFault::Fragment);
        }
        if target.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(UrlFault::Blank);
        }
        Ok(Self { has_tls, host, target })
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

/// The host of `HOST`, `HOST:PORT`, `[::1]:PORT`.
fn host(place: &str) -> Result<&str, UrlFault> {
    let (host, port) = match place.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, port))) if host.parse::<Ipv6Addr>().is_ok() => (host, port),
        Some(_) => return Err(UrlFault::Host),
        None => {
            let (host, port) = place.find(':').map_or((place, ""), |at| place.split_at(at));
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            if host.is_empty() || !host.chars().all(is_name) {
                return Err(UrlFault::Host);
            }
            (host, port)
        }
    };
    let is_digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = |port: &str| is_digits(port) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if port.is_empty() || port.strip_prefix(':').is_some_and(is_port) {
        return Ok(host);
    }
    Err(UrlFault::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_service_is_is_read_and_nothing_else() {
        for (url, has_tls, host, target) in [
            ("http://127.0.0.1:8080/mqtt/auth", false, "127.0.0.1", "/mqtt/auth"),
            ("https://auth.example?c=${clientid}", true, "auth.example", "?c=${clientid}"),
            ("https://[::1]:8443", true, "::1", ""),
            ("http://localhost/${username}/x", false, "localhost", "/${username}/x"),
        ] {
            assert_eq!(Service::of(url), Ok(Service { has_tls, host, target }), "{url}");
        }
        for (url, fault) in [
            ("127.0.0.1:8080", UrlFault::Scheme),
            ("ftp://h/", UrlFault::Scheme),
            ("HTTP://h/", UrlFault::Scheme),
            ("http://u:p@h/", UrlFault::UserInfo),
            ("http://${clientid}/", UrlFault::Placeholder),
            ("http://h:${port}/", UrlFault::Placeholder),
            ("http://h%75/", UrlFault::Placeholder),
            ("http://", UrlFault::Host),
            ("http:///path", UrlFault::Host),
            ("http://:80/", UrlFault::Host),
            ("http://a b/", UrlFault::Host),
            ("http://::1/", UrlFault::Host),
            ("http://[::1/", UrlFault::Host),
            ("http://[h]/", UrlFault::Host),
            ("http://h:/", UrlFault::Port),
            ("http://h:0/", UrlFault::Port),
            ("http://h:+80/", UrlFault::Port),
            ("http://h:65536/", UrlFault::Port),
            ("http://[::1]80/", UrlFault::Port),
            ("http://h/#x", UrlFault::Fragment),
            ("http://h/a b", UrlFault::Blank),
            ("http://h/a\r\nX: y", UrlFault::Blank),
        ] {
            assert_eq!(Service::of(url), Err(fault), "{url}");
        }
    }

    #[test]
    fn this_machine_is_told_from_others() {
        let is_loopback = |url| Service::of(url).unwrap().is_loopback();
        for url in ["http://127.0.0.1/", "http://127.8.0.1:80", "http://[::1]/", "http://localhost/"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://localhost.example/", "http://127.0.0.1.example/"] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn user_info_and_queries_are_not_shown() {
        for (text, shown) in [
            ("mqtt-tcp://u:SECRET@h:1883", "mqtt-tcp://***@h:1883"),
            ("http://SECRET@x/", "http://***@x/"),
            ("http://u:SEC/RET@x/a", "http://***@x/a"),
            ("http://u:SEC@RET@x/a", "http://***@x/a"),
            ("http://u:SEC?RET@x/a", "http://***"),
            ("http://h/a?token=SECRET", "http://h/a?***"),
            ("http://h/a?mail=a@SECRET", "http://***"),
            ("http://h/a#SECRET", "http://h/a#***"),
            ("http://u@h/a?token=SECRET", "http://***@h/a?***"),
            ("https://example.com", "https://example.com"),
            ("a@b?c", "a@b?c"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
