//! Passwords that somebody types, or that come from elsewhere: never as an argument, which others can see.

use std::io::{self, BufRead, IsTerminal};

use dialoguer::Password;
use secrecy::SecretString;

use crate::exit::Failure;
use crate::output;

/// Asks twice on a terminal, else reads a line from standard input.
pub(super) fn ask(whose: &str) -> Result<SecretString, Failure> {
    read(whose, |dialog| dialog.with_confirmation("Again", "They differ; once more, please"))
}

/// The same for a password that there is already: asks once.
pub(super) fn ask_once(whose: &str) -> Result<SecretString, Failure> {
    read(whose, |dialog| dialog)
}

fn read<'a>(whose: &str, more: impl FnOnce(Password<'a>) -> Password<'a>) -> Result<SecretString, Failure> {
    if io::stdin().is_terminal() {
        let dialog = Password::new().with_prompt(format!("Password of {}", output::escaped(whose)));
        return more(dialog)
            .interact()
            .map(SecretString::from)
            .map_err(|error| Failure::unusable(format_args!("no password could be asked for: {error}")));
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| {
        Failure::unusable(format_args!("cannot read a password from standard input: {error}"))
    })?;
    let password = line.strip_suffix('\n').map_or(&*line, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(SecretString::from(password))
}
