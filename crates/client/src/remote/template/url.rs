use super::Occasion;
use super::fault::{Fault, Unsayable};
use super::percent::write_within_encoded;
use super::placeholder::{Filling, Placeholder};
use super::secret::hide_in_pairs;
use super::text::Pieces;
use crate::remote::percent::is_encoded;

/// Where a request goes: what is fixed, and a path and a query with placeholders.
pub(super) struct UrlTemplate {
    base: Box<str>,
    /// What follows each `/`.
    segments: Vec<Pieces>,
    query: Option<Pieces>,
}

/// Longer ones are refused by most servers.
const TARGET_LEN_MAX: usize = 8_000;

impl UrlTemplate {
    pub(super) fn parse(text: &str, occasion: Occasion) -> Result<Self, Fault> {
        let (scheme, rest) = text.split_once("://").ok_or(Fault::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(Fault::Scheme);
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !is_authority(authority) {
            return Err(Fault::Authority);
        }
        if target.contains('#') {
            return Err(Fault::Fragment);
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(Pieces::parse(query, occasion)?)),
            None => (target, None),
        };
        let path = Pieces::parse(path.strip_prefix('/').unwrap_or(path), occasion)?;
        let texts = path.texts().chain(query.iter().flat_map(Pieces::texts));
        if !texts.into_iter().all(is_of_url) {
            return Err(Fault::UrlCharacter);
        }
        let base = format!("{scheme}://{}", authority.to_ascii_lowercase()).into();
        Ok(Self { base, segments: path.split('/'), query })
    }

    /// The scheme, the host and the port.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.segments.iter().chain(&self.query).flat_map(Pieces::placeholders)
    }

    /// The path and the query, to which parameters may be added.
    pub(super) fn render(&self, params: &str, filling: Filling<'_>) -> Result<String, Unsayable> {
        let mut target = String::new();
        for segment in &self.segments {
            target.push('/');
            let start = target.len();
            write_within_encoded(&mut target, segment, filling);
            let written = target.get(start..).unwrap_or_default();
            if segment.placeholders().next().is_some() && means_another_path(written) {
                return Err(Unsayable::Segment);
            }
        }
        let start = target.len();
        if let Some(query) = &self.query {
            target.push('?');
            write_within_encoded(&mut target, query, filling);
        }
        if !params.is_empty() {
            let has_query = target.get(start..).is_some_and(|query| query.len() > 1);
            target.push_str(match (has_query, &self.query) {
                (true, _) => "&",
                (false, Some(_)) => "",
                (false, None) => "?",
            });
            target.push_str(params);
        }
        if target.len() > TARGET_LEN_MAX {
            return Err(Unsayable::TooLong);
        }
        if filling.hides {
            target = hide_in_pairs(&target);
        }
        Ok(target)
    }
}

/// What servers take for no segment, for this one or for the one above.
fn means_another_path(segment: &str) -> bool {
    let dots = segment.replace("%2e", ".").replace("%2E", ".");
    matches!(&*dots, "" | "." | "..")
}

/// `host`, `host:port`, `[::1]`, `[::1]:port`.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
            (true, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').unwrap_or_default()) })
        }
        Some(_) => (false, None),
        None => {
            let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
            let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
            (!host.is_empty() && host.chars().all(is_of_name), port)
        }
    };
    let is_port = |port: &str| {
        port.chars().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    host && port.is_none_or(is_port)
}

/// `pchar`, `/` and `?` (RFC 3986 §3.3, §3.4).
fn is_of_url(text: &str) -> bool {
    let is_of_url = |letter: char| letter.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(letter);
    text.chars().all(is_of_url) && is_encoded(text)
}
