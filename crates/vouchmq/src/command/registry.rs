//! `vouchmq product`, `device`, `credential` and so on: the registry of a broker, over its management API.
//!
//! Each resource is a module: what can be done with it, as clap reads it, and the columns by which it is shown.

mod api_key;
mod audit;
mod authority;
mod block;
mod claim;
mod credential;
mod device;
mod event;
mod export;
mod fault;
mod import;
pub(super) mod input;
pub(super) mod json;
mod listing;
mod operator;
mod path;
mod product;
mod registration;
mod reload;
mod table;
#[cfg(test)]
mod tests;
mod tls;
mod token;
pub(super) mod whoami;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::client::options::block_on;
use crate::exit::Failure;
use operator::Operator;

/// What there is to do with a registry: the commands of each resource.
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
    /// Have the broker read its configuration again: all of it, or nothing
    Reload(Single<reload::Reload>),
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
    /// Use the management API at this address, as https://HOST:8081
    #[arg(
        long,
        global = true,
        help_heading = HEADING,
        value_name = "URL",
        env = "VOUCHMQ_API",
        default_value = "http://127.0.0.1:8081"
    )]
    api: String,
    /// Read the token from this file [env: VOUCHMQ_TOKEN_FILE] [default: the token in VOUCHMQ_ADMIN_TOKEN, else the
    /// file 'admin-token' in VOUCHMQ_DATA or vouchmq-data]
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    tls: tls::Options,
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
            Self::ApiKey(Arguments { common, action }) => run(common, action),
            Self::Audit(Arguments { common, action }) => run(common, action),
            Self::Event(Arguments { common, action }) => run(common, action),
            Self::Import(Single { common, action }) => run(common, action),
            Self::Export(Single { common, action }) => run(common, action),
            Self::Reload(Single { common, action }) => run(common, action),
        }
    }
}

/// Does something as a whole.
pub(super) fn act(single: Single<impl Act + Args>) -> Result<(), Failure> {
    let Single { common, action } = single;
    run(common, action)
}

fn run(common: Common, action: impl Act) -> Result<(), Failure> {
    let Common { api, token_file, tls, json } = common;
    let token = token::Token::find(token_file.as_deref(), |name| std::env::var_os(name))?;
    let operator = Operator::new(&api, &tls, token, json)?;
    block_on(false, action.act(&operator))
}
