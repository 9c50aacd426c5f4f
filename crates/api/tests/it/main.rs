//! The HTTP listeners, over real sockets and byte for byte.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod authentication;
mod changes;
mod harness;
mod http;
mod management;
mod registration;
mod transfer;
