//! Lists as NanoMQ gives them: everything at once, written as it is read; or a page, where one is asked for.

use std::future::Future;

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hyper::body::Bytes;
use serde::Serialize;

use super::answer::Refused;
use super::code::ResultCode;
use crate::http::pushed;

/// The parameters of a query, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

/// A part of a list, which NanoMQ does not have.
#[derive(Clone, Debug)]
pub(super) struct Part<C> {
    pub(super) limit: usize,
    pub(super) after: Option<C>,
}

#[derive(Serialize)]
struct Page<T> {
    code: ResultCode,
    data: Vec<T>,
    next_cursor: Option<String>,
}

/// Items that are asked for at once.
pub(super) const PORTION: usize = 1_000;
/// Portions that are kept for a client that does not read.
const PORTIONS_MAX: usize = 2;
const PARAMETERS_MAX: usize = 32;

/// Answers all items. What comes in one portion is answered whole, the rest as it is read.
pub(super) async fn everything<T, C, F>(fetch: impl Fn(Option<C>) -> F + Send + 'static) -> Response
where
    T: Serialize + Send,
    C: Send + 'static,
    F: Future<Output = (Vec<T>, Option<C>)> + Send,
{
    let (items, mut next) = fetch(None).await;
    let mut text = br#"{"code":0,"data":["#.to_vec();
    let mut is_first = true;
    write(&mut text, &items, &mut is_first);
    if next.is_none() {
        text.extend_from_slice(END);
        return ([(header::CONTENT_TYPE, JSON)], text).into_response();
    }
    let (pusher, response) = pushed(JSON, PORTIONS_MAX);
    tokio::spawn(async move {
        while pusher.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_ok() {
            let Some(after) = next.take() else { return };
            let (items, behind) = fetch(Some(after)).await;
            write(&mut text, &items, &mut is_first);
            next = behind;
            if next.is_none() {
                text.extend_from_slice(END);
            }
        }
    });
    response
}

/// Answers one page.
pub(super) fn page<T: Serialize>(data: Vec<T>, next: Option<impl ToString>) -> Response {
    let next_cursor = next.map(|next| next.to_string());
    Json(Page { code: ResultCode::Done, data, next_cursor }).into_response()
}

const JSON: &str = "application/json";
const END: &[u8] = b"]}";

fn write<T: Serialize>(text: &mut Vec<u8>, items: &[T], is_first: &mut bool) {
    for item in items {
        if !std::mem::take(is_first) {
            text.push(b',');
        }
        // Into memory, of types that all serialize.
        let _ = serde_json::to_writer(&mut *text, item);
    }
}

// === impl Parameters ===

impl Parameters {
    /// Each parameter, with its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The part of a list that is asked for; `None`: all of it.
    ///
    /// # Errors
    /// 108: not a part of any list.
    pub(super) fn part<C: std::str::FromStr>(&self) -> Result<Option<Part<C>>, Refused> {
        let find = |wanted: &str| self.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let (limit, cursor) = (find("limit"), find("cursor"));
        if limit.is_none() && cursor.is_none() {
            return Ok(None);
        }
        let limit = limit.map_or(Ok(PORTION), str::parse).map_err(|_| Refused::parameter())?;
        if !(1..=PORTION).contains(&limit) {
            return Err(Refused::parameter());
        }
        let after = cursor.map(str::parse).transpose().map_err(|_| Refused::parameter())?;
        Ok(Some(Part { limit, after }))
    }
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let Query(pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| Refused::parameter())?;
        let is_twice = |(at, (name, _)): (usize, &(String, String))| {
            pairs.iter().take(at).any(|(other, _)| other == name)
        };
        if pairs.len() > PARAMETERS_MAX || pairs.iter().enumerate().any(is_twice) {
            return Err(Refused::parameter());
        }
        Ok(Self(pairs))
    }
}
