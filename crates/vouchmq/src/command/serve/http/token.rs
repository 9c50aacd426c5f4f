//! The token of the first administrator.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use vouchmq_api::http::AdministratorToken;
use vouchmq_identity::{Secret, SecretUse};
use vouchmq_registrar::SystemEntropy;

use crate::exit::Failure;
use crate::output;

/// Bytes of a token file.
const TOKEN_BYTES_MAX: u64 = 4096;

/// The token of the first administrator: what the environment gives, else that of a file for its owner only,
/// which is made at the first start.
pub(in crate::command::serve) fn administrator_token(
    data: &Path,
    given: Option<&SecretString>,
) -> Result<AdministratorToken, Failure> {
    let path = data.join("admin-token");
    let failed = |error: io::Error| {
        Failure::unusable(format_args!("cannot use the token file {}: {error}", path.display()))
    };
    let text = match given {
        Some(token) => token.clone(),
        None => match File::open(&path) {
            Ok(file) => read_token(&path, file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_token(&path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        },
    };
    AdministratorToken::new(text).map_err(|why| {
        let origin =
            if given.is_some() { "VOUCHMQ_ADMIN_TOKEN".to_owned() } else { path.display().to_string() };
        Failure::unusable(format_args!("{origin}: {why}"))
    })
}

fn read_token(path: &Path, file: File) -> Result<SecretString, Failure> {
    let failed = |error: io::Error| {
        Failure::unusable(format_args!("cannot use the token file {}: {error}", path.display()))
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Failure::unusable(format_args!(
            "others may read the token file {} (mode {mode:03o}): delete it, and a new one is made",
            path.display()
        )));
    }
    let mut text = String::new();
    file.take(TOKEN_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let token = SecretString::from(text.trim().to_owned());
    zeroize::Zeroize::zeroize(&mut text);
    Ok(token)
}

/// Shown on a terminal, and never in a log.
fn make_token(path: &Path) -> io::Result<SecretString> {
    let token = Secret::generate(SecretUse::ApiKey, &mut SystemEntropy).map_err(io::Error::other)?;
    let token = SecretString::from(token.expose().to_owned());
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", token.expose_secret())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    if output::is_watched() {
        output::note(&format!("administrator token (kept in {}): {}", path.display(), token.expose_secret()));
    }
    Ok(token)
}
