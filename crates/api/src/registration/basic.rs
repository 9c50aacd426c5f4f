use axum::http::{HeaderMap, HeaderValue, header};
use base64ct::{Base64, Encoding};
use secrecy::SecretSlice;
use vouchmq_identity::model::DeviceId;

use crate::http::{Code, Problem};

/// What somebody shows by HTTP Basic (RFC 7617).
pub(super) struct Basic {
    pub(super) device: DeviceId,
    pub(super) password: SecretSlice<u8>,
}

/// Longer texts are nobody's.
const BASIC_LEN_MAX: usize = 1024;

impl Basic {
    /// Reads `Authorization`; `None` if it is not a device id and a password.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next()?.to_str().ok().filter(|value| value.len() <= BASIC_LEN_MAX)?;
        let (scheme, text) = value.split_once(' ')?;
        if values.next().is_some() || !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let bytes = Base64::decode_vec(text).ok()?;
        let at = bytes.iter().position(|byte| *byte == b':')?;
        let (name, password) = bytes.split_at(at);
        let device = std::str::from_utf8(name).ok()?.parse().ok()?;
        let password = SecretSlice::from(password.get(1..)?.to_vec());
        Some(Self { device, password })
    }
}

/// 401, with what is wanted.
pub(super) fn unauthenticated() -> Problem {
    let detail = "send Authorization: Basic with the device id and its current secret";
    let wanted = HeaderValue::from_static("Basic realm=\"vouchmq\", charset=\"UTF-8\"");
    Problem::new(Code::Unauthenticated, detail).with_header(header::WWW_AUTHENTICATE, wanted)
}
