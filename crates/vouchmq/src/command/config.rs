//! `vouchmq config`: the keys of configuration files.

use clap::{Args, Subcommand, ValueEnum};

use crate::exit::Failure;
use crate::output::Output;

/// What to print about configuration files.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print every key: how it is written, what it does here
    Schema(Schema),
    /// Print a file with every key that acts, at its default
    Example,
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

/// Prints it.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    let text = match command {
        Command::Schema(Schema { format: Form::Markdown }) => vouchmq_config::markdown(),
        Command::Schema(Schema { format: Form::Json }) => vouchmq_config::json(),
        Command::Example => vouchmq_config::example(),
    };
    let mut output = Output::lock();
    output.write(text.as_bytes())?;
    output.flush()
}
