//! JSON whose fields have an order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// JSON, with fields in the order in which they are written.
#[derive(Clone, Debug, PartialEq)]
enum Ordered {
    Leaf(Value),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Compares an answer with what is expected, where `<text>`, `<number>`, `<count>` (a number in a text), `<bool>` and
/// `<any>` stand for values that differ each time.
#[track_caller]
pub(super) fn assert_like(found: &str, expected: &str, what: &str) {
    let read = |text: &str| -> Ordered {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{what}: {error}: {text}"))
    };
    if let Err((place, why)) = compare(&read(found), &read(expected), "") {
        panic!("{what}: {place}: {why}\n   found {found}\nexpected {expected}");
    }
}

fn compare(found: &Ordered, expected: &Ordered, place: &str) -> Result<(), (String, String)> {
    let fail = |why: String| Err((place.to_owned(), why));
    match (found, expected) {
        (Ordered::Leaf(found), Ordered::Leaf(Value::String(kind))) if kind.starts_with('<') => {
            let is_it = match kind.as_str() {
                "<text>" => found.as_str().is_some_and(|text| !text.is_empty()),
                "<number>" => found.is_number(),
                "<count>" => found.as_str().is_some_and(|text| text.parse::<u64>().is_ok()),
                "<bool>" => found.is_boolean(),
                "<any>" => true,
                other => panic!("{other} stands for nothing"),
            };
            if is_it { Ok(()) } else { fail(format!("{found} is no {kind}")) }
        }
        (_, Ordered::Leaf(Value::String(kind))) if kind == "<any>" => Ok(()),
        (Ordered::List(found), Ordered::List(expected)) => {
            if found.len() != expected.len() {
                return fail(format!("{} items, not {}", found.len(), expected.len()));
            }
            let mut pairs = found.iter().zip(expected).enumerate();
            pairs.try_for_each(|(at, (found, expected))| compare(found, expected, &format!("{place}/{at}")))
        }
        (Ordered::Object(found), Ordered::Object(expected)) => {
            let names = |fields: &[(String, Ordered)]| {
                fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
            };
            if names(found) != names(expected) {
                return fail(format!("fields {:?}, not {:?}", names(found), names(expected)));
            }
            let mut pairs = found.iter().zip(expected);
            pairs.try_for_each(|((name, found), (_, expected))| {
                compare(found, expected, &format!("{place}/{name}"))
            })
        }
        (found, expected) if found == expected => Ok(()),
        (found, expected) => fail(format!("{found:?}, not {expected:?}")),
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
                Ok(Ordered::Leaf(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
                Ok(Ordered::Leaf(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
                Ok(Ordered::Leaf(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
                Ok(Ordered::Leaf(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
                Ok(Ordered::Leaf(value.into()))
            }

            fn visit_unit<E>(self) -> Result<Ordered, E> {
                Ok(Ordered::Leaf(Value::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ordered, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Ordered::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Ordered::Object(fields))
            }
        }

        deserializer.deserialize_any(InOrder)
    }
}
