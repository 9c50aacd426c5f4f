use secrecy::{ExposeSecret, SecretString};
use vouchmq_identity::UnixMillis;
use vouchmq_identity::jwt::Claims;

use super::Tokens;
use crate::http::{Login, Principal, Refusal, Stranger};

/// What can stand in the audit log.
const NAME_LEN_MAX: usize = 256;

impl Tokens {
    /// Who has shown this.
    pub(super) fn holder(&self, bearer: &SecretString, now: UnixMillis) -> Result<Principal, Refusal> {
        let claims = self.keys.verify(bearer.expose_secret(), now, &self.policy);
        let claims = claims.map_err(|fault| Stranger::because(fault.as_str()))?;
        let name = name_of(&claims).ok_or(Stranger::because("token_name_too_long"))?;
        let Claims { rights, expires_at, .. } = claims;
        Ok(Principal { name, login: Login::Token, rights, expires_at: Some(expires_at) })
    }
}

/// `jwt:SUBJECT@ISSUER`, with `%XX` for what would make it another name.
fn name_of(claims: &Claims) -> Option<Box<str>> {
    let (subject, issuer) = (claims.subject.as_deref(), claims.issuer.as_deref());
    let name =
        format!("jwt:{}@{}", escaped(subject.unwrap_or_default()), escaped(issuer.unwrap_or_default()));
    (name.len() <= NAME_LEN_MAX).then(|| name.into())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '@' | '%') || char.is_control() {
            let mut bytes = [0; 4];
            char.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        } else {
            out.push(char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use vouchmq_identity::model::Rights;

    use super::*;

    fn name(subject: &str, issuer: &str) -> Option<Box<str>> {
        name_of(&Claims {
            subject: Some(subject.into()),
            issuer: Some(issuer.into()),
            id: None,
            rights: Rights::default(),
            expires_at: UnixMillis::new(0),
        })
    }

    #[test]
    fn two_holders_never_have_one_name() {
        assert_eq!(name("ann", "a.example").as_deref(), Some("jwt:ann@a.example"));
        assert_ne!(name("a@b", "c"), name("a", "b@c"));
        assert_ne!(name("a@b", "c"), name("a%40b", "c"));
        assert_eq!(name("a\n", "c").as_deref(), Some("jwt:a%0A@c"));
        assert_eq!(name(&"a".repeat(256), "c"), None);
    }
}
