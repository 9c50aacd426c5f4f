//! The native endpoints: JSON, signed both ways.

use std::net::IpAddr;

use base64ct::{Base64, Encoding};
use secrecy::SecretSlice;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vouchmq_client::dto::verify::{
    AclAction, AclEntry, AclPermission, BATCH_MAX, Decision, Reason, VerifyRequest, VerifyResponse,
};
use vouchmq_identity::acl::{Action, Effect, Rules};
use vouchmq_identity::resident::Judgement;
use vouchmq_identity::{AuthRequest, OutwardDenial, UnixMillis, Verdict};

use crate::http::{Code, Problem};

pub(super) mod batch;
pub(super) mod changes;
pub(super) mod reconsider;
pub(super) mod signed;
pub(super) mod verify;

/// What is judged; `pointer` is where it stands in the body.
fn request_of(item: VerifyRequest, pointer: &str) -> Result<AuthRequest, Problem> {
    let invalid = |field, detail| invalid(pointer, field, detail);
    let VerifyRequest { clientid, username, password, password_b64, peerhost } = item;
    let password = match (password, password_b64) {
        (Some(_), Some(_)) => return Err(invalid("password_b64", "give password or password_b64, not both")),
        (Some(password), None) => Some(SecretSlice::from(password.into_bytes())),
        (None, Some(encoded)) => {
            let encoded = SecretSlice::from(encoded.into_bytes());
            Some(decoded(&encoded).ok_or_else(|| invalid("password_b64", "not base64 with padding"))?)
        }
        (None, None) => None,
    };
    let peer = peer_of(peerhost.as_deref(), pointer)?;
    Ok(AuthRequest {
        client_id: clientid.into(),
        username: username.map(Into::into),
        password,
        peer,
        certificate: None,
        arrival: Default::default(),
    })
}

fn peer_of(peerhost: Option<&str>, pointer: &str) -> Result<Option<IpAddr>, Problem> {
    let peer = peerhost.map(str::parse).transpose();
    peer.map_err(|_| invalid(pointer, "peerhost", "not an IP address"))
}

fn invalid(pointer: &str, field: &str, detail: &str) -> Problem {
    let pointer = format!("{pointer}/{field}");
    Problem::new(Code::Invalid, format!("{pointer}: {detail}")).with_error(pointer, "invalid", detail)
}

/// So many at once and no more.
fn bound(count: usize) -> Result<(), Problem> {
    if count <= BATCH_MAX {
        return Ok(());
    }
    let detail = format!("/items: at most {BATCH_MAX}");
    Err(Problem::new(Code::Invalid, detail.clone()).with_error("/items", "too_many", detail))
}

fn decoded(encoded: &SecretSlice<u8>) -> Option<SecretSlice<u8>> {
    use secrecy::ExposeSecret;
    let text = std::str::from_utf8(encoded.expose_secret()).ok()?;
    Base64::decode_vec(text).ok().map(SecretSlice::from)
}

/// What is answered.
fn response_of(judgement: Judgement) -> VerifyResponse {
    let Judgement { verdict, device, proven, allowed, as_of } = judgement;
    let nothing = |decision| VerifyResponse {
        decision,
        reason: None,
        device_id: None,
        credential_id: None,
        acl: None,
        expires_at: None,
        as_of,
    };
    match (verdict, allowed) {
        (Verdict::Allow(allowance), Some(allowed)) => VerifyResponse {
            device_id: device.map(|device| device.to_string()),
            credential_id: proven.map(|proven| proven.credential.to_string()),
            acl: Some(acl_of(&allowed.rules).collect()),
            expires_at: allowance.expires_at.map(rfc3339),
            ..nothing(Decision::Allow)
        },
        // Nobody is let in whose rules are not known.
        (Verdict::Allow(_) | Verdict::Unavailable(_), _) => nothing(Decision::Unavailable),
        (Verdict::NotMine, _) => nothing(Decision::NotMine),
        (Verdict::Deny(denial), _) => {
            let reason = match denial.outward() {
                OutwardDenial::BadCredential => Reason::BadCredential,
                OutwardDenial::NotAllowed => Reason::NotAllowed,
            };
            VerifyResponse { reason: Some(reason), ..nothing(Decision::Deny) }
        }
    }
}

/// Rules as others are told them: what is denied first.
pub(super) fn acl_of(rules: &Rules) -> impl Iterator<Item = AclEntry> {
    rules.entries().map(|(effect, action, filter)| AclEntry {
        permission: match effect {
            Effect::Allow => AclPermission::Allow,
            Effect::Deny => AclPermission::Deny,
        },
        action: match action {
            Action::Publish => AclAction::Publish,
            Action::Subscribe => AclAction::Subscribe,
            Action::Both => AclAction::All,
        },
        topic: filter.to_string(),
    })
}

/// In whole milliseconds; what is beyond the calendar is the end of it.
fn rfc3339(at: UnixMillis) -> String {
    let nanos = i128::from(at.millis()).saturating_mul(1_000_000);
    let text = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|at| at.format(&Rfc3339).ok());
    text.unwrap_or_else(|| "9999-12-31T23:59:59Z".to_owned())
}
