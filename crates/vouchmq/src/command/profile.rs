//! `vouchmq profile`: brokers that an operator acts on, by name.

mod book;
mod entry;
mod place;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};
use vouchmq_client::Rest;

use super::password;
use super::registry::{json as as_json, table};
use crate::exit::{self, Failure};
use crate::output;
use book::Book;
use place::Place;

pub(super) use entry::{Entry, Proof};

/// What there is to do with profiles.
#[derive(Debug, Subcommand)]
#[command(after_help = exit::CODES)]
pub(crate) enum Profile {
    /// Enter a broker, and by what its operators prove themselves there
    Add(Box<Add>),
    /// List them; what is secret is not shown
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Use one where nothing else is said
    Use(Use),
    /// Remove one
    Remove {
        /// Its name
        #[arg(value_parser = name)]
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("proof").args(["token_file", "ask_token", "user"]))]
#[group(skip)]
pub(crate) struct Add {
    /// What it is called here: letters, digits, '.', '_' and '-'
    #[arg(value_parser = name)]
    name: String,
    /// Where its management API is, as https://HOST:8081
    #[arg(long, value_name = "URL")]
    api: String,
    /// Read the token from this file, at each command
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Keep the token in the profile: asked for on a terminal, else read as a line from standard input
    #[arg(long)]
    ask_token: bool,
    /// Log in as this user; the password is kept in the profile: asked for, or read as a line from standard input
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Trust the authorities in this file (PEM), for https://
    #[arg(long, value_name = "FILE")]
    cafile: Option<PathBuf>,
    /// Present this certificate (PEM), for https://
    #[arg(long, value_name = "FILE", requires = "cert_key")]
    cert: Option<PathBuf>,
    /// The key of --cert (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "cert")]
    cert_key: Option<PathBuf>,
    /// Replace a profile of this name
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Use {
    /// Its name
    #[arg(required_unless_present = "none", value_parser = name)]
    name: Option<String>,
    /// None, as if there were no profiles
    #[arg(long, conflicts_with = "name")]
    none: bool,
}

const NAME_LEN_MAX: usize = 64;

/// Does it.
pub(crate) fn run(profile: Profile) -> Result<(), Failure> {
    let place = Place::find(|name| std::env::var_os(name))?;
    match profile {
        Profile::Add(add) => add.enter(&place),
        Profile::List { json } => list(&place.read()?, json),
        Profile::Use(Use { name, none: _ }) => {
            let mut book = place.read()?;
            if let Some(name) = &name {
                book.entry(name, &place)?;
            }
            book.current = name;
            place.write(&book)
        }
        Profile::Remove { name } => {
            let mut book = place.read()?;
            book.entry(&name, &place)?;
            book.entries.remove(&name);
            book.current = book.current.filter(|current| *current != name);
            place.write(&book)
        }
    }
}

/// The profile that `name` names; without a name the one that is in use, if any. With it, what it is called.
pub(super) fn find(name: Option<&str>) -> Result<Option<(String, Entry)>, Failure> {
    let place = match (Place::find(|name| std::env::var_os(name)), name) {
        (Ok(place), _) => place,
        (Err(failure), Some(_)) => return Err(failure),
        // Nobody asked for one, and there is nowhere to look.
        (Err(_), None) => return Ok(None),
    };
    let mut book = place.read()?;
    let Some(name) = name.map(str::to_owned).or_else(|| book.current.clone()) else { return Ok(None) };
    book.entry(&name, &place)?;
    let entry = book.entries.remove(&name);
    Ok(entry.map(|entry| (name, entry)))
}

impl Add {
    fn enter(self, place: &Place) -> Result<(), Failure> {
        let Self { name, api, token_file, ask_token, user, cafile, cert, cert_key, replace } = self;
        let mut book = place.read()?;
        if book.entries.contains_key(&name) && !replace {
            return Err(Failure::unusable(format_args!(
                "there is a profile '{name}' already; --replace replaces it"
            )));
        }
        let is_secure = api.starts_with("https://");
        let is_address = if is_secure { entry::is_address(&api) } else { Rest::new(&api, None).is_ok() };
        if !is_address {
            return Err(Failure::unusable(format_args!(
                "--api: '{api}' is no address of an HTTP API: write http://HOST:PORT or https://HOST:PORT"
            )));
        }
        if !is_secure && (cafile.is_some() || cert.is_some()) {
            return Err(Failure::unusable(
                "--cafile and --cert are for https://; give --api https://HOST:PORT",
            ));
        }
        let proof = match (token_file, ask_token, user) {
            (Some(file), ..) => Proof::TokenFile(absolute(file)?),
            (None, true, _) => Proof::Token(password::ask_once(&format!("the token for {api}"))?),
            (None, false, Some(user)) => {
                let password = password::ask_once(&format!("{user} at {api}"))?;
                Proof::Password { user, password }
            }
            (None, false, None) if cert.is_some() => Proof::Certificate,
            (None, false, None) => {
                return Err(Failure::unusable(
                    "say by what operators prove themselves there: --token-file, --ask-token, --user or --cert",
                ));
            }
        };
        proof.check()?;
        if !is_secure && !entry::is_here(&api) {
            output::note("warning: what is secret goes over the network as it is; use https://");
        }
        let path = |file: Option<PathBuf>| file.map(absolute).transpose();
        let entry = Entry { api, proof, cafile: path(cafile)?, cert: path(cert)?, cert_key: path(cert_key)? };
        book.entries.insert(name, entry);
        place.write(&book)
    }
}

fn list(book: &Book, json: bool) -> Result<(), Failure> {
    let row = |(name, entry): (&String, &Entry)| {
        json!({"name": name, "api": entry.api, "by": entry.proof.described(), "cafile": entry.cafile,
            "cert": entry.cert, "in_use": book.current.as_ref() == Some(name)})
    };
    let rows: Vec<Value> = book.entries.iter().map(row).collect();
    if json {
        return output::line(&as_json::pretty(&Value::Array(rows)));
    }
    if rows.is_empty() {
        output::note("no profiles; 'vouchmq profile add' enters one");
        return Ok(());
    }
    output::line(&table::PROFILES.list(&rows))
}

/// Good from whatever directory a command is run in.
fn absolute(file: PathBuf) -> Result<PathBuf, Failure> {
    std::path::absolute(&file)
        .map_err(|error| Failure::unusable(format_args!("{} is no path: {error}", file.display())))
}

/// What a profile may be called.
fn name(text: &str) -> Result<String, String> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=NAME_LEN_MAX).contains(&text.len()) && text.bytes().all(is_good) {
        return Ok(text.to_owned());
    }
    Err(format!("a name is at most {NAME_LEN_MAX} letters, digits, '.', '_' and '-'"))
}
