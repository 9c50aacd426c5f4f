//! What people type: durations, pairs, rules, bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use vouchmq_client::dto::product::NewAclRule;

use crate::clock::Utc;
use crate::exit::Failure;

/// One of many, by its id.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct OfId {
    /// Its id
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(super) id: String,
}

/// Something that is done to one, and why.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Wish {
    #[command(flatten)]
    pub(super) of: OfId,
    #[command(flatten)]
    pub(super) why: Reason,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Reason {
    /// Why, for the audit log
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(super) reason: String,
}

/// Whether to wait for a change.
#[derive(Clone, Copy, Debug, Args)]
#[group(skip)]
pub(crate) struct Wait {
    /// Wait until every node has applied it, and say so; not in time is a failure
    #[arg(long)]
    pub(super) wait: bool,
}

/// When something ends by itself.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct End {
    /// It ends at this time, as 2030-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in")]
    expires_at: Option<String>,
    /// It ends after this time, as 30m, 12h or 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires_in: Option<Duration>,
}

impl End {
    /// When, as the API reads it.
    pub(super) fn time(self) -> Option<String> {
        self.expires_at.or_else(|| self.expires_in.map(time_in))
    }
}

/// A number, or none where a word says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Most(pub(super) Option<u32>);

/// A text, or none where a word says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Perhaps(pub(super) Option<String>);

/// A hundred years.
const SECONDS_MAX: u64 = 36_500 * 86_400;

/// One of some words.
pub(super) fn word(words: &'static [&'static str]) -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(words)
}

/// Digits and `s`, `m`, `h` or `d`.
pub(in crate::command) fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let unit = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = digits.parse::<u64>().ok().zip(unit).and_then(|(count, unit)| count.checked_mul(unit));
    match seconds {
        Some(seconds @ 1..=SECONDS_MAX) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err("between 1 s and 100 years are possible".to_owned()),
        None => Err("write a number and s, m, h or d, as 30s, 12h or 7d".to_owned()),
    }
}

/// The time after a duration from now.
pub(super) fn time_in(duration: Duration) -> String {
    let Utc { unix_secs, nanos, .. } = Utc::now();
    Utc::new(unix_secs.saturating_add(duration.as_secs()), nanos).rfc_3339()
}

/// `NAME=VALUE`
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// Pairs with names that differ.
pub(super) fn map(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Failure> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs {
        if map.contains_key(&name) {
            return Err(Failure::unusable(format_args!("'{name}' is given twice; leave one of them out")));
        }
        map.insert(name, value);
    }
    Ok(map)
}

/// `allow both dev/${device}/#`
pub(super) fn rule(text: &str) -> Result<NewAclRule, String> {
    let (effect, rest) = text.trim().split_once(char::is_whitespace).unwrap_or_default();
    let (action, topic) = rest.trim_start().split_once(char::is_whitespace).unwrap_or_default();
    let topic = topic.trim_start();
    let is_rule = ["allow", "deny"].contains(&effect)
        && ["publish", "subscribe", "both"].contains(&action)
        && !topic.is_empty();
    if !is_rule {
        return Err(
            "write 'allow|deny publish|subscribe|both FILTER', as 'allow both dev/${device}/#'".to_owned()
        );
    }
    Ok(NewAclRule { effect: effect.to_owned(), action: action.to_owned(), topic: topic.to_owned() })
}

/// A number from 1 on, or `unlimited`.
pub(super) fn most(text: &str) -> Result<Most, String> {
    if text == "unlimited" {
        return Ok(Most(None));
    }
    let number = text.parse().ok().filter(|number: &u32| *number > 0);
    number
        .map(|number| Most(Some(number)))
        .ok_or_else(|| "write a number from 1 on, or 'unlimited'".to_owned())
}

/// A time, or `never`.
#[expect(clippy::unnecessary_wraps, reason = "parsers of clap may fail")]
pub(super) fn time_or_never(text: &str) -> Result<Perhaps, String> {
    Ok(Perhaps((text != "never").then(|| text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_a_bound() {
        for (text, seconds) in [("1s", 1), ("30m", 1800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "7", "d", "0s", "-1d", "1.5h", "36501d", "99999999999999999999s", "7 d", "7D"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(time_in(Duration::from_secs(60)).ends_with('Z'));
    }

    #[test]
    fn rules_are_three_words() {
        let read = rule(" deny  publish a b/# ").unwrap();
        assert_eq!((&*read.effect, &*read.action, &*read.topic), ("deny", "publish", "a b/#"));
        for text in ["", "allow", "allow both", "allow both ", "permit both a", "allow all a"] {
            assert!(rule(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_have_a_name_and_each_name_is_given_once() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
        let twice = vec![("a".into(), "1".into()), ("a".into(), "2".into())];
        assert!(map(twice).is_err_and(|failure| failure.says("'a' is given twice")));
    }

    #[test]
    fn bounds_are_numbers_or_a_word() {
        assert_eq!(most("unlimited"), Ok(Most(None)));
        assert_eq!(most("7"), Ok(Most(Some(7))));
        assert!(most("0").is_err() && most("-1").is_err() && most("many").is_err());
    }
}
