//! What this stub is told while it runs: `POST /stub/fault`, `GET /stub/counts`, `GET /stub/newest`.

use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;
use serde_json::json;

use super::answers::Bytes;
use super::fault::Fault;
use super::request::Request;
use super::{Stub, answers};

/// `POST /stub/fault`. Without `fault` there is none from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told<'a> {
    fault: Option<&'a str>,
    /// To this share of the questions; to all, if it is not said.
    share: Option<f64>,
    /// How long answers take from now on; as before, if it is not said.
    delay_ms: Option<u64>,
}

/// Does what it is told.
pub(super) fn answer(stub: &Stub, request: &Request<'_>) -> Bytes {
    match (request.method, request.path) {
        ("POST", "/stub/fault") => match tell(stub, request.body) {
            Some(()) => answers::json(&json!({ "done": true })),
            None => stub.answers.bad_request.clone(),
        },
        ("GET", "/stub/counts") => answers::json(&stub.counts.json()),
        ("GET", "/stub/newest") => answers::bytes(&stub.newest.borrow()),
        _ => stub.answers.bad_request.clone(),
    }
}

fn tell(stub: &Stub, body: &[u8]) -> Option<()> {
    let told: Told<'_> = serde_json::from_slice(body).ok()?;
    let fault = match told.fault {
        Some(name) => Some(Fault::from_str(name, false).ok()?),
        None => None,
    };
    let share = Some(told.share.unwrap_or(1.0)).filter(|share| (0.0..=1.0).contains(share))?;
    stub.faults.set(fault, share);
    if let Some(millis) = told.delay_ms {
        stub.delay.set(Duration::from_millis(millis));
    }
    Some(())
}
