//! A broker in this process, a blocking client on a socket, and a look at the process.

#[macro_use]
#[path = "../../../mqtt/tests/it/engine/harness/versions.rs"]
mod versions;

pub(crate) mod child;
mod client;
#[expect(dead_code, reason = "the tests of the engine use all of it")]
#[path = "../../../mqtt/tests/it/engine/harness/packets.rs"]
mod engine_packets;
mod heap;
mod log;
mod packets;
mod papers;
mod process;
mod registry;
mod server;
mod tunnel;

pub(crate) use child::Child;
pub(crate) use client::Client;
pub(crate) use log::{keep_log, log_lines};
pub(crate) use packets::*;
pub(crate) use papers::Papers;
pub(crate) use process::{descriptor_count, processor_time_of, resident_bytes};
pub(crate) use registry::{Registry, device_id, in_millis, login};
pub(crate) use server::{Server, listeners, tcp, until, wait_for};
pub(crate) use tunnel::{Mouth, Tunnel};

use std::time::Duration;

/// No test waits longer for anything. Generous: the machine may be busy with other things.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
