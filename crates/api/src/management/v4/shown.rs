use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What is answered, with fields in the order in which NanoMQ has them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown {
    Null,
    Switch(bool),
    Count(u64),
    Decimal(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What stands for a secret; sent back, it means that the secret stays.
pub(super) const REDACTED: &str = "******";

impl Shown {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An object with these fields.
    pub(super) fn object<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Whether somebody who sends this back wants it to stay as it is.
    pub(super) fn is_sent_back_as(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Decimal(one), Value::Number(other)) => other.as_f64() == Some(*one),
            _ => serde_json::to_value(self).is_ok_and(|shown| shown == *value),
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Switch(value) => serializer.serialize_bool(*value),
            Self::Count(value) => serializer.serialize_u64(*value),
            Self::Decimal(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Object(fields) => {
                let mut object = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| object.serialize_entry(name, value))?;
                object.end()
            }
        }
    }
}
