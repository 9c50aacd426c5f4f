//! `vouchmq config show`, `set` and so on: what a running broker is told to be.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::listing::Listing;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use super::{Act, Single, reload, run};
use crate::exit::Failure;
use crate::output;

const VALUES: Resource = Resource {
    plural: "values below this key",
    columns: &[
        Column::listed("key", "key"),
        Column::listed("value", "value"),
        Column::listed("origin", "origin"),
        Column::listed("acts", "acts"),
        Column::listed("takes", "takes"),
    ],
};

/// What is asked of a running broker about its configuration, or changed in it.
#[derive(Debug, Subcommand)]
pub(crate) enum Configuration {
    /// Show the values that are in effect in a running broker, and where each comes from
    Show(Single<Show>),
    /// Change keys of a running broker for good
    #[command(after_help = SET_HELP)]
    Set(Single<Set>),
    /// Take changes of keys back: what the file says counts again
    Unset(Single<Unset>),
    /// Put back what was there before the last change
    Rollback(Single<Rollback>),
    /// Show the file that a broker was started with, without what is secret in it
    File(Single<File>),
    /// Put another file in place of the one that a broker was started with
    Replace(Single<Replace>),
}

const SET_HELP: &str = "\
All keys are changed, or none. They are kept in overrides.conf in the data directory, above the file and below the
environment and flags. 'vouchmq config schema' lists keys; a list is [a, b], a block { key = value }. What is secret
is better given as KEY=-, and then read from standard input: others see command lines.

Exit codes:
  0  done
  1  failed: refused by the server, no connection
  2  cannot be done as asked: usage, no token, unreadable file";

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Show {
    /// Only this key, and those below it
    #[arg(value_name = "PREFIX")]
    prefix: Option<String>,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Set {
    /// What to change, as mqtt.max_packet_size=2MB
    #[arg(value_name = "KEY=VALUE", required = true)]
    changes: Vec<String>,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Unset {
    /// Which changes to take back
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Rollback {
    /// What to put back
    #[arg(value_name = "WHAT", value_enum, default_value = "overrides")]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The keys that were changed
    Overrides,
    /// The file
    File,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct File {}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Replace {
    /// The new file; '-' is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Bytes of a value or a file from here.
const INPUT_MAX: u64 = 1024 * 1024;

impl Configuration {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Show(Single { common, action }) => run(common, action),
            Self::Set(Single { common, action }) => run(common, action),
            Self::Unset(Single { common, action }) => run(common, action),
            Self::Rollback(Single { common, action }) => run(common, action),
            Self::File(Single { common, action }) => run(common, action),
            Self::Replace(Single { common, action }) => run(common, action),
        }
    }
}

impl Act for Show {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let answer = operator.get(&config().with("prefix", self.prefix)).await?;
        let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut listing = Listing::new(&VALUES, operator.prints_json());
        listing.take(items)?;
        listing.end()
    }
}

impl Act for Set {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let mut patch = Map::new();
        for change in &self.changes {
            let (key, value) = split(change)?;
            let value = if value == "-" { line_of_input()? } else { value.to_owned() };
            if patch.insert(key.to_owned(), Value::String(value)).is_some() {
                return Err(Failure::unusable(format_args!("{key} is given twice; leave one of them out")));
            }
        }
        reload::told(operator, &operator.patch(&config(), &patch).await?)
    }
}

impl Act for Unset {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let patch: Map<String, Value> = self.keys.into_iter().map(|key| (key, Value::Null)).collect();
        reload::told(operator, &operator.patch(&config(), &patch).await?)
    }
}

impl Act for Rollback {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let what = match self.what {
            What::Overrides => "overrides",
            What::File => "file",
        };
        let path = config().action("rollback");
        reload::told(operator, &operator.post(&path, &json!({ "what": what })).await?)
    }
}

impl Act for File {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let mut download = operator.download(&ApiPath::to(&["config", "file"])).await?;
        let mut bytes = Vec::new();
        while let Some(part) = operator.told(download.next().await)? {
            bytes.extend_from_slice(&part);
        }
        let text = String::from_utf8_lossy(&bytes);
        if operator.prints_json() {
            return operator.done(&json!({ "text": text }), "");
        }
        for line in text.lines() {
            output::line(&output::escaped(line))?;
        }
        Ok(())
    }
}

impl Act for Replace {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let text = text_of(&self.file).map_err(|error| {
            Failure::unusable(format_args!("cannot read {}: {error}", self.file.display()))
        })?;
        let answer = operator.put_text(&ApiPath::to(&["config", "file"]), text).await?;
        reload::told(operator, &answer)
    }
}

fn config() -> ApiPath {
    ApiPath::to(&["config"])
}

/// A key may have an equals sign between quotes.
fn split(change: &str) -> Result<(&str, &str), Failure> {
    let mut quote = None;
    let at = change.char_indices().find(|(_, letter)| {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(*letter),
            (Some(open), letter) if open == *letter => quote = None,
            (Some(_) | None, _) => {}
        }
        quote.is_none() && *letter == '='
    });
    let parts = at.and_then(|(at, _)| change.split_at_checked(at));
    match parts {
        Some((key, value)) => Ok((key.trim(), value.strip_prefix('=').unwrap_or(value).trim())),
        None => Err(Failure::unusable("write KEY=VALUE, as mqtt.max_packet_size=2MB")),
    }
}

fn line_of_input() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::BufRead::read_line(&mut io::stdin().lock().take(INPUT_MAX), &mut line);
    read.map_err(|error| Failure::unusable(format_args!("cannot read standard input: {error}")))?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(INPUT_MAX + 1).read_to_string(&mut text)?;
    } else {
        fs::File::open(path)?.take(INPUT_MAX + 1).read_to_string(&mut text)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_outside_of_quotes_ends_the_key() {
        for (change, key, value) in [
            ("mqtt.max_packet_size = 2MB", "mqtt.max_packet_size", "2MB"),
            ("auth.password.\"a=b\"=c=d", "auth.password.\"a=b\"", "c=d"),
            ("a=", "a", ""),
        ] {
            assert_eq!(split(change).ok(), Some((key, value)), "{change}");
        }
        assert!(split("mqtt.max_packet_size").is_err());
    }
}
