//! Environment variables that look like ours: a mistyped one would change nothing in silence.

use std::ffi::OsString;

use super::table::ROWS;
use crate::exit::Failure;

const PREFIX: &str = "VOUCHMQ_";
/// What the commands of a registry read, which may run where the broker does.
const OF_COMMANDS: [&str; 2] = ["VOUCHMQ_API", "VOUCHMQ_TOKEN_FILE"];

/// Refuses every variable with our prefix that nothing here reads.
pub(in crate::command::serve) fn refuse_unknown(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(), Failure> {
    let known = known();
    for (name, value) in environment {
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(PREFIX) && !is_for_others(&name, &value.to_string_lossy());
        if is_ours && !known.iter().any(|known| *known == name) {
            let meant = match nearest(&name, &known) {
                Some(near) => format!("did you mean {near}?"),
                None => "'vouchmq serve --help' lists what there is".to_owned(),
            };
            return Err(Failure::unusable(format_args!(
                "the environment variable {name} means nothing; {meant}"
            )));
        }
    }
    Ok(())
}

/// The variables of flags, those of the table, and those of other commands.
fn known() -> Vec<String> {
    let grammar = crate::arguments::grammar();
    let flags = grammar.find_subcommand("serve").into_iter().flat_map(clap::Command::get_arguments);
    let flags = flags.filter_map(|flag| flag.get_env()?.to_str().map(str::to_owned));
    let rows = ROWS.iter().map(|row| format!("{PREFIX}{}", row.variable()));
    flags.chain(rows).chain(OF_COMMANDS.map(str::to_owned)).collect()
}

/// Our tests use some, and Kubernetes gives every container some about a service that is called `vouchmq`.
fn is_for_others(name: &str, value: &str) -> bool {
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    let is_of_tests = matches!(name, "BIN" | "WRITE_DOCS" | "TEST_CHILD" | "INTEROP");
    let is_of_service = name == "SERVICE_HOST"
        || name == "SERVICE_PORT"
        || name.starts_with("SERVICE_PORT_")
        || name.starts_with("PORT_")
        || (name == "PORT" && value.contains("://"));
    is_of_tests || name.starts_with("INTEROP_") || is_of_service
}

/// The known name that takes the fewest changes, if it is not another word altogether.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let distances = known.iter().map(|known| (distance(name, known), known.as_str()));
    let (changes, near) = distances.min()?;
    (changes * 3 <= name.len() - PREFIX.len()).then_some(near)
}

/// How many letters have to be put in, taken out or replaced (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut left = line + 1;
        let mut above_left = line;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = above_left + usize::from(a != b);
            above_left = *cell;
            left = replaced.min(left + 1).min(above_left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, value: &str) -> Option<String> {
        match refuse_unknown(std::iter::once((name.into(), value.into()))) {
            Ok(()) => None,
            Err(Failure::Unusable(text)) => Some(text),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn changes_are_counted() {
        for (from, to, changes) in
            [("", "abc", 3), ("abc", "", 3), ("listen", "silent", 4), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(from, to), changes, "{from} {to}");
        }
    }

    #[test]
    fn what_is_mistyped_is_refused_with_what_was_meant() {
        for (name, meant) in [
            ("VOUCHMQ_MQTT_RECEIVE_MAXIMUMS", "VOUCHMQ_MQTT_RECEIVE_MAXIMUM"),
            ("VOUCHMQ_ALLOW_ANONYM", "VOUCHMQ_ALLOW_ANONYMOUS"),
            ("VOUCHMQ_LISTENS", "VOUCHMQ_LISTEN"),
        ] {
            let expected = format!("the environment variable {name} means nothing; did you mean {meant}?");
            assert_eq!(told(name, "1"), Some(expected));
        }
        for name in ["VOUCHMQ_", "VOUCHMQ_COLOUR", "VOUCHMQ_PORT"] {
            let expected = format!(
                "the environment variable {name} means nothing; 'vouchmq serve --help' lists what there is"
            );
            assert_eq!(told(name, "1"), Some(expected));
        }
    }

    #[test]
    fn what_others_set_is_let_alone() {
        for name in known() {
            assert_eq!(told(&name, "1"), None);
        }
        for name in [
            "HOME",
            "VOUCHMQ",
            "VOUCHMQ_BIN",
            "VOUCHMQ_INTEROP",
            "VOUCHMQ_INTEROP_NODE",
            "VOUCHMQ_WRITE_DOCS",
            "VOUCHMQ_API",
            "VOUCHMQ_TOKEN_FILE",
        ] {
            assert_eq!(told(name, "1"), None);
        }
        for (name, value) in [
            ("VOUCHMQ_PORT", "tcp://10.0.0.1:1883"),
            ("VOUCHMQ_PORT_1883_TCP_ADDR", "10.0.0.1"),
            ("VOUCHMQ_SERVICE_HOST", "10.0.0.1"),
            ("VOUCHMQ_SERVICE_PORT_MQTT", "1883"),
        ] {
            assert_eq!(told(name, value), None);
        }
    }
}
