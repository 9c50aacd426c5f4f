//! `vouchmq bench`: load on any broker, and what it costs there.

mod connections;
mod flow;
mod handshake;
mod process;
mod progress;
mod publisher;
mod pubsub;
mod report;
mod stub;
mod subscriber;

use std::io;

use clap::{Args, Subcommand};
use vouchmq_mqtt::Dialect;
use vouchmq_tls::Client;

use crate::client::options::dialect;
use crate::client::transport;
use crate::exit::{self, Failure};
use handshake::Target;
use process::Usage;

/// Tasks that run before the system is asked which sockets are ready, unless nothing is left to run: a generator
/// that asks for every few messages takes CPU time from the broker beside it.
const TASKS_BETWEEN_READS: u32 = 4096;

#[derive(Debug, Subcommand)]
#[command(after_help = exit::CODES)]
pub(crate) enum Bench {
    /// Open connections and hold them: CONNECT per second, CPU of each, memory of each
    Conn(connections::Arguments),
    /// Publish and subscribe: messages per second, latency, CPU of each
    ///
    /// A publisher has at most --window messages that not all subscribers have seen, so that no broker wins by
    /// dropping. With --rate, latency counts from when a message was due, not from when it could be sent; without,
    /// the load follows the broker, and latency counts from sending.
    Pubsub(pubsub::Arguments),
    /// Be an authentication service that brokers ask over HTTP: fast, slow or broken, as told
    ///
    /// Users are found as username and password in JSON, in a form or in the query, whatever the path; a path that
    /// ends in super… or acl… asks for that. While it runs: POST /stub/fault {"fault":"hang","share":0.1,"delay_ms":20}
    /// (every field may be left out), GET /stub/counts, and GET /stub/newest, the newest question as it came.
    #[command(name = "auth-stub")]
    Stub(stub::Arguments),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Common {
    /// Connect to this host
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Connect to this port [default: 1883, with TLS 8883, with WebSocket 8083, with both 8086]
    #[arg(long)]
    port: Option<u16>,
    #[command(flatten)]
    transport: transport::Options,
    /// Come back by the tickets of connections before, where there are any (TLS); keep --conc below 8 then
    #[arg(long)]
    resume: bool,
    /// Process id of the broker, to read its CPU time and memory
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,
    /// User name; %i is the number of the connection
    #[arg(long, default_value = "", hide_default_value = true)]
    user: String,
    /// Password; %i is the number of the connection
    #[arg(long, default_value = "", hide_default_value = true)]
    pass: String,
    /// Speak this version of MQTT: 5, 311 or 31
    #[arg(long, value_parser = dialect, default_value = "311")]
    version: Dialect,
    /// Print one line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Measures.
pub(crate) fn run(bench: &Bench) -> Result<(), Failure> {
    let common = match bench {
        Bench::Conn(arguments) => Some(&arguments.common),
        Bench::Pubsub(arguments) => Some(&arguments.common),
        Bench::Stub(_) => None,
    };
    common.map(Common::usage).transpose().map_err(Failure::unusable)?;
    crate::descriptors::raise_limit();
    let runtime = runtime().map_err(|error| Failure::unusable(format_args!("cannot start: {error}")))?;
    match bench {
        Bench::Conn(arguments) => runtime.block_on(connections::run(arguments)),
        Bench::Pubsub(arguments) => runtime.block_on(pubsub::run(arguments)),
        Bench::Stub(arguments) => runtime.block_on(stub::run(arguments)),
    }
}

/// For one thread.
fn runtime() -> io::Result<tokio::runtime::LocalRuntime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(TASKS_BETWEEN_READS)
        .build_local(tokio::runtime::LocalOptions::default())
}

impl Common {
    /// What the broker has used so far; `None` without --pid.
    fn usage(&self) -> Result<Option<Usage>, String> {
        let usage = self.pid.map(|pid| {
            Usage::of(pid).map_err(|error| format!("--pid: what process {pid} uses cannot be read: {error}"))
        });
        usage.transpose()
    }

    /// Reads the files of TLS.
    fn target(&self) -> Result<Target, Failure> {
        let scheme = self.transport.scheme(None);
        let mut transport = self.transport.resolve(scheme, None)?;
        if !self.resume {
            transport.tls = transport.tls.map(Client::without_tickets);
        }
        Ok(Target {
            host: self.host.clone(),
            port: self.port.unwrap_or(scheme.port()),
            dialect: self.version,
            user: self.user.clone(),
            password: self.pass.clone(),
            transport,
        })
    }
}
