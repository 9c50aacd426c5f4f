//! `vouchmq product`, `device`, `client` and so on: what operators do with a broker, over its management API.
//!
//! Each resource is a module: what can be done with it, as clap reads it, and the columns by which it is shown.

mod about;
mod api_key;
mod audit;
mod authority;
mod block;
mod broker;
mod claim;
mod client;
mod configuration;
mod credential;
mod device;
mod event;
mod export;
mod fault;
mod import;
pub(super) mod input;
pub(super) mod json;
mod limits;
mod listener;
mod listing;
mod log;
mod message;
mod operator;
mod path;
mod product;
mod registration;
mod reload;
mod retained;
mod subscription;
pub(super) mod table;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod trace;
pub(super) mod whoami;

use clap::{Args, Subcommand};

pub(crate) use configuration::Configuration;

use crate::client::options::block_on;
use crate::exit::Failure;
use operator::Operator;

/// What there is to do: the commands of each resource.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Products: kinds of devices, and what they may do
    Product(Arguments<product::Action>),
    /// Devices: enter, change, suspend, retire
    Device(Arguments<device::Action>),
    /// Credentials of devices: add, rotate, revoke
    Credential(Arguments<credential::Action>),
    /// Certificate authorities, which vouch for devices
    Authority(Arguments<authority::Action>),
    /// Claim tokens, which let new devices register
    Claim(Arguments<claim::Action>),
    /// Devices that asked to be let in: approve, reject
    Registration(Arguments<registration::Action>),
    /// Blocks: keep devices, names and addresses out
    Block(Arguments<block::Action>),
    /// Clients: who is connected, and who left a session
    Client(Arguments<client::Action>),
    /// Subscriptions: who gets what
    Subscription(Arguments<subscription::Action>),
    /// Retained messages: show, delete
    Retained(Arguments<retained::Action>),
    /// Messages: publish over the management API
    Message(Arguments<message::Action>),
    /// Listeners: where clients connect
    Listener(Arguments<listener::Action>),
    /// Bounds in force, and how often they were met
    Limits(Arguments<limits::Action>),
    /// Keys of the management API
    ApiKey(Arguments<api_key::Action>),
    /// Who changed what, and whether the log is whole
    Audit(Arguments<audit::Action>),
    /// What happened at the door: logins that were denied, and why
    Event(Arguments<event::Action>),
    /// Enter devices and their passwords, of an export or of another broker
    Import(Single<import::Import>),
    /// Write products, devices, claim tokens and blocks into a file
    Export(Single<export::Export>),
    /// What the broker logs, and how to have it log more for a while
    Log(Arguments<log::Action>),
    /// Watch what a client sends and is sent, as it happens
    Trace(Single<trace::Trace>),
    /// Have the broker read its configuration again: all of it, or nothing
    Reload(Single<reload::Reload>),
    /// Tell what answers: version, uptime, listeners, features
    About(Single<about::About>),
    /// End the broker, or begin it again
    Broker(Arguments<broker::Action>),
}

/// What is done with one resource, and on which broker.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
#[group(skip)]
pub(crate) struct Arguments<A: Subcommand> {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    action: A,
}

/// What is done as a whole, and on which broker.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
#[group(skip)]
pub(crate) struct Single<A: Args> {
    #[command(flatten)]
    action: A,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Common {
    #[command(flatten)]
    target: target::Options,
    /// Print JSON, as the API answers it
    #[arg(long, global = true, help_heading = HEADING)]
    json: bool,
}

const HEADING: &str = "Management API";
const CODES: &str = "\
Exit codes:
  0  done
  1  failed: refused by the server, no connection, not applied everywhere yet
  2  cannot be done as asked: usage, no token, unreadable file";

/// Something that is done with a resource.
pub(super) trait Act {
    /// Does it, and prints what came of it.
    async fn act(self, operator: &Operator) -> Result<(), Failure>;
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Product(Arguments { common, action }) => run(common, action),
            Self::Device(Arguments { common, action }) => run(common, action),
            Self::Credential(Arguments { common, action }) => run(common, action),
            Self::Authority(Arguments { common, action }) => run(common, action),
            Self::Claim(Arguments { common, action }) => run(common, action),
            Self::Registration(Arguments { common, action }) => run(common, action),
            Self::Block(Arguments { common, action }) => run(common, action),
            Self::Client(Arguments { common, action }) => run(common, action),
            Self::Subscription(Arguments { common, action }) => run(common, action),
            Self::Retained(Arguments { common, action }) => run(common, action),
            Self::Message(Arguments { common, action }) => run(common, action),
            Self::Listener(Arguments { common, action }) => run(common, action),
            Self::Limits(Arguments { common, action }) => run(common, action),
            Self::ApiKey(Arguments { common, action }) => run(common, action),
            Self::Audit(Arguments { common, action }) => run(common, action),
            Self::Event(Arguments { common, action }) => run(common, action),
            Self::Import(Single { common, action }) => run(common, action),
            Self::Export(Single { common, action }) => run(common, action),
            Self::Log(Arguments { common, action }) => run(common, action),
            Self::Trace(Single { common, action }) => run(common, action),
            Self::Reload(Single { common, action }) => run(common, action),
            Self::About(Single { common, action }) => run(common, action),
            Self::Broker(Arguments { common, action }) => run(common, action),
        }
    }
}

/// Does something as a whole.
pub(super) fn act(single: Single<impl Act + Args>) -> Result<(), Failure> {
    let Single { common, action } = single;
    run(common, action)
}

fn run(common: Common, action: impl Act) -> Result<(), Failure> {
    let Common { target, json } = common;
    let operator = Operator::new(target.resolve(|name| std::env::var_os(name))?, json)?;
    block_on(false, action.act(&operator))
}
