//! Who may connect: the flags `--allow-anonymous` and `--user-file`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use vouchmq_identity::{Access, Anonymous, Authenticator, Chain, FileAuthenticator, PasswordFile};

use crate::exit::Failure;

/// What judges clients. Without a way to get in there is no broker: one that refuses everybody looks as if it
/// worked.
pub(super) fn authenticator(
    allow_anonymous: bool,
    user_file: Option<&Path>,
) -> Result<Arc<dyn Authenticator>, Failure> {
    let access = Access::everything();
    match (user_file, allow_anonymous) {
        (None, false) => Err(Failure::unusable(
            "nobody could connect; give --user-file FILE (made by 'vouchmq passwd'), or --allow-anonymous",
        )),
        (None, true) => Ok(Arc::new(Anonymous::everybody(access))),
        (Some(path), allow_anonymous) => {
            let users = FileAuthenticator::new(read(path)?, access.clone());
            let mut chain: Vec<Box<dyn Authenticator>> = vec![Box::new(users)];
            if allow_anonymous {
                chain.push(Box::new(Anonymous::without_user_name(access)));
            }
            Ok(Arc::new(Chain::new(chain)))
        }
    }
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
