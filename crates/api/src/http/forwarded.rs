//! For whom a proxy asks: `X-Forwarded-For`, `X-Forwarded-Proto`, and `Forwarded` (RFC 7239).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;

use super::{Code, Problem};

/// Who asks, when proxies that are trusted have been believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Its address; the port is 0 where a proxy said it.
    pub(super) address: SocketAddr,
    /// Whether it came to the nearest proxy by HTTPS.
    pub(super) is_https: bool,
}

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Whether a request says that it was forwarded.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED)
}

/// The client that a request names, if a trusted proxy connected; `None`: nobody who is believed says anything. What
/// proxies say is walked from the right, the nearest first, as long as trusted ones say it: what stands further left
/// anybody can have written.
///
/// # Errors
/// 400: a trusted proxy says nothing that could be understood, or two things.
pub(super) fn client_of(
    connected: SocketAddr,
    headers: &HeaderMap,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Result<Option<Client>, Problem> {
    if !is_trusted(connected.ip()) {
        return Ok(None);
    }
    let ambiguous = |what| Problem::new(Code::MalformedRequest, what);
    let usual = entries(headers, X_FORWARDED_FOR, ',')
        .ok_or_else(|| ambiguous("X-Forwarded-For is not a list of addresses"))?;
    let usual = walk(usual.iter().map(|text| node(text)), &is_trusted)?;
    let elements = entries(headers, FORWARDED.as_str(), ',')
        .ok_or_else(|| ambiguous("Forwarded is not as RFC 7239 has it"))?;
    let said = |name| elements.iter().map(move |element| parameter(element, name));
    let standard = walk(said("for").map(|text| text.and_then(|text| node(&text))), &is_trusted)?;
    let address = match (usual, standard) {
        (None, None) => return Ok(None),
        (Some(ip), None) | (None, Some(ip)) => SocketAddr::new(ip, 0),
        (Some(ip), Some(other)) if ip == other => SocketAddr::new(ip, 0),
        (Some(_), Some(_)) => return Err(ambiguous("X-Forwarded-For and Forwarded name different clients")),
    };
    let nearest = |names: Option<Vec<String>>| names.and_then(|mut names| names.pop());
    let protocol =
        nearest(entries(headers, X_FORWARDED_PROTO, ',')).or_else(|| said("proto").next_back().flatten());
    let is_https = protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case("https"));
    Ok(Some(Client { address, is_https }))
}

/// The first from the right that is not trusted; the last, if all are. `None` if there is nobody.
fn walk(
    nodes: impl DoubleEndedIterator<Item = Option<IpAddr>>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Result<Option<IpAddr>, Problem> {
    let mut found = None;
    for node in nodes.rev() {
        let Some(ip) = node else {
            return Err(Problem::new(Code::MalformedRequest, "a proxy does not say for whom it asks"));
        };
        found = Some(ip);
        if !is_trusted(ip) {
            break;
        }
    }
    Ok(found)
}

/// The parts of all fields of a name, in their order; `None` if one is no text.
fn entries(headers: &HeaderMap, name: &str, separator: char) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for value in headers.get_all(name) {
        all.extend(split(value.to_str().ok()?, separator).map(|part| part.trim().to_owned()));
    }
    Some(all)
}

/// Splits at a separator that does not stand between quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |at: char| {
        is_quoted ^= at == '"';
        at == separator && !is_quoted
    })
}

/// A parameter of an element of `Forwarded`.
fn parameter(element: &str, name: &str) -> Option<String> {
    let mut found = split(element, ';').filter_map(|pair| pair.split_once('='));
    let (_, value) = found.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    let value = value.trim();
    Some(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value).to_owned())
}

/// An address, with or without a port.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    bare.or_else(with_port).or_else(in_brackets).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1:4711";

    fn is_trusted(ip: IpAddr) -> bool {
        ip.to_string().starts_with("10.")
    }

    fn ask(from: &str, fields: &[(&'static str, &str)]) -> Result<Option<Client>, Code> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        client_of(from.parse().unwrap(), &headers, is_trusted).map_err(|problem| problem.code())
    }

    fn address(from: &str, fields: &[(&'static str, &str)]) -> String {
        ask(from, fields).unwrap().unwrap().address.ip().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let fields = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=192.0.2.1"),
        ];
        assert_eq!(ask("203.0.113.9:80", &fields), Ok(None));
        let told = Client { address: "192.0.2.1:0".parse().unwrap(), is_https: true };
        assert_eq!(ask(PROXY, &fields), Ok(Some(told)));
    }

    #[test]
    fn what_the_client_wrote_itself_stands_left_of_what_a_trusted_proxy_wrote() {
        for (list, client) in [
            ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
            ("6.6.6.6, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
            ("nonsense, 192.0.2.1", "192.0.2.1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("192.0.2.1:55", "192.0.2.1"),
            ("[2001:db8::1]:55", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(address(PROXY, &[("x-forwarded-for", list)]), client, "{list}");
        }
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(address(PROXY, &lines), "192.0.2.1");
        assert_eq!(ask(PROXY, &[]), Ok(None), "it names nobody");
    }

    #[test]
    fn the_standard_s_field_is_understood_with_its_quotes() {
        for (field, client) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("for=6.6.6.6, For=\"192.0.2.1:80\";proto=https;by=10.0.0.1", "192.0.2.1"),
            ("for=\"[2001:db8::1]\", for=10.0.0.2", "2001:db8::1"),
            ("by=\"a,b;c\";for=192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(address(PROXY, &[("forwarded", field)]), client, "{field}");
        }
        assert!(ask(PROXY, &[("forwarded", "for=192.0.2.1;proto=https")]).unwrap().unwrap().is_https);
    }

    #[test]
    fn what_says_nothing_or_two_things_is_refused() {
        for fields in [
            &[("x-forwarded-for", "unknown")][..],
            &[("x-forwarded-for", "192.0.2.1, ")],
            &[("x-forwarded-for", "")],
            &[("x-forwarded-for", "nonsense, 10.0.0.2")],
            &[("forwarded", "for=_hidden")],
            &[("forwarded", "proto=https")],
            &[("forwarded", "for=\"192.0.2.1")],
            &[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=6.6.6.6")],
        ] {
            assert_eq!(ask(PROXY, fields), Err(Code::MalformedRequest), "{fields:?}");
        }
    }
}
