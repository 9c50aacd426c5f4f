//! `vouchmq acl`: what the rules of a configuration let a client do.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use vouchmq_identity::acl::{Attempt, Names};

use crate::configuration::{self, Mistake, Said, people};
use crate::exit::{self, Failure};
use crate::output;

/// What to tell about rules.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell whether a user, or a client without a name, may do something, and which rule decides
    Explain(Explain),
}

#[derive(Debug, Args)]
#[command(after_help = exit::CODES)]
#[group(skip)]
pub(crate) struct Explain {
    /// The configuration file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the client would do
    #[arg(value_enum)]
    action: Action,
    /// The topic, or the filter of a subscription, shared or not
    topic: String,
    /// Its user name [default: it has none]
    #[arg(short = 'u', long)]
    username: Option<String>,
    /// Its client id
    #[arg(short = 'i', long, default_value = "")]
    id: String,
    /// Where it connects from
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Take this in place of what the file says; repeat for more
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    Publish,
    Subscribe,
}

/// Tells it.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Explain(explain) = command;
    let said = Said { file: Some(explain.file.clone()), set: explain.set.clone(), ..Said::default() };
    let mut outcome = configuration::outcome(&said);
    let Some(config) = outcome.config.take() else {
        let mistakes = outcome.mistakes().map(Mistake::from);
        return Err(configuration::told(mistakes.collect()));
    };
    let people = people::read(&config, &outcome).map_err(configuration::told)?;
    if let (Some(name), Some(users)) = (&explain.username, people.configured.users())
        && !users.names().any(|known| known == name)
    {
        output::note(&format!("there is no user '{name}' in this configuration: it would not be let in"));
    }
    let names = Names {
        client_id: &explain.id,
        username: explain.username.as_deref(),
        address: explain.address,
        ..Names::default()
    };
    let attempt = match explain.action {
        Action::Publish => Attempt::Publish(&explain.topic),
        Action::Subscribe => Attempt::Subscribe(&explain.topic),
    };
    let places = &config.authorization.places;
    let place_of = |number: usize| Some(outcome.place(places.get(number)?.0));
    let lines = people.configured.access().explain(&names, attempt, &place_of);
    let lines = lines.map_err(|fault| Failure::unusable(format_args!("'{}': {fault}", explain.topic)))?;
    lines.iter().try_for_each(|line| output::line(&output::escaped(line)))
}
