//! Servers that are asked, over real connections.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod harness;
mod transport;
