//! What a request tells of a client: another answer is the answer to another question.

use super::options::{Content, RequestOptions, Template};

/// What requests tell of a client beside its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a placeholder that is there or not")]
pub(super) struct Tells {
    /// Its password.
    pub(super) password: bool,
    /// Its address.
    pub(super) peer: bool,
    /// Its port.
    pub(super) peer_port: bool,
    /// Its certificate.
    pub(super) certificate: bool,
    /// Its listener, or the port of that.
    pub(super) listener: bool,
    /// Its protocol.
    pub(super) protocol: bool,
}

impl Tells {
    /// What this one tells, or more.
    pub(super) fn of(request: &RequestOptions) -> Self {
        let params = match &request.content {
            Content::Params(params) => params.as_slice(),
            Content::Nothing | Content::Body(_) => &[],
        };
        let body = match &request.content {
            Content::Body(body) => Some(body.text()),
            Content::Nothing | Content::Params(_) => None,
        };
        let values = request.headers.iter().chain(params).map(|(_, value)| Template::text(value));
        let texts: Vec<&str> = request.urls.iter().map(|url| &**url).chain(values).chain(body).collect();
        let has = |names: &[&str], letters: &[char]| {
            let is_named = |text: &&str| names.iter().any(|name| text.contains(&format!("${{{name}}}")));
            let is_lettered = |(_, value): &(Box<str>, Template)| {
                value.text().strip_prefix('%').is_some_and(|rest| rest.starts_with(letters))
            };
            texts.iter().any(is_named) || params.iter().any(is_lettered)
        };
        Self {
            password: has(&["password", "password_b64"], &['P']),
            peer: has(&["peerhost"], &['a']),
            peer_port: has(&["peerport"], &[]),
            certificate: has(&["cert_common_name", "cert_subject"], &['C', 'd']),
            listener: has(&["listener"], &['p']),
            protocol: has(&["proto"], &['r']),
        }
    }

    /// What either tells.
    pub(super) const fn or(self, other: Self) -> Self {
        Self {
            password: self.password || other.password,
            peer: self.peer || other.peer,
            peer_port: self.peer_port || other.peer_port,
            certificate: self.certificate || other.certificate,
            listener: self.listener || other.listener,
            protocol: self.protocol || other.protocol,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::options::RequestMethod;

    fn request(url: &str, params: &[(&str, &str)]) -> RequestOptions {
        RequestOptions {
            urls: vec![url.into()],
            method: RequestMethod::Post,
            headers: vec![("x-from".into(), "${cert_subject}".into())],
            content: Content::Params(
                params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            ),
            tls: vouchmq_tls::ClientOptions::default(),
        }
    }

    #[test]
    fn whatever_stands_in_a_request_is_told_by_it() {
        let told =
            Tells::of(&request("http://h/${peerport}", &[("a", "%a"), ("b", "${proto}"), ("c", "%P")]));
        let expected = Tells {
            password: true,
            peer: true,
            peer_port: true,
            certificate: true,
            listener: false,
            protocol: true,
        };
        assert_eq!(told, expected);
        let plain = Tells::of(&request("http://h/", &[("p", "%p"), ("text", "100%a")]));
        assert_eq!(plain, Tells { listener: true, certificate: true, ..Tells::default() });
    }
}
