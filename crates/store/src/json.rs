//! What stands as JSON in one column: rules, attributes, lists of words.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value, json};
use vouchmq_identity::acl::{Acl, AclRule, Action, Effect};
use vouchmq_identity::model::Attributes;

/// Why a column is not what we wrote.
pub(crate) type Why = Box<str>;

/// `[{"effect":"allow","action":"both","topic":"dev/${device}/#"}]`
pub(crate) fn of_acl(acl: &Acl) -> String {
    let rules = acl.rules().iter().map(|AclRule { effect, action, pattern }| {
        json!({ "effect": effect_word(*effect), "action": action_word(*action), "topic": pattern.to_string() })
    });
    Value::Array(rules.collect()).to_string()
}

/// `[["name","value"]]`: an object would lose the order, and names that are there twice.
pub(crate) fn of_attributes(attributes: &Attributes) -> String {
    let pairs = attributes.iter().map(|(name, value)| json!([name, value]));
    Value::Array(pairs.collect()).to_string()
}

/// `["secret","password"]`
pub(crate) fn of_texts<T: Display>(texts: &[T]) -> String {
    Value::Array(texts.iter().map(|text| Value::String(text.to_string())).collect()).to_string()
}

/// The rules that were written.
pub(crate) fn acl(text: &str) -> Result<Acl, Why> {
    array(text)?.iter().map(rule).collect::<Result<_, _>>().map(Acl::new)
}

/// The attributes that were written.
pub(crate) fn attributes(text: &str) -> Result<Attributes, Why> {
    let pair = |value: &Value| {
        let pair = value.as_array().map(Vec::as_slice);
        let Some([Value::String(name), Value::String(value)]) = pair else {
            return Err("not a list of pairs of texts".into());
        };
        Ok((name.as_str().into(), value.as_str().into()))
    };
    array(text)?.iter().map(pair).collect()
}

/// The words that were written.
pub(crate) fn texts<T>(text: &str) -> Result<Vec<T>, Why>
where
    T: FromStr<Err: Display>,
{
    let read = |value: &Value| {
        let text = value.as_str().ok_or("not a list of texts")?;
        text.parse().map_err(|fault: T::Err| Why::from(fault.to_string()))
    };
    array(text)?.iter().map(read).collect()
}

fn array(text: &str) -> Result<Vec<Value>, Why> {
    match serde_json::from_str(text) {
        Ok(Value::Array(values)) => Ok(values),
        Ok(_) => Err("not a list".into()),
        Err(fault) => Err(format!("not JSON: {fault}").into()),
    }
}

fn rule(value: &Value) -> Result<AclRule, Why> {
    let object = value.as_object().filter(|object| object.len() == 3).ok_or("not a list of rules")?;
    let effect = match part(object, "effect")? {
        "allow" => Effect::Allow,
        "deny" => Effect::Deny,
        _ => return Err("an effect is neither allow nor deny".into()),
    };
    let action = match part(object, "action")? {
        "publish" => Action::Publish,
        "subscribe" => Action::Subscribe,
        "both" => Action::Both,
        _ => return Err("an action is none of publish, subscribe, both".into()),
    };
    let pattern = part(object, "topic")?.parse();
    Ok(AclRule { effect, action, pattern: pattern.map_err(|fault| Why::from(format!("{fault}")))? })
}

fn part<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Why> {
    object.get(name).and_then(Value::as_str).ok_or_else(|| format!("a rule has no {name}").into())
}

const fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

const fn action_word(action: Action) -> &'static str {
    match action {
        Action::Publish => "publish",
        Action::Subscribe => "subscribe",
        Action::Both => "both",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_and_nothing_else_does() {
        let text = r#"[{"action":"both","effect":"allow","topic":"dev/${device}/#"},{"action":"publish","effect":"deny","topic":"a/\"b"}]"#;
        let read = acl(text).unwrap();
        assert_eq!(of_acl(&read), text);
        for (text, why) in [
            ("", "not JSON"),
            ("{}", "not a list"),
            ("[1]", "not a list of rules"),
            (r#"[{"effect":"allow","action":"both"}]"#, "not a list of rules"),
            (r#"[{"effect":"Allow","action":"both","topic":"a"}]"#, "neither allow nor deny"),
            (r#"[{"effect":"allow","action":"all","topic":"a"}]"#, "none of publish"),
            (r#"[{"effect":"allow","action":"both","topics":"a"}]"#, "no topic"),
            (r#"[{"effect":"allow","action":"both","topic":"a/#/b"}]"#, ""),
        ] {
            let fault = acl(text).unwrap_err();
            assert!(fault.contains(why), "{text}: {fault}");
        }
    }

    #[test]
    fn attributes_keep_their_order_and_what_is_there_twice() {
        let attributes_read: Attributes =
            [("b", "1"), ("a", "\0\"\u{1F600}"), ("b", "")].map(|(k, v)| (k.into(), v.into())).into();
        assert_eq!(attributes(&of_attributes(&attributes_read)), Ok(attributes_read));
        for text in ["[[\"a\"]]", "[[\"a\",1]]", "{\"a\":\"b\"}", "[\"ab\"]"] {
            assert!(attributes(text).is_err(), "{text}");
        }
    }
}
