//! `vouchmq passwd`: users and their password hashes in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use vouchmq_identity::password_file::Change;
use vouchmq_identity::{HashCost, PasswordFile, PasswordHash};
use vouchmq_registrar::SystemEntropy;

use super::password;
use crate::exit::{self, Failure};
use crate::output;

#[derive(Debug, Args)]
#[command(after_help = exit::CODES)]
#[group(skip)]
pub(crate) struct Arguments {
    /// The password file
    file: PathBuf,
    /// The user
    user: String,
    /// Take this password; others can see it while the command runs [default: ask on a terminal, else read a
    /// line from standard input]
    #[arg(short = 'b', long = "password", value_name = "PASSWORD", allow_hyphen_values = true)]
    password: Option<SecretString>,
    /// Delete the user
    #[arg(short = 'D', long, conflicts_with_all = ["create", "password"])]
    delete: bool,
    /// Create the file, which must not exist yet
    #[arg(short = 'c', long)]
    create: bool,
}

/// Changes the file, or leaves it as it was.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { file: path, user, .. } = arguments;
    let shown = path.display();
    if !arguments.create && !path.exists() {
        return Err(Failure::unusable(format_args!("there is no file {shown}; give -c to create it")));
    }
    if arguments.delete {
        let _lock = lock(path);
        let mut users = read(path)?;
        if users.delete(user).is_none() {
            return Err(Failure::failed(format_args!("{shown} has no user '{user}'; nothing changed")));
        }
        replace(path, &users)?;
        output::note(&format!("user '{user}' deleted from {shown}"));
        return Ok(());
    }
    let password = match &arguments.password {
        Some(password) => password.clone(),
        None => password::ask(user)?,
    };
    let hash =
        PasswordHash::create(password.expose_secret().as_bytes(), HashCost::default(), &mut SystemEntropy)
            .map_err(|why| Failure::unusable(format_args!("no password set: {why}")))?;
    // What others changed while the password was typed is read now.
    let _lock = lock(path);
    let mut users = if arguments.create { create(path)? } else { read(path)? };
    let change =
        users.set(user, hash).map_err(|why| Failure::unusable(format_args!("user '{user}': {why}")))?;
    replace(path, &users)?;
    let done = match change {
        Change::Added => "added to",
        Change::Replaced => "has a new password in",
    };
    output::note(&format!("user '{user}' {done} {shown}; 'vouchmq serve' reads it when it starts"));
    Ok(())
}

/// Keeps others of us from changing the file meanwhile; where that is not possible, goes on without.
fn lock(path: &Path) -> Option<File> {
    let directory = File::open(directory_of(path)).ok()?;
    directory.lock().ok()?;
    Some(directory)
}

fn read(path: &Path) -> Result<PasswordFile, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::unusable(format_args!("cannot read {}: {error}", path.display())))?;
    PasswordFile::parse(&text, path)
        .map_err(|fault| Failure::unusable(format_args!("{fault}; nothing changed")))
}

fn create(path: &Path) -> Result<PasswordFile, Failure> {
    if path.exists() {
        let path = path.display();
        return Err(Failure::unusable(format_args!("{path} exists already; leave -c out to change it")));
    }
    Ok(PasswordFile::default())
}

/// Writes a new file for its owner only, and puts it in place of the old one: whoever reads sees one of the two.
fn replace(path: &Path, users: &PasswordFile) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = directory_of(path).join(format!(".{name}.{}", std::process::id()));
    let written = write(&new, users, fs::metadata(path).ok().as_ref()).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| {
        // What is left of it helps nobody.
        let _ = fs::remove_file(&new);
        Failure::unusable(format_args!("cannot write {}: {error}; nothing changed", path.display()))
    })
}

fn write(new: &Path, users: &PasswordFile, old: Option<&fs::Metadata>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
    if let Some(old) = old {
        let ours = file.metadata()?;
        if (old.uid(), old.gid()) != (ours.uid(), ours.gid()) {
            std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
    }
    file.write_all(users.to_string().as_bytes())?;
    file.sync_all()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
