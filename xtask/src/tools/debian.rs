//! Programs that Debian packages: found on the search path, or installed when run as root.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::{retry, say};
use crate::{process::Program, workspace::Workspace};

/// A program, with the packages that bring it.
pub(super) fn program(workspace: &Workspace, name: &str, packages: &[&str]) -> Result<PathBuf> {
    if let Some(program) = workspace.find_program(name) {
        return Ok(program);
    }
    install(packages)?;
    workspace
        .find_program(name)
        .with_context(|| format!("{} installed, but there is no `{name}`", packages.join(", ")))
}

/// A program that Debian keeps off the search path, in the folder of each version that is installed.
pub(super) fn library_program(library: &str, name: &str, packages: &[&str]) -> Result<()> {
    let has_it = || {
        let versions = fs::read_dir(Path::new("/usr/lib").join(library)).into_iter().flatten().flatten();
        versions.map(|version| version.path().join("bin").join(name)).any(|program| program.is_file())
    };
    if !has_it() {
        install(packages)?;
    }
    if has_it() { Ok(()) } else { bail!("{} installed, but there is no `{name}`", packages.join(", ")) }
}

/// A file that packages bring.
pub(super) fn file(path: &str, packages: &[&str]) -> Result<PathBuf> {
    let path = PathBuf::from(path);
    if !path.is_file() {
        install(packages)?;
    }
    if path.is_file() {
        Ok(path)
    } else {
        bail!("{} installed, but there is no {}", packages.join(", "), path.display())
    }
}

/// Installs packages; an error that says what to type for those who are not root.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !is_root() {
        bail!("{list} missing: install it, on Debian with `sudo apt-get install {list}`");
    }
    say(&format!("installing {list} from Debian"));
    let apt = |line: &str| {
        // RUNLEVEL: a broker installed to be measured must not start by itself
        Program::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").words(line)
    };
    retry(|| {
        apt("-qq update").succeed()?;
        apt("-qq --yes --no-install-recommends install").args(packages).succeed()
    })
    .with_context(|| format!("{list} is not to be had"))
}

/// Whoever runs this process owns its folder in /proc.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
