//! The table of keys, held against what it says of itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

mod access_control;
mod closed;
mod describe;
mod guarded;
mod http_authentication;
mod keys;
mod layers;
mod many;
mod mistakes;
mod nanomq;
mod overrides;
mod text;
