//! Paths of the API: what people typed becomes a part of one, and nothing else.

use std::fmt::Write;

/// A path with its query.
#[derive(Clone, Debug)]
pub(super) struct ApiPath {
    path: String,
    query: Vec<(&'static str, String)>,
    /// Where a list begins: only its first page is asked for so.
    start: Option<(&'static str, String)>,
}

impl ApiPath {
    /// A resource, or one of it: `["devices", id]`.
    pub(super) fn to(parts: &[&str]) -> Self {
        let mut path = String::from("/v1");
        for part in parts {
            path.push('/');
            encode(part, &mut path);
        }
        Self { path, query: Vec::new(), start: None }
    }

    /// An action on it.
    pub(super) fn action(mut self, action: &str) -> Self {
        self.path.push(':');
        self.path.push_str(action);
        self
    }

    /// An action that is answered when all nodes have applied it.
    pub(super) fn applied(self, action: &str) -> Self {
        self.action(action).waiting(true)
    }

    /// A change that is answered when all nodes have applied it, if somebody waits for that.
    pub(super) fn waiting(self, is_waiting: bool) -> Self {
        self.with("wait", is_waiting.then_some("applied"))
    }

    /// A parameter, if there is a value for it.
    pub(super) fn with(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        self.query.extend(value.map(|value| (name, value.into())));
        self
    }

    /// A parameter that says where a list begins.
    pub(super) fn from(mut self, name: &'static str, value: Option<u64>) -> Self {
        self.start = value.map(|value| (name, value.to_string()));
        self
    }

    /// The page behind `cursor`, or the first one.
    pub(super) fn page(&self, cursor: Option<&str>) -> String {
        let mut page = self.clone().with("limit", Some(PAGE_LEN));
        match cursor {
            Some(cursor) => page.query.push(("cursor", cursor.to_owned())),
            None => page.query.extend(page.start.take()),
        }
        page.text()
    }

    /// As it stands in a request.
    pub(super) fn text(&self) -> String {
        let mut text = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            encode(value, &mut text);
        }
        text
    }
}

/// The longest that the API gives.
const PAGE_LEN: &str = "200";

/// Everything but the unreserved characters of RFC 3986 in percent signs.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stays_in_its_place() {
        let path = ApiPath::to(&["devices", "a/../b?c#d:suspend ü"]).applied("suspend");
        assert_eq!(path.text(), "/v1/devices/a%2F..%2Fb%3Fc%23d%3Asuspend%20%C3%BC:suspend?wait=applied");
        let path = ApiPath::to(&["devices"]).with("tag", Some("a&b=c:d")).with("q", None::<String>);
        assert_eq!(path.text(), "/v1/devices?tag=a%26b%3Dc%3Ad");
    }

    #[test]
    fn only_the_first_page_is_asked_for_by_where_it_begins() {
        let path = ApiPath::to(&["audit"]).with("x", Some("y")).from("after", Some(7));
        assert_eq!(path.page(None), "/v1/audit?x=y&limit=200&after=7");
        assert_eq!(path.page(Some("Mg")), "/v1/audit?x=y&limit=200&cursor=Mg");
    }
}
