//! Devices and their identities: a real server, its HTTP listeners, and clients on bare sockets.

mod caller;
mod canary;
mod crowd;
pub(crate) mod fleet;
pub(crate) mod http;
pub(crate) mod instances;
pub(crate) mod outage;
mod restart;
pub(crate) mod services;
mod story;
mod transfer;
mod traps;
pub(crate) mod wire;
