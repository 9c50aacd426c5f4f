//! Where an export goes: standard output, or a file that is there when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::output;

/// Where an export goes.
pub(super) enum Target {
    Output,
    File(Written),
}

/// A file that goes again unless it is finished.
pub(super) struct Written {
    file: File,
    /// What is written.
    path: PathBuf,
    /// What it is to be called, if that is another name.
    name: Option<PathBuf>,
    is_finished: bool,
}

/// Makes sure, before anybody is asked for anything, that nothing is overwritten.
pub(super) fn check(path: &Path, replaces: bool) -> Result<(), Failure> {
    if !replaces && fs::symlink_metadata(path).is_ok() {
        return Err(exists(path));
    }
    Ok(())
}

fn exists(path: &Path) -> Failure {
    Failure::unusable(format_args!("{} exists already; give --force to replace it", path.display()))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::unusable(format_args!("cannot write {}: {error}", path.display()))
}

impl Target {
    /// Makes the file, for its owner only; one that is to be replaced stays until the new one is whole.
    pub(super) fn open(path: Option<&Path>, replaces: bool) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Output) };
        let written = if replaces {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.with_file_name(format!(".{name}.{}", std::process::id()))
        } else {
            path.to_owned()
        };
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&written);
        let file = file.map_err(|error| {
            let is_there = error.kind() == io::ErrorKind::AlreadyExists && !replaces;
            if is_there { exists(path) } else { unwritable(&written, &error) }
        })?;
        let name = replaces.then(|| path.to_owned());
        Ok(Self::File(Written { file, path: written, name, is_finished: false }))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Output => {
                let mut output = output::Output::lock();
                output.write(bytes)?;
                output.flush()
            }
            Self::File(Written { file, path, .. }) => {
                file.write_all(bytes).map_err(|error| unwritable(path, &error))
            }
        }
    }

    /// It is whole.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Self::File(mut written) = self else { return Ok(()) };
        let Written { file, path, name, is_finished } = &mut written;
        let synced = file.sync_all();
        let named = synced.and_then(|()| name.as_ref().map_or(Ok(()), |name| fs::rename(&path, name)));
        named.map_err(|error| unwritable(path, &error))?;
        *is_finished = true;
        Ok(())
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left of it helps nobody.
            let _ = fs::remove_file(&self.path);
        }
    }
}
