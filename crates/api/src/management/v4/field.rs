use serde_json::Value;

use super::answer::Refused;
use super::in_effect::InEffect;
use super::quantity;
use super::shown::{REDACTED, Shown};

/// A field of NanoMQ's, and the key of ours that it is.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name; further ones are understood as well.
    pub(super) names: &'static [&'static str],
    /// Our key.
    key: &'static str,
    unit: Unit,
    /// What is shown where nothing says the value.
    absent: Shown,
    /// Whether it is only shown.
    is_fixed: bool,
}

/// What a field counts in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    /// A number as it is.
    Count,
    /// One with digits behind the point.
    Decimal,
    /// `true` or `false`.
    Switch,
    /// Whether the block around the key is there and not switched off.
    Presence,
    /// 0 or 1, or a word, where NanoMQ has `true` or `false`.
    Flag,
    /// A text.
    Text,
    /// A file. What is in it is not taken over the network.
    Path,
    /// One that NanoMQ writes in capitals.
    Word,
    /// Bytes, where NanoMQ has KiB.
    Kibibytes,
    /// A time, where NanoMQ has seconds.
    Seconds,
    /// An address, where NanoMQ has a URL with this in front.
    Url(&'static str),
    /// A secret.
    Secret,
}

/// A change to one of our keys.
#[derive(PartialEq, Eq)]
pub(super) struct Change {
    pub(super) key: String,
    /// `None`: what was changed before is taken back.
    pub(super) value: Option<String>,
}

// === impl Field ===

impl Field {
    pub(super) const fn new(
        names: &'static [&'static str],
        key: &'static str,
        unit: Unit,
        absent: Shown,
    ) -> Self {
        Self { names, key, unit, absent, is_fixed: false }
    }

    /// One that is shown, and cannot be changed here.
    pub(super) const fn fixed(
        names: &'static [&'static str],
        key: &'static str,
        unit: Unit,
        absent: Shown,
    ) -> Self {
        Self { names, key, unit, absent, is_fixed: true }
    }

    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// Its value, where the key stands below `root`.
    pub(super) fn shown(&self, root: &str, values: &InEffect) -> Shown {
        let key = self.key_below(root);
        let found = values.get(&key);
        if let (Unit::Presence, None) = (self.unit, found) {
            let (block, _) = key.rsplit_once('.').unwrap_or_default();
            return Shown::Switch(values.has_block(block));
        }
        let text = found.map(|found| found.value.as_str());
        text.and_then(|text| self.unit.read(text)).unwrap_or_else(|| self.absent.clone())
    }

    /// What has to change for the field to be `value`; nothing if it is that already.
    ///
    /// # Errors
    /// 108: the value is not of the kind that the field has.
    pub(super) fn change(
        &self,
        root: &str,
        values: &InEffect,
        value: &Value,
    ) -> Result<Option<Change>, Refused> {
        if self.shown(root, values).is_sent_back_as(value) {
            return Ok(None);
        }
        let text = self.unit.write(value).ok_or_else(Refused::parameter)?;
        if self.is_fixed {
            tracing::warn!(
                field = self.name(),
                "a field of NanoMQ's API is not changed: it is only shown here"
            );
            return Ok(None);
        }
        let key = self.key_below(root);
        Ok(Some(Change { key: values.key_of(&key).to_owned(), value: Some(text) }))
    }

    fn key_below(&self, root: &str) -> String {
        if root.is_empty() { self.key.to_owned() } else { format!("{root}.{}", self.key) }
    }
}

impl Unit {
    /// A value of the configuration, as NanoMQ shows it.
    fn read(self, text: &str) -> Option<Shown> {
        Some(match self {
            Self::Count => Shown::Count(text.parse().ok()?),
            Self::Decimal => Shown::Decimal(text.parse().ok()?),
            Self::Switch | Self::Presence => Shown::Switch(text.parse().ok()?),
            Self::Flag => Shown::Switch(matches!(text, "1" | "true")),
            Self::Text | Self::Path => Shown::text(text),
            Self::Word => Shown::text(text.to_ascii_uppercase()),
            Self::Kibibytes => Shown::Count(quantity::bytes(text)? / 1_024),
            Self::Seconds => Shown::Count(quantity::seconds(text)?),
            Self::Url(scheme) => Shown::text(format!("{scheme}{text}")),
            Self::Secret => Shown::text(REDACTED),
        })
    }

