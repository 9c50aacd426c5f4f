//! The engine as its clients see it: packets in, packets out, and what time does to both.
//!
//! A test names the rule that it states; its doc comment names the statements of the standards that it
//! proves.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test awaits one packet and fails at every other")]

#[macro_use]
mod harness;

mod authorize;
mod back_pressure;
mod both_ends;
mod client_id;
mod connect;
mod control;
mod deadline;
mod delivery;
mod dialect;
mod disconnect;
mod enhanced;
mod exactly_once;
mod hostile;
mod inquire;
mod inquire_will;
mod keep_alive;
mod limits;
mod message_expiry;
mod operator;
mod options;
mod order;
mod overlapping;
mod packet_size;
mod pipeline;
mod publish;
mod queue_full;
mod reason;
mod receive_maximum;
mod reconfigure;
mod redelivery;
mod regression;
mod retained;
mod review;
mod session;
mod share;
mod share_session;
mod subscribe;
mod takeover;
mod topic_alias;
mod topics;
mod unsubscribe;
mod violation;
mod will;
mod will_delay;
