//! `vouchmq config`: the keys of configuration files, and what a running broker has of them.

use clap::{Args, Subcommand, ValueEnum};

use super::registry::Configuration;
use crate::exit::Failure;
use crate::output::Output;

/// What to print about configuration files, and what to do with that of a running broker.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print every key: how it is written, what it does here
    Schema(Schema),
    /// Print a file with every key that acts, at its default
    Example,
    #[command(flatten)]
    Running(Configuration),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Schema {
    /// Print it in this form
    #[arg(long, value_name = "FORM", value_enum, default_value = "markdown")]
    format: Form,
}

/// How the table is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// For people
    Markdown,
    /// An array of objects, for programs
    Json,
}

/// Prints or does it.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    let text = match command {
        Command::Schema(Schema { format: Form::Markdown }) => vouchmq_config::markdown(),
        Command::Schema(Schema { format: Form::Json }) => vouchmq_config::json(),
        Command::Example => vouchmq_config::example(),
        Command::Running(command) => return command.run(),
    };
    let mut output = Output::lock();
    output.write(text.as_bytes())?;
    output.flush()
}
