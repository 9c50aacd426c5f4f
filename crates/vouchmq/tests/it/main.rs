//! The binary as its users run it: real processes, real sockets.

mod bench;
mod cert;
mod check;
mod configured;
mod connecting;
mod help;
mod identity;
mod limits;
mod login;
mod management_listener;
mod messages;
mod mistakes;
mod nanomq_api;
mod native;
mod observe;
mod operators;
mod passwd;
mod process;
mod registry;
mod remote;
mod secure;
mod serve;
mod server;
mod stub;
mod subscriptions;
