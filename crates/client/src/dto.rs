//! Bodies of requests and answers, one module for each resource.
//!
//! Field names and values are contracts. What a request may hold is closed: a field that is not there is
//! refused, so that a typing error is never silently ignored. What an answer may hold is open: new fields come.
//!
//! Times are RFC 3339; answers have them in UTC with milliseconds (`2026-11-22T03:00:00.000Z`), requests may
//! have any offset. Words (states, kinds, scopes) are texts, so that an old client reads a new one.
//!
//! In the body of a PATCH `None` leaves a field as it is; where a field can be empty, `Some(None)` empties it,
//! which is `null`.

pub mod api_key;
pub mod applied;
pub mod audit;
pub mod authentication;
pub mod block;
pub mod certificate_authority;
pub mod change;
pub mod claim_token;
pub mod client;
pub mod configuration;
pub mod credential;
pub mod device;
pub mod event;
pub mod explain;
pub mod import;
pub mod limits;
pub mod listener;
pub mod log;
pub mod message;
pub mod page;
pub mod problem;
pub mod product;
pub mod registration;
pub mod reload;
pub mod stats;
pub mod subscription;
pub mod trace;
pub mod transfer;
pub mod verify;
pub mod whoami;

mod present;

use present::present;
