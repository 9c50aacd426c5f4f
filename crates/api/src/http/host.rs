use std::net::IpAddr;

use super::{Code, Problem};

/// The names that `Host` may have: those of loopback, and those that were configured.
///
/// A page on the web can make a browser connect to 127.0.0.1 by letting its own name point there; the browser
/// then sends that name, and is told that it is wrong here. An address is no name: that which a client has connected to
/// is always right. Ports are not compared: a proxy has another.
#[derive(Clone, Debug, Default)]
pub struct HostNames(Vec<Box<str>>);

impl HostNames {
    /// These names too, without port, in any case.
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self(names.into_iter().map(|name| name.into().to_ascii_lowercase().into()).collect())
    }

    /// Whether none is configured.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the `Host` of a request; `local` is the address that its client connected to.
    ///
    /// # Errors
    /// 400 without one, 421 for a foreign one.
    pub(super) fn check(&self, host: Option<&str>, local: Option<IpAddr>) -> Result<(), Problem> {
        let Some(host) = host else {
            return Err(Problem::new(Code::MalformedRequest, "the request has no Host"));
        };
        let name = name_of(host);
        let is_ours = name.is_some_and(|name| {
            let ip = name.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
            name.eq_ignore_ascii_case("localhost")
                || ip
                    .is_some_and(|ip| ip.is_loopback() || Some(ip) == local.map(|local| local.to_canonical()))
                || self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
        });
        if is_ours {
            return Ok(());
        }
        let detail = "Host names another server: ask for localhost or 127.0.0.1, or configure the name";
        Err(Problem::new(Code::MisdirectedRequest, detail))
    }
}

/// A host without its port and without the brackets of an IPv6 address; `None` if it is neither.
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']')?;
            (name, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let is_port = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_none_or(is_port).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_listener_are_answered() {
        let names = HostNames::new(["Broker.example"]);
        for good in [
            "localhost",
            "LOCALHOST:8081",
            "127.0.0.1:80",
            "127.0.0.2",
            "[::1]:8081",
            "[::1]",
            "broker.example:1",
        ] {
            assert!(names.check(Some(good), None).is_ok(), "{good}");
        }
        for bad in [
            "evil.example",
            "evil.example:8081",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "10.0.0.1",
            "[::2]",
            "[::1",
            "[::1]x",
            "localhost:x",
            "localhost:80:80",
            "",
            ":80",
            "localhost.",
        ] {
            assert_eq!(names.check(Some(bad), None).unwrap_err().code(), Code::MisdirectedRequest, "{bad}");
        }
        let local = Some([10, 0, 0, 1].into());
        assert!(names.check(Some("10.0.0.1:8081"), local).is_ok(), "where the client has connected to");
        assert!(names.check(Some("10.0.0.2:8081"), local).is_err());
        assert_eq!(names.check(None, None).unwrap_err().code(), Code::MalformedRequest);
    }
}
