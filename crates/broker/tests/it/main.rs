//! The broker as its clients meet it: real sockets, several shards, honest and hostile peers.
//!
//! Every test waits for what it wants to see, with a deadline, and never for a time to pass. What a test
//! measures of the process (descriptors, memory) it measures in a process of its own.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, too"
)]

#[macro_use]
mod harness;

mod admission;
mod arrival;
mod control;
mod delivery;
mod drain;
mod elsewhere;
mod failure;
mod flood;
mod handshake;
mod hostile;
mod inquiries;
mod keep_alive;
mod listen;
mod log;
mod operator;
mod pages;
mod process;
mod revocation;
mod revocation_race;
mod slow_reader;
mod sys;
mod trace;
mod transport;
mod verification;
