//! A world to test in: engines, network, clock and clients, all in one thread and without chance.

#[macro_use]
mod versions;

mod authority;
mod client;
mod packets;
mod wire;
mod world;

pub(crate) use std::time::Duration;

pub(crate) use authority::{Answer, Rights, allow, attempt_in_words, refuse};
pub(crate) use client::Client;
pub(crate) use packets::*;
pub(crate) use world::{LATE, World};
