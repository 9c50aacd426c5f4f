//! The command line: what there is, and how a mistake in it is told.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::client::properties;
use crate::command::Command;
use crate::exit::{self, Failure};
use crate::output;

/// VouchMQ: a small, fast MQTT broker that knows every device
#[derive(Debug, Parser)]
#[command(name = "vouchmq", version, after_help = exit::CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The whole command line, for help and completions.
pub(crate) fn grammar() -> clap::Command {
    Arguments::command()
}

/// Reads the command line. What was asked to be shown (`--help`, `--version`) is printed.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, Failure> {
    let arguments = properties::joined(arguments);
    let command = command_of(&arguments);
    let parsed = grammar().try_get_matches_from(arguments);
    match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(Arguments { command }) => Ok(command),
        Err(error) => Err(explained(&error, &command)),
    }
}

fn explained(error: &clap::Error, command: &str) -> Failure {
    let text = error.render().to_string();
    let kind = error.kind();
    if matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match output::line(text.trim_end()) {
            Ok(()) => Failure::OutputClosed,
            Err(failure) => failure,
        };
    }
    if matches!(kind, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand) {
        return Failure::Unusable(format!("what is to be done? '{command} --help' lists the commands"));
    }
    Failure::Unusable(format!("{}; see '{command} --help'", in_one_line(&text)))
}

/// The message of a usage error without its layout.
fn in_one_line(text: &str) -> String {
    let is_end = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take_while(is_end);
    let message = lines.collect::<Vec<_>>().join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message).replace(" tip: ", "; ");
    with_range_in_words(&message).unwrap_or(message)
}

/// `…: 70000 is not in 0..=65535` is how Rust writes it.
fn with_range_in_words(message: &str) -> Option<String> {
    let (before, range) = message.rsplit_once(" is not in ")?;
    let (what, _value) = before.rsplit_once(": ")?;
    let (start, end) = range.split_once("..")?;
    let (start, last) = (start.parse::<i128>().ok()?, end.trim_start_matches('=').parse::<i128>().ok()?);
    if end.starts_with('=') {
        Some(format!("{what}: a number from {start} to {last}"))
    } else {
        Some(format!("{what}: a number from {start} on"))
    }
}

/// The words of a command line that name a command: `vouchmq bench conn`.
fn command_of(arguments: &[OsString]) -> String {
    let grammar = grammar();
    let mut command = &grammar;
    let mut words = vec![command.get_name()];
    for word in arguments.iter().skip(1) {
        let Some(subcommand) = command.find_subcommand(word) else { break };
        command = subcommand;
        words.push(command.get_name());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_consistent() {
        grammar().debug_assert();
    }

    #[test]
    fn a_mistake_is_told_in_one_line() {
        let told = |words: &[&str]| match parse(words.iter().map(OsString::from)) {
            Err(Failure::Unusable(text)) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            told(&["vouchmq", "serve", "--lsten", "1"]),
            "unexpected argument '--lsten' found; a similar argument exists: '--listen'; see 'vouchmq serve --help'"
        );
        assert_eq!(
            told(&["vouchmq", "pub", "-t", "a", "-n", "-k", "70000"]),
            "invalid value '70000' for '--keepalive <SECONDS>': a number from 0 to 65535; see 'vouchmq pub --help'"
        );
        assert_eq!(
            told(&["vouchmq", "pub", "-t", "a", "-n", "-k", "5 is not in 1..=2"]),
            "invalid value '5 is not in 1..=2' for '--keepalive <SECONDS>': invalid digit found in string; see \
             'vouchmq pub --help'"
        );
        assert_eq!(told(&["vouchmq"]), "what is to be done? 'vouchmq --help' lists the commands");
    }
}