    /// A value of NanoMQ's, as the configuration has it.
    fn write(self, value: &Value) -> Option<String> {
        match self {
            Self::Count => value.as_u64().map(|count| count.to_string()),
            Self::Decimal => value.as_f64().map(|number| number.to_string()),
            Self::Switch | Self::Presence => value.as_bool().map(|is_on| is_on.to_string()),
            Self::Flag => value.as_bool().map(|is_on| u8::from(is_on).to_string()),
            Self::Path => value.as_str().filter(|path| !path.contains("-----BEGIN")).map(ToOwned::to_owned),
            Self::Text | Self::Secret => value.as_str().map(ToOwned::to_owned),
            Self::Word => value.as_str().map(str::to_ascii_lowercase),
            Self::Kibibytes => value.as_u64().map(|count| format!("{count}KB")),
            Self::Seconds => value.as_u64().map(|count| format!("{count}s")),
            Self::Url(scheme) => value.as_str()?.strip_prefix(scheme).map(ToOwned::to_owned),
        }
    }
}

/// The value may be a secret.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::in_effect::in_effect;
    use super::*;

    fn shown(unit: Unit, value: &str) -> Value {
        let field = Field::new(&["x"], "key", unit, Shown::Null);
        serde_json::to_value(field.shown("", &in_effect(&[("key", value)]))).unwrap()
    }

    fn changed(unit: Unit, value: &Value) -> Result<Option<String>, Refused> {
        let absent = if matches!(unit, Unit::Secret) { Shown::Null } else { Shown::Count(9) };
        let field = Field::new(&["x"], "key", unit, absent);
        let change = field.change("", &in_effect(&[("key", "(hidden)")]), value)?;
        Ok(change.and_then(|change| change.value))
    }

    #[test]
    fn each_unit_is_shown_as_nanomq_counts() {
        for (unit, value, expected) in [
            (Unit::Count, "32", json!(32)),
            (Unit::Decimal, "1.25", json!(1.25)),
            (Unit::Switch, "true", json!(true)),
            (Unit::Text, "x", json!("x")),
            (Unit::Word, "post", json!("POST")),
            (Unit::Kibibytes, "256MB", json!(262_144)),
            (Unit::Seconds, "2m", json!(120)),
            (Unit::Url("nmq-tcp://"), "0.0.0.0:1883", json!("nmq-tcp://0.0.0.0:1883")),
            (Unit::Secret, "(hidden)", json!("******")),
            (Unit::Count, "auto", json!(null)),
        ] {
            assert_eq!(shown(unit, value), expected, "{unit:?}");
        }
    }

    #[test]
    fn each_unit_is_written_as_the_configuration_counts_and_nothing_else_is_taken() {
        for (unit, value, expected) in [
            (Unit::Count, json!(32), Some("32")),
            (Unit::Decimal, json!(1.25), Some("1.25")),
            (Unit::Switch, json!(false), Some("false")),
            (Unit::Kibibytes, json!(2), Some("2KB")),
            (Unit::Seconds, json!(7), Some("7s")),
            (Unit::Url("nmq-ws://"), json!("nmq-ws://1.2.3.4:80/mqtt"), Some("1.2.3.4:80/mqtt")),
            (Unit::Word, json!("GET"), Some("get")),
            (Unit::Secret, json!("new"), Some("new")),
            (Unit::Secret, json!("******"), None),
        ] {
            assert_eq!(changed(unit, &value).unwrap().as_deref(), expected, "{unit:?}");
        }
        let confused =
            [json!(-1), json!(1.5), json!("1"), json!([1]), json!({"x": 1}), json!(true), json!(null)];
        for value in &confused {
            assert_eq!(changed(Unit::Count, value).unwrap_err(), Refused::parameter(), "{value}");
            if !value.is_boolean() {
                assert_eq!(changed(Unit::Switch, value).unwrap_err(), Refused::parameter(), "{value}");
            }
        }
        assert_eq!(changed(Unit::Url("nmq-ws://"), &json!("nmq-tcp://x")).unwrap_err(), Refused::parameter());
    }

    #[test]
    fn what_is_sent_back_as_it_was_shown_changes_nothing() {
        let field = Field::new(&["x"], "key", Unit::Kibibytes, Shown::Count(7));
        assert_eq!(field.change("", &in_effect(&[("key", "1MB")]), &json!(1_024)).unwrap(), None);
        assert_eq!(field.change("", &in_effect(&[]), &json!(7)).unwrap(), None);
        let fixed = Field::fixed(&["x"], "key", Unit::Count, Shown::Null);
        assert_eq!(fixed.change("", &in_effect(&[("key", "1")]), &json!(2)).unwrap(), None);
    }
}
