//! Who is let in.

use std::collections::HashSet;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::request::{Claim, Kind};

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Let in who has this password [default: everybody]
    #[arg(long)]
    password: Option<SecretString>,
    /// Deny this user, whatever its password; repeat for more
    #[arg(long, value_name = "USER")]
    deny: Vec<String>,
    /// Say of this user that it is a superuser; repeat for more
    #[arg(long, value_name = "USER")]
    superuser: Vec<String>,
    /// Deny topics that begin so, to everybody; repeat for more
    #[arg(long, value_name = "TOPIC")]
    deny_topic: Vec<String>,
}

/// Who is let in.
#[derive(Debug)]
pub(super) struct Rules {
    password: Option<SecretString>,
    denied: HashSet<String>,
    superusers: HashSet<String>,
    denied_topics: Vec<String>,
}

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed { is_superuser: bool },
    BadPassword,
    Denied,
}

impl Rules {
    /// What becomes of it.
    pub(super) fn judge(&self, kind: Kind, claim: &Claim<'_>) -> Verdict {
        let is_superuser = self.superusers.contains(&*claim.username);
        if self.denied.contains(&*claim.username) {
            return Verdict::Denied;
        }
        let is_allowed = match kind {
            Kind::Superuser => is_superuser,
            Kind::Acl => !self.denied_topics.iter().any(|topic| claim.topic.starts_with(topic)),
            Kind::Login | Kind::Control => {
                let is_wrong = |password: &SecretString| password.expose_secret() != claim.password;
                if self.password.as_ref().is_some_and(is_wrong) {
                    return Verdict::BadPassword;
                }
                true
            }
        };
        if is_allowed { Verdict::Allowed { is_superuser } } else { Verdict::Denied }
    }
}

impl From<&Arguments> for Rules {
    fn from(arguments: &Arguments) -> Self {
        Self {
            password: arguments.password.clone(),
            denied: arguments.deny.iter().cloned().collect(),
            superusers: arguments.superuser.iter().cloned().collect(),
            denied_topics: arguments.deny_topic.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_question_has_its_rule() {
        let rules = Rules::from(&Arguments {
            password: Some("right".into()),
            deny: vec!["out".to_owned()],
            superuser: vec!["root".to_owned()],
            deny_topic: vec!["secret/".to_owned()],
        });
        let judge = |kind, username: &str, password: &str, topic: &str| {
            let (username, password, topic) = (username.into(), password.into(), topic.into());
            rules.judge(kind, &Claim { username, password, topic })
        };
        let allowed = Verdict::Allowed { is_superuser: false };
        assert_eq!(judge(Kind::Login, "a", "right", ""), allowed);
        assert_eq!(judge(Kind::Login, "a", "wrong", ""), Verdict::BadPassword);
        assert_eq!(judge(Kind::Login, "out", "right", ""), Verdict::Denied);
        assert_eq!(judge(Kind::Login, "root", "right", ""), Verdict::Allowed { is_superuser: true });
        assert_eq!(judge(Kind::Superuser, "root", "", ""), Verdict::Allowed { is_superuser: true });
        assert_eq!(judge(Kind::Superuser, "a", "right", ""), Verdict::Denied);
        assert_eq!(judge(Kind::Acl, "a", "", "public/1"), allowed);
        assert_eq!(judge(Kind::Acl, "a", "", "secret/1"), Verdict::Denied);
    }
}
