//! What answers mean. Whatever is not understood is a failure: it allows nothing, and denies nobody for good.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::Value;
use vouchmq_identity::acl::{CarriedAcl, Said};
use vouchmq_identity::{Denial, UnixMillis};

use super::options::AnswerMode;
use crate::transport::Answer;
use fields::Fields;

mod fault;
mod fields;
mod lifetime;
mod native;
mod rules;
mod strict;

#[cfg(test)]
mod tests;

pub use fault::{NotUnderstood, RuleFault};
pub use native::native;

/// What a service says about a client that wants to connect.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum LoginAnswer {
    /// It is who it says, and may connect.
    Allow(Carried),
    /// It may not connect.
    Deny(Denial),
    /// The service does not know it: others may.
    NotMine,
}

/// What came with a login.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carried {
    /// Whether the client may do everything.
    pub is_superuser: bool,
    /// What it may do; `None`: others say.
    pub acl: Option<CarriedAcl>,
    /// When the verdict ends; `None`: never.
    pub expires_at: Option<UnixMillis>,
    /// What the service says of it, name and value.
    pub attributes: Vec<Attribute>,
    /// For how long the answer may be used again, if it says so.
    pub max_age: Option<Duration>,
}

/// What a service says of a client: name and value.
pub type Attribute = (Box<str>, Box<str>);

/// What status and `result` say.
enum Outcome {
    /// With the members of the body, where there is one.
    Allow(Option<Fields>),
    Deny(Denial),
    Ignore,
    /// Understood, but for a `result`.
    NoResult(Fields),
}

/// Attributes of one client.
const ATTRIBUTES_MAX: usize = 64;
/// And all their bytes.
const ATTRIBUTES_LEN_MAX: usize = 16 * 1024;

/// What an answer to `auth_req` means.
///
/// # Errors
/// [`NotUnderstood`]: it says nothing that is known.
pub fn login(mode: &AnswerMode, answer: &Answer, now: UnixMillis) -> Result<LoginAnswer, NotUnderstood> {
    Ok(match outcome(mode, answer)? {
        Outcome::Allow(fields) => {
            let carried = fields.map_or(Ok(Carried::default()), |fields| carried(&fields, now))?;
            LoginAnswer::Allow(Carried { max_age: lifetime::max_age(&answer.headers), ..carried })
        }
        Outcome::Deny(denial) => LoginAnswer::Deny(denial),
        Outcome::Ignore | Outcome::NoResult(_) => LoginAnswer::NotMine,
    })
}

/// What an answer to `super_req` means: whether the client is a superuser. `is_superuser` says it, too.
///
/// # Errors
/// [`NotUnderstood`]: it says nothing that is known.
pub fn superuser(mode: &AnswerMode, answer: &Answer) -> Result<bool, NotUnderstood> {
    match outcome(mode, answer)? {
        Outcome::Allow(fields) => {
            let said = fields.map_or(Ok(None), |fields| is_superuser(&fields))?;
            Ok(said.unwrap_or(true))
        }
        Outcome::Deny(_) | Outcome::Ignore => Ok(false),
        Outcome::NoResult(fields) => is_superuser(&fields)?.ok_or(NotUnderstood::NoResult),
    }
}

/// What an answer to `acl_req` means.
///
/// # Errors
/// [`NotUnderstood`]: it says nothing that is known.
pub fn permission(mode: &AnswerMode, answer: &Answer) -> Result<Said, NotUnderstood> {
    match outcome(mode, answer)? {
        Outcome::Allow(_) => Ok(Said::Allow),
        Outcome::Deny(_) => Ok(Said::Deny),
        Outcome::Ignore => Ok(Said::Nothing),
        Outcome::NoResult(_) => Err(NotUnderstood::NoResult),
    }
}

fn outcome(mode: &AnswerMode, answer: &Answer) -> Result<Outcome, NotUnderstood> {
    match (answer.status, mode) {
        (StatusCode::UNAUTHORIZED, _) => Ok(Outcome::Deny(Denial::ServiceBadCredential)),
        (StatusCode::FORBIDDEN, _) => Ok(Outcome::Deny(Denial::ServiceNotAllowed)),
        (StatusCode::OK, AnswerMode::Status) | (StatusCode::NO_CONTENT, AnswerMode::Json) => {
            Ok(Outcome::Allow(None))
        }
        (StatusCode::OK, AnswerMode::Json) => {
            let fields = Fields::of(answer)?;
            match fields.result()? {
                None => Ok(Outcome::NoResult(fields)),
                Some("allow") => Ok(Outcome::Allow(Some(fields))),
                Some("deny") => Ok(Outcome::Deny(Denial::ServiceNotAllowed)),
                Some("ignore") => Ok(Outcome::Ignore),
                Some(_) => Err(NotUnderstood::UnknownResult),
            }
        }
        (StatusCode::OK, AnswerMode::JsonResult(wanted)) => {
            let fields = Fields::of(answer)?;
            match fields.result()? {
                None => Err(NotUnderstood::NoResult),
                Some(result) if *result == **wanted => Ok(Outcome::Allow(Some(fields))),
                Some(_) => Ok(Outcome::Deny(Denial::ServiceNotAllowed)),
            }
        }
        (status, _) => Err(NotUnderstood::Status(status.as_u16())),
    }
}

fn carried(fields: &Fields, now: UnixMillis) -> Result<Carried, NotUnderstood> {
    Ok(Carried {
        is_superuser: is_superuser(fields)?.unwrap_or(false),
        acl: fields.get("acl").map(rules::acl_of).transpose()?,
        expires_at: fields.get("expire_at").map(|value| lifetime::expiry(value, now)).transpose()?,
        attributes: fields.get("client_attrs").map_or(Ok(Vec::new()), attributes)?,
        ..Carried::default()
    })
}

fn is_superuser(fields: &Fields) -> Result<Option<bool>, NotUnderstood> {
    fields.get("is_superuser").map(|value| truth(value).ok_or(NotUnderstood::Superuser)).transpose()
}

/// `true`, `1`, `"1"`, `"true"`, and their opposites.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => match number.as_u64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Value::String(text) => match &**text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// As with EMQX, what is no text, or has a strange name, is left out.
fn attributes(value: &Value) -> Result<Vec<Attribute>, NotUnderstood> {
    let Value::Object(members) = value else { return Err(NotUnderstood::Attributes) };
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    let texts = members.iter().filter_map(|(name, value)| Some((&**name, value.as_str()?)));
    let attributes: Vec<Attribute> =
        texts.filter(|(name, _)| is_name(name)).map(|(name, value)| (name.into(), value.into())).collect();
    let len: usize = attributes.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum();
    if attributes.len() > ATTRIBUTES_MAX || len > ATTRIBUTES_LEN_MAX {
        return Err(NotUnderstood::Attributes);
    }
    Ok(attributes)
}
