use std::collections::BTreeMap;
use std::fmt;

use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::answer::Refused;
use crate::http::{BATCH_BYTES_MAX, read_body};

/// A body that is a JSON object, whatever its media type says: curl sends `-d` as a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObjectOf<T>(pub(super) T);

/// A body that is some JSON object.
pub(super) type AnyObject = ObjectOf<BTreeMap<String, IgnoredAny>>;

/// A body that is a JSON array.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArrayOf<T>(pub(super) T);

/// Names and values in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(pub(super) Vec<(String, Value)>);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for ObjectOf<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        read(request, b'{').await.map(Self)
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for ArrayOf<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        read(request, b'[').await.map(Self)
    }
}

/// Reads JSON that begins with this. What is an object in `T` takes a list of values for one, too.
async fn read<T: DeserializeOwned>(request: Request, opening: u8) -> Result<T, Refused> {
    let (_, body) = read_body(request, BATCH_BYTES_MAX).await?;
    if body.trim_ascii_start().first() != Some(&opening) {
        return Err(Refused::not_json());
    }
    serde_json::from_slice(&body).map_err(|_| Refused::not_json())
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    if pairs.len() == PAIRS_MAX {
                        return Err(A::Error::custom("too many"));
                    }
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// More than a packet may have User Properties.
const PAIRS_MAX: usize = 1_024;
