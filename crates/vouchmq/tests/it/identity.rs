//! Devices and their identities: a real server, its HTTP listeners, and clients on bare sockets.

mod caller;
mod canary;
mod crowd;
mod fleet;
mod http;
mod instances;
mod outage;
mod restart;
mod services;
mod story;
mod transfer;
mod traps;
mod wire;
