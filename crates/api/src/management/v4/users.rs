//! User names and passwords of clients, as NanoMQ has them in its configuration.

use serde_json::Value;

use super::answer::Refused;
use super::field::Change;
use super::in_effect::InEffect;
use super::shown::{REDACTED, Shown};

const USERS: &str = "auth.password";
/// The key beside the users that is none.
const SWITCH: &str = "enable";
/// What the API has changed stands there, and can be taken back.
const OVERRIDES: &str = "overrides.conf";
const USERS_MAX: usize = 10_000;

/// Every user; never a password.
pub(super) fn shown(values: &InEffect) -> Shown {
    let user =
        |name: &str| Shown::object([("login", Shown::text(name)), ("password", Shown::text(REDACTED))]);
    Shown::List(names(values).map(user).collect())
}

/// What has to change for the users to be these, and nobody else.
///
/// # Errors
/// 108: not a list of users, or somebody is not in it who stands in a file, and would stay.
pub(super) fn changes(values: &InEffect, wanted: &Value) -> Result<Vec<Change>, Refused> {
    let wanted = wanted.as_array().filter(|list| list.len() <= USERS_MAX).ok_or_else(Refused::parameter)?;
    let wanted: Vec<(&str, &str)> = wanted.iter().map(user).collect::<Result<_, _>>()?;
    let mut changes = Vec::new();
    for (name, password) in &wanted {
        let is_known = values.get(&format!("{USERS}.{name}")).is_some();
        if *password == REDACTED {
            if is_known {
                continue;
            }
            return Err(Refused::parameter());
        }
        changes.push(Change { key: key_of(name), value: Some((*password).to_owned()) });
    }
    for (name, value) in values.below(USERS).filter(|(name, _)| *name != SWITCH) {
        if wanted.iter().any(|(wanted, _)| *wanted == name) {
            continue;
        }
        if !value.origin.contains(OVERRIDES) {
            tracing::warn!(
                "users of the configuration file cannot be taken out over NanoMQ's API: nothing has changed"
            );
            return Err(Refused::parameter());
        }
        changes.push(Change { key: key_of(name), value: None });
    }
    Ok(changes)
}

/// Whether users who were to be taken out are still there: a file says them as well.
pub(super) fn are_still_there(changes: &[Change], values: &InEffect) -> bool {
    let mut gone = changes.iter().filter(|change| change.value.is_none());
    gone.any(|change| names(values).any(|name| key_of(name) == change.key))
}

fn names(values: &InEffect) -> impl Iterator<Item = &str> {
    values.below(USERS).map(|(name, _)| name).filter(|name| *name != SWITCH)
}

/// A user as NanoMQ shows it (`login`), or takes it (`username`).
fn user(value: &Value) -> Result<(&str, &str), Refused> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let name = text("username").or_else(|| text("login"));
    let (Some(name), Some(password)) = (name, text("password")) else { return Err(Refused::parameter()) };
    // They stand between quotes in a key.
    let is_possible = !name.is_empty()
        && name != SWITCH
        && !name.contains(|sign: char| sign.is_control() || matches!(sign, '"' | '\\'));
    if is_possible && !password.is_empty() { Ok((name, password)) } else { Err(Refused::parameter()) }
}

fn key_of(name: &str) -> String {
    format!("{USERS}.\"{name}\"")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::in_effect::in_effect;
    use super::*;

    #[test]
    fn users_are_shown_by_login_and_taken_by_either_name() {
        let values = in_effect(&[
            ("auth.password.enable", "true"),
            ("auth.password.alice", "(hidden)"),
            ("auth.password.b.o", "(hidden)"),
        ]);
        let shown = serde_json::to_string(&shown(&values)).unwrap();
        assert_eq!(shown, r#"[{"login":"alice","password":"******"},{"login":"b.o","password":"******"}]"#);
        let wanted = json!([
            {"login": "alice", "password": "******"},
            {"username": "b.o", "password": "new one"},
            {"username": "carol", "password": "third"}
        ]);
        let expected = [("auth.password.\"b.o\"", "new one"), ("auth.password.\"carol\"", "third")]
            .map(|(key, value)| Change { key: key.to_owned(), value: Some(value.to_owned()) });
        assert_eq!(changes(&values, &wanted).unwrap(), expected);
    }

    #[test]
    fn nobody_stays_who_is_not_in_the_list() {
        let mut values = in_effect(&[("auth.password.alice", "(hidden)")]);
        assert_eq!(changes(&values, &json!([])).unwrap_err(), Refused::parameter());
        values = in_effect(&[]);
        assert_eq!(changes(&values, &json!([])).unwrap(), []);
        let taken_out = [Change { key: key_of("alice"), value: None }];
        assert!(!are_still_there(&taken_out, &values));
        assert!(are_still_there(&taken_out, &in_effect(&[("auth.password.alice", "(hidden)")])));
    }

    #[test]
    fn a_list_with_anything_else_in_it_is_refused_as_a_whole() {
        for wanted in [
            json!({}),
            json!("x"),
            json!([1]),
            json!([[]]),
            json!([{}]),
            json!([{"username": "x"}]),
            json!([{"password": "x"}]),
            json!([{"username": 1, "password": "x"}]),
            json!([{"username": "x", "password": null}]),
            json!([{"username": "x", "password": ""}]),
            json!([{"username": "", "password": "x"}]),
            json!([{"username": "a\"b", "password": "x"}]),
            json!([{"username": "enable", "password": "x"}]),
            json!([{"username": "new", "password": "******"}]),
        ] {
            assert_eq!(changes(&in_effect(&[]), &wanted).unwrap_err(), Refused::parameter(), "{wanted}");
        }
    }
}
