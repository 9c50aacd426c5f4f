//! The commands, one file each.

mod acl;
mod bench;
mod cert;
mod check;
mod completions;
mod config;
mod demo;
mod passwd;
mod password;
mod profile;
mod publish;
mod registry;
mod serve;
mod subscribe;
mod token;
mod trial;
mod version;

use clap::Subcommand;

use crate::exit::Failure;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the broker
    #[command(alias = "start")]
    Serve(Box<serve::Arguments>),
    /// Check a configuration file: what is wrong, what is in effect, what is open to whom
    Check(check::Arguments),
    /// Print the keys of configuration files; show and change those of a running broker
    #[command(subcommand)]
    Config(config::Command),
    /// Tell what the rules of a configuration let a client do
    #[command(subcommand)]
    Acl(acl::Command),
    /// Try who would be let in: ask the authentication service and the users of a configuration, without a broker
    #[command(subcommand, name = "auth")]
    Trial(trial::Command),
    /// Publish messages
    Pub(Box<publish::Arguments>),
    /// Subscribe, and print what arrives
    Sub(Box<subscribe::Arguments>),
    #[command(subcommand)]
    Cert(cert::Cert),
    #[command(subcommand)]
    Token(token::Command),
    /// Set or delete a user in a password file
    Passwd(passwd::Arguments),
    #[command(flatten)]
    Registry(registry::Command),
    /// Brokers that you act on, by name
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Show the life of a device: registered, connected, rotated, revoked
    Demo(demo::Arguments),
    /// Measure a broker
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Print the version
    Version,
    /// Print shell completions
    Completions(completions::Arguments),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(arguments) => serve::run(*arguments),
            Self::Check(arguments) => check::run(&arguments),
            Self::Config(command) => config::run(command),
            Self::Acl(command) => acl::run(&command),
            Self::Trial(command) => trial::run(command),
            Self::Pub(arguments) => publish::run(*arguments),
            Self::Sub(arguments) => subscribe::run(*arguments),
            Self::Cert(cert) => cert::run(&cert),
            Self::Token(command) => command.run(),
            Self::Passwd(arguments) => passwd::run(&arguments),
            Self::Registry(command) => command.run(),
            Self::Profile(profile) => profile::run(profile),
            Self::Demo(arguments) => demo::run(&arguments),
            Self::Bench(bench) => bench::run(&bench),
            Self::Version => version::run(),
            Self::Completions(arguments) => completions::run(&arguments),
        }
    }
}
