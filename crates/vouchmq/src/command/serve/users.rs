//! Who may connect: the flags `--allow-anonymous` and `--user-file`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use vouchmq_identity::{Access, Anonymous, Authenticator, FileAuthenticator, PasswordFile};

use crate::exit::Failure;

/// Who may connect beside the devices of the registry.
pub(super) fn others(
    allow_anonymous: bool,
    user_file: Option<&Path>,
) -> Result<Vec<Box<dyn Authenticator>>, Failure> {
    let access = Access::everything();
    let mut others: Vec<Box<dyn Authenticator>> = Vec::new();
    match (user_file, allow_anonymous) {
        (None, false) => {}
        (None, true) => others.push(Box::new(Anonymous::everybody(access))),
        (Some(path), allow_anonymous) => {
            others.push(Box::new(FileAuthenticator::new(read(path)?, access.clone())));
            if allow_anonymous {
                others.push(Box::new(Anonymous::without_user_name(access)));
            }
        }
    }
    Ok(others)
}

/// Says what an operator should know about these choices.
pub(super) fn warn(allow_anonymous: bool, user_file: Option<&Path>) {
    if allow_anonymous {
        tracing::warn!("clients without a user name may do everything, because of --allow-anonymous");
    }
    let Some(path) = user_file else { return };
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        let (path, mode) = (path.display(), format!("{:o}", mode & 0o777));
        tracing::warn!(%path, mode, "others may read or change the password file; chmod 600 would be better");
    }
}

fn read(path: &Path) -> Result<PasswordFile, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::unusable(format_args!(
            "cannot read the password file {}: {error}; make it with 'vouchmq passwd -c'",
            path.display()
        ))
    })?;
    PasswordFile::parse(&text, path).map_err(|fault| {
        Failure::unusable(format_args!("{fault}; correct the line, or delete it and use 'vouchmq passwd'"))
    })
}
