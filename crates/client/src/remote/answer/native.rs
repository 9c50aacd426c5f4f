//! Answers of our own authentication service.

use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vouchmq_identity::acl::{Acl, AclRule, Action, CarriedAcl, Effect, Names, TopicPattern};
use vouchmq_identity::{Denial, UnixMillis};

use super::fault::{NotUnderstood, RuleFault};
use super::rules::RULES_MAX;
use super::{Carried, LoginAnswer};
use crate::dto::verify::{AclAction, AclEntry, AclPermission, Decision, Reason, VerifyResponse};

/// What one answer of the native endpoints means.
///
/// # Errors
/// [`NotUnderstood`]: it is not as it must be, or the service cannot decide now.
pub fn native(answer: VerifyResponse) -> Result<LoginAnswer, NotUnderstood> {
    match answer.decision {
        Decision::Allow => carried(&answer).map(LoginAnswer::Allow),
        Decision::Deny => Ok(LoginAnswer::Deny(match answer.reason {
            Some(Reason::BadCredential) => Denial::ServiceBadCredential,
            Some(Reason::NotAllowed) | None => Denial::ServiceNotAllowed,
        })),
        Decision::NotMine => Ok(LoginAnswer::NotMine),
        Decision::Unavailable => Err(NotUnderstood::Unavailable),
    }
}

fn carried(answer: &VerifyResponse) -> Result<Carried, NotUnderstood> {
    // Nobody is let in whose rules are not known.
    let acl = acl_of(answer.acl.as_deref().ok_or(NotUnderstood::Acl)?)?;
    let expires_at = answer.expires_at.as_deref().map(time_of).transpose()?;
    Ok(Carried { acl: Some(acl), expires_at, ..Carried::default() })
}

fn acl_of(entries: &[AclEntry]) -> Result<CarriedAcl, NotUnderstood> {
    if entries.len() > RULES_MAX {
        return Err(NotUnderstood::TooManyRules { max: RULES_MAX });
    }
    let rules = entries.iter().enumerate().map(|(index, entry)| {
        // Names are filled in already: what looks like a variable came from a name.
        let pattern = TopicPattern::without_variables(&entry.topic)
            .map_err(|_| NotUnderstood::Rule { number: index.saturating_add(1), fault: RuleFault::Topic })?;
        let effect = match entry.permission {
            AclPermission::Allow => Effect::Allow,
            AclPermission::Deny => Effect::Deny,
        };
        let action = match entry.action {
            AclAction::Publish => Action::Publish,
            AclAction::Subscribe => Action::Subscribe,
            AclAction::All => Action::Both,
        };
        Ok(AclRule { effect, action, pattern })
    });
    let acl = rules.collect::<Result<Acl, NotUnderstood>>()?;
    Ok(CarriedAcl::Native(Arc::new(acl.rules_of(&Names::default()))))
}

/// In whole milliseconds, cut off.
fn time_of(text: &str) -> Result<UnixMillis, NotUnderstood> {
    let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotUnderstood::Expiry)?;
    let millis =
        at.unix_timestamp_nanos().checked_div(1_000_000).and_then(|millis| u64::try_from(millis).ok());
    millis.map(UnixMillis::new).ok_or(NotUnderstood::Expiry)
}
