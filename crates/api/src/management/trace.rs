//! A live trace of one client, user or address.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tokio::time::{MissedTickBehavior, interval};
use vouchmq_broker::{TraceLimits, TraceStream, TraceTarget};
use vouchmq_identity::registry::RecordDeed;

use super::Here;
use super::caller::Caller;
use super::refusal::invalid;
use super::text::read_millis;
use crate::http::{Authorized, Code, Draining, Problem, Pusher, QueryOf, pushed_to};

mod event;
mod places;

use places::Place;
pub(super) use places::Places;

/// Whom, how much and for how long: one of `clientid`, `username` and `address` is there.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// A Client Identifier, of a client that is connected or not.
    clientid: Option<String>,
    /// A User Name.
    username: Option<String>,
    /// An IP address.
    address: Option<String>,
    /// Bytes of each payload that are told, at most 4096; none if it is missing.
    payload: Option<u16>,
    /// When the trace ends by itself, as `10m`, which it is if it is missing; at most `1h`.
    #[serde(rename = "for")]
    #[param(rename = "for")]
    lifetime: Option<String>,
}

/// Events that wait for a client to read them, beside those that wait in the broker.
const EVENTS_MAX: usize = 16;
const HEARTBEAT: Duration = Duration::from_secs(5);
const PAYLOAD_MAX: u16 = 4096;
const HOUR_MILLIS: u64 = 3_600_000;
const NAME_LEN_MAX: usize = 1024;

/// Tells what a client sends and is sent, and what becomes of its connections, as server-sent events `trace`, and a
/// `heartbeat` every five seconds. Never a password, and no payload unless some of it is asked for. What is not read in
/// time is counted (`missed`), and nobody waits for it. There are eight traces at a time, three of one caller, and one ends within seconds when the login opens
/// this no more.
#[utoipa::path(get, path = "/v1/trace", operation_id = "trace_client", tag = "trace", params(Wanted),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 409), (status = 422),
        (status = 429), (status = 503)))]
pub(super) async fn follow(
    State(here): Here,
    (caller, reader): (Caller, Authorized),
    QueryOf(wanted): QueryOf<Wanted>,
    draining: Draining,
) -> Result<Response, Problem> {
    let Some(broker) = &here.broker else {
        return Err(Problem::new(Code::Conflict, "no broker runs in this process"));
    };
    let (target, name) = target_of(&wanted)?;
    let payload = wanted.payload.unwrap_or_default();
    if payload > PAYLOAD_MAX {
        return Err(invalid("/payload", format!("at most {PAYLOAD_MAX} bytes of a payload are told")));
    }
    let lifetime = wanted.lifetime.as_deref().unwrap_or("10m");
    let lifetime = Duration::from_millis(read_millis("/for", lifetime, HOUR_MILLIS)?);
    let limits = TraceLimits { payload_bytes_max: usize::from(payload), lifetime };
    let detail = format!("{payload} bytes of payloads, for {} s", lifetime.as_secs());
    let place = here.traces.take(&reader.principal().name).ok_or_else(|| {
        Problem::new(Code::TooManyRequests, "three traces of yours go on already")
            .with_retry_after(Duration::from_mins(1))
    })?;
    // Nobody is looked at without its being written down.
    here.registry.execute(caller.actor, RecordDeed { action: "trace.start", name, detail }).await?;
    let stream = broker.trace(target, limits).map_err(|fault| {
        Problem::new(Code::Unavailable, fault.to_string()).with_retry_after(Duration::from_mins(1))
    })?;
    let (pusher, response) = pushed_to(&reader, "text/event-stream", EVENTS_MAX);
    tokio::spawn(serve(stream, pusher, draining, place));
    Ok(response)
}

/// Whom a trace is about, and how the audit log names it.
fn target_of(wanted: &Wanted) -> Result<(TraceTarget, String), Problem> {
    let one = || Problem::new(Code::Invalid, "say one of clientid, username and address");
    let (target, kind, text) = match (&wanted.clientid, &wanted.username, &wanted.address) {
        (Some(id), None, None) => (TraceTarget::ClientId(id.as_str().into()), "client", id),
        (None, Some(name), None) => (TraceTarget::Username(name.as_str().into()), "user", name),
        (None, None, Some(address)) => {
            let ip: IpAddr = address.parse().map_err(|_| invalid("/address", "write an IP address"))?;
            (TraceTarget::Address(ip), "address", address)
        }
        _ => return Err(one()),
    };
    if text.is_empty() || text.len() > NAME_LEN_MAX {
        return Err(one());
    }
    let shown: String = text.escape_debug().take(128).collect();
    Ok((target, format!("{kind} {shown}")))
}

/// Tells until the client goes, the time is over, or the listener drains.
async fn serve(mut stream: TraceStream, pusher: Pusher, mut draining: Draining, _place: Place) {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let frame = tokio::select! {
            biased;
            () = draining.begun() => return,
            () = pusher.closed() => return,
            _ = beat.tick() => event::heartbeat(stream.missed()),
            event = stream.next() => match event {
                Some(event) => event::of(&event),
                None => {
                    let _ = pusher.send(Ok(event::end())).await;
                    return;
                }
            },
        };
        tokio::select! {
            () = draining.begun() => return,
            sent = pusher.send(Ok(frame)) => if sent.is_err() { return },
        }
    }
}
