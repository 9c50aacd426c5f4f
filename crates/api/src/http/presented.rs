use std::fmt;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64ct::{Base64, Encoding};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// By what somebody says who they are. A header goes before a certificate: who sends one means it.
#[derive(Clone)]
pub enum Presented {
    /// `Authorization: Bearer`: the administrator's token, an API key, a signed token.
    Bearer(SecretString),
    /// `Authorization: Basic` (RFC 7617), in UTF-8.
    Basic {
        /// The user name; without a colon.
        user: Box<str>,
        /// The password.
        password: SecretString,
        /// As below.
        is_direct: bool,
    },
    /// The certificate of the TLS connection, which is verified.
    Certificate(vouchmq_tls::Peer),
    /// Nothing.
    Nothing {
        /// Whether nobody stands between who asks and this listener, as far as the request tells.
        is_direct: bool,
    },
}

/// `Authorization` is there and cannot be read, or is there twice: that is nobody, whatever else is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A longer text is nobody's: room for a signed token.
const LEN_MAX: usize = 8 * 1024;
/// Of a user name and a password together, in base64.
const BASIC_LEN_MAX: usize = 2 * 1024;

/// What proxies put into requests.
const BY_PROXIES: [&str; 7] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
];

impl Presented {
    /// What a request presents.
    pub(super) fn by(parts: &Parts) -> Result<Self, Unreadable> {
        let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            let peer = parts.extensions.get::<vouchmq_tls::Peer>();
            let certified = peer.filter(|peer| peer.certificate().is_some());
            let nothing = || Self::Nothing { is_direct: is_direct(&parts.headers) };
            return Ok(certified.cloned().map_or_else(nothing, Self::Certificate));
        };
        if values.next().is_some() {
            return Err(Unreadable);
        }
        let text = value.to_str().map_err(|_| Unreadable)?;
        let (scheme, text) = text.split_once(' ').ok_or(Unreadable)?;
        if scheme.eq_ignore_ascii_case("bearer") && (1..=LEN_MAX).contains(&text.len()) {
            return Ok(Self::Bearer(SecretString::from(text)));
        }
        if scheme.eq_ignore_ascii_case("basic") && text.len() <= BASIC_LEN_MAX {
            return basic(text, is_direct(&parts.headers)).ok_or(Unreadable);
        }
        Err(Unreadable)
    }

    /// Whether it has the form of a signed token: three parts with dots between them. Neither an API key nor the token
    /// that is made for the administrator has it.
    pub(crate) fn looks_signed(&self) -> bool {
        let Self::Bearer(bearer) = self else { return false };
        bearer.expose_secret().bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Whether a browser sends it by itself, to whatever page asks it to.
    pub(super) const fn is_ambient(&self) -> bool {
        !matches!(self, Self::Bearer(_))
    }
}

fn basic(text: &str, is_direct: bool) -> Option<Presented> {
    let bytes = Zeroizing::new(Base64::decode_vec(text).ok()?);
    let (user, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(Presented::Basic { user: user.into(), password: SecretString::from(password), is_direct })
}

fn is_direct(headers: &HeaderMap) -> bool {
    !BY_PROXIES.iter().any(|name| headers.contains_key(*name))
}

/// Whether a page of another site has a browser ask.
pub(super) fn is_of_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return false };
    let host = text("host").unwrap_or_default();
    origin.split_once("://").is_none_or(|(_, of)| host.is_empty() || !of.eq_ignore_ascii_case(host))
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(..)",
            Self::Basic { .. } => "Basic(..)",
            Self::Certificate(_) => "Certificate(..)",
            Self::Nothing { .. } => "Nothing",
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn presented(headers: &[(&str, &str)]) -> Result<Presented, Unreadable> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Presented::by(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn what_cannot_be_read_is_nobody_and_not_nothing() {
        let long = format!("Bearer {}", "x".repeat(LEN_MAX + 1));
        for bad in ["", "Bearer", "Bearer ", "Digest x", "Basic !!!", "Basic YQ==", "Basic gDph", &long] {
            assert_eq!(presented(&[("authorization", bad)]).unwrap_err(), Unreadable, "{bad}");
        }
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer a")];
        assert_eq!(presented(&twice).unwrap_err(), Unreadable);
    }

    #[test]
    fn a_password_may_have_colons_and_a_user_name_may_not() {
        let Ok(Presented::Basic { user, password, .. }) = presented(&[("authorization", "basic dTpwOnc=")])
        else {
            panic!("not read")
        };
        assert_eq!((&*user, password.expose_secret()), ("u", "p:w"));
    }

    #[test]
    fn a_request_that_a_proxy_touched_is_not_direct() {
        let is_direct = |headers: &[(&str, &str)]| {
            let Ok(Presented::Nothing { is_direct }) = presented(headers) else { panic!("something") };
            is_direct
        };
        assert!(is_direct(&[("host", "localhost")]));
        for name in BY_PROXIES {
            assert!(!is_direct(&[(name, "")]), "{name}");
            let login = presented(&[("authorization", "basic dTpwOnc="), (name, "")]);
            assert!(matches!(login, Ok(Presented::Basic { is_direct: false, .. })), "{name}");
        }
    }

    #[test]
    fn what_was_made_here_is_no_signed_token() {
        let looks = |text: &str| Presented::Bearer(SecretString::from(text)).looks_signed();
        assert!(looks("a.b.c") && !looks("vmqk1_AAAAAAAA_key_check") && !looks("a.b") && !looks("a.b.c.d"));
    }

    #[test]
    fn a_page_of_another_site_is_told_by_what_browsers_say() {
        let is_foreign = |headers: &[(&str, &str)]| {
            let mut request = Request::builder().header("host", "localhost:8081");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            is_of_another_site(request.body(()).unwrap().headers())
        };
        assert!(!is_foreign(&[]) && !is_foreign(&[("origin", "http://localhost:8081")]));
        assert!(
            !is_foreign(&[("sec-fetch-site", "same-origin")]) && !is_foreign(&[("sec-fetch-site", "none")])
        );
        for (name, value) in [
            ("origin", "null"),
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:8082"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(is_foreign(&[(name, value)]), "{name}: {value}");
        }
    }
}
