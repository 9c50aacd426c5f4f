use super::json::{Json, Members, member};
use super::{LEEWAY_SECS_MAX, Policy, TokenFault};
use crate::UnixMillis;
use crate::model::{Rights, Role, Scope};

/// What a token says that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whom it is about (`sub`).
    pub subject: Option<Box<str>>,
    /// Who issued it (`iss`).
    pub issuer: Option<Box<str>>,
    /// Its own name (`jti`).
    pub id: Option<Box<str>>,
    /// What it opens.
    pub rights: Rights,
    /// It opens nothing from this time on (`exp`).
    pub expires_at: UnixMillis,
}

/// The end of the year 9999: what is later is no time in seconds, but in something else.
const SECS_MAX: u64 = 253_402_300_799;
/// Names and words of one token.
const TEXT_LEN_MAX: usize = 256;
const LIST_LEN_MAX: usize = 64;

impl Claims {
    /// Of a token whose signature is right.
    pub(super) fn of(members: &Members, now: UnixMillis, policy: &Policy) -> Result<Self, TokenFault> {
        let expires_at = check_times(members, now, policy)?;
        let issuer = text(members, "iss")?;
        if policy.issuer.is_some() && policy.issuer.as_deref() != issuer {
            return Err(TokenFault::Issuer);
        }
        check_audience(members, policy)?;
        Ok(Self {
            subject: text(members, "sub")?.map(Into::into),
            issuer: issuer.map(Into::into),
            id: text(members, "jti")?.map(Into::into),
            rights: rights(members, policy)?,
            expires_at,
        })
    }
}

fn check_times(members: &Members, now: UnixMillis, policy: &Policy) -> Result<UnixMillis, TokenFault> {
    let now = now.millis() / 1000;
    let leeway = policy.leeway_secs.min(LEEWAY_SECS_MAX);
    let end = time(members, "exp")?.ok_or(TokenFault::Claims)?;
    let issued = time(members, "iat")?;
    if policy.needs_issued_at && issued.is_none() {
        return Err(TokenFault::Claims);
    }
    if now >= end.saturating_add(leeway) {
        return Err(TokenFault::Expired);
    }
    let begins = [time(members, "nbf")?, issued];
    if begins.into_iter().flatten().any(|begin| begin > now.saturating_add(leeway)) {
        return Err(TokenFault::Early);
    }
    if let Some(max) = policy.lifetime_secs_max
        && end.saturating_sub(issued.unwrap_or(now)) > max
    {
        return Err(TokenFault::Lifetime);
    }
    Ok(UnixMillis::new(end.saturating_add(leeway).saturating_mul(1000)))
}

fn check_audience(members: &Members, policy: &Policy) -> Result<(), TokenFault> {
    let named: Vec<&str> = match member(members, "aud") {
        None => Vec::new(),
        Some(Json::Text(one)) => vec![one],
        Some(Json::List(items)) => texts(items)?,
        Some(_) => return Err(TokenFault::Claims),
    };
    let is_for_us = match &policy.audience {
        Some(audience) => named.contains(&&**audience),
        // It is for somebody else, who is not us (RFC 7519, 4.1.3).
        None => named.is_empty(),
    };
    if is_for_us { Ok(()) } else { Err(TokenFault::Audience) }
}

/// Roles and scopes of others are no fault, and open nothing.
fn rights(members: &Members, policy: &Policy) -> Result<Rights, TokenFault> {
    let role = text(members, &policy.role_claim)?;
    let names = policy.scope_claim.as_deref().map_or(&["scope", "scopes"] as &[_], |_| &[]);
    let mut words: Vec<&str> = Vec::new();
    let mut is_said = role.is_some();
    for name in names.iter().copied().chain(policy.scope_claim.as_deref()) {
        match member(members, name) {
            None => continue,
            Some(Json::Text(text)) => words.extend(text.split(' ').filter(|word| !word.is_empty())),
            Some(Json::List(items)) => words.extend(texts(items)?),
            Some(_) => return Err(TokenFault::Claims),
        }
        is_said = true;
    }
    if !is_said {
        return Ok(policy.unsaid.clone());
    }
    let role = role.and_then(|word| word.parse::<Role>().ok());
    Ok(Rights::new(role, words.into_iter().filter_map(|word| word.parse::<Scope>().ok())))
}

fn time(members: &Members, name: &str) -> Result<Option<u64>, TokenFault> {
    match member(members, name) {
        None => Ok(None),
        Some(Json::Whole(secs)) if *secs <= SECS_MAX => Ok(Some(*secs)),
        Some(_) => Err(TokenFault::Claims),
    }
}

fn text<'a>(members: &'a Members, name: &str) -> Result<Option<&'a str>, TokenFault> {
    match member(members, name) {
        None => Ok(None),
        Some(Json::Text(text)) if text.len() <= TEXT_LEN_MAX => Ok(Some(text)),
        Some(_) => Err(TokenFault::Claims),
    }
}

fn texts(items: &[Json]) -> Result<Vec<&str>, TokenFault> {
    if items.len() > LIST_LEN_MAX {
        return Err(TokenFault::Claims);
    }
    items.iter().map(|item| item.text().ok_or(TokenFault::Claims)).collect()
}
