//! The engine as its clients see it: packets in, packets out, and what time does to both.
//!
//! A test names the rule that it states; its doc comment names the statements of the standards that it
//! proves.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

#[macro_use]
mod harness;

mod client_id;
mod connect;
mod deadline;
mod hostile;
mod keep_alive;
mod session;
mod takeover;
mod will;
mod will_delay;
