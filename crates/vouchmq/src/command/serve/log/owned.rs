//! Which files are logs of ours: nothing else is written to, renamed or deleted. What is logged holds names that clients
//! choose, and could be commands where something else reads it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::OFlag;

use crate::configuration::own::is_kept_file;

/// How a line begins, with a digit for each 0: as text and as JSON.
const BEGINNINGS: [&[u8]; 2] = [b"0000-00-00T00:00:00", b"{\"time\":\"0000-00-00T00:00:00"];

/// Opens a log to write to its end, or begins one; with its length.
///
/// # Errors
/// It cannot be opened or made, or is something else than a log of ours.
pub(super) fn open(path: &Path) -> io::Result<(File, u64)> {
    if path.file_name().is_none_or(is_kept_name) {
        return Err(refused(path, "is a name that the broker keeps for another file"));
    }
    look_at(path)?;
    let mut file = options().append(true).create(true).mode(0o600).open(path)?;
    let len = refuse_others(path, &mut file)?;
    Ok((file, len))
}

/// Looks at a file that is to be renamed or deleted. There need be none.
///
/// # Errors
/// It is something else than a log of ours, or cannot be looked at.
pub(super) fn look(path: &Path) -> io::Result<()> {
    if look_at(path)? {
        refuse_others(path, &mut options().open(path)?)?;
    }
    Ok(())
}

/// Whether a path leads to below a folder, behind links.
pub(in crate::command::serve) fn is_below(path: &Path, folder: &Path) -> bool {
    let climbs = path.components().any(|part| part == Component::ParentDir);
    let (Some(path), Some(folder)) = (path.parent().and_then(behind_links), behind_links(folder)) else {
        return false;
    };
    !climbs && path.starts_with(folder)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    options.read(true).custom_flags(flags.bits());
    options
}

fn is_kept_name(name: &std::ffi::OsStr) -> bool {
    // Configuration files, and what is kept beside them.
    let is_configuration = Path::new(name).with_extension("").extension().is_some_and(|end| end == "conf")
        || Path::new(name).extension().is_some_and(|end| end == "conf");
    is_configuration || is_kept_file(name)
}

/// Whether there is a file, before it is opened: opening alone does something to a device.
fn look_at(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => refuse_kinds(path, &metadata).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn refuse_kinds(path: &Path, metadata: &Metadata) -> io::Result<()> {
    if !metadata.is_file() {
        return Err(refused(path, "is no regular file"));
    }
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(refused(path, "belongs to another user"));
    }
    if metadata.nlink() != 1 {
        return Err(refused(path, "has other names beside this one"));
    }
    Ok(())
}

/// The length of a log of ours.
fn refuse_others(path: &Path, file: &mut File) -> io::Result<u64> {
    let metadata = file.metadata()?;
    refuse_kinds(path, &metadata)?;
    let longest = BEGINNINGS.iter().map(|beginning| beginning.len()).max().unwrap_or(0);
    let mut begins = Vec::new();
    file.take(u64::try_from(longest).unwrap_or(u64::MAX)).read_to_end(&mut begins)?;
    if begins.is_empty() || BEGINNINGS.iter().any(|expected| is_like(&begins, expected)) {
        return Ok(metadata.len());
    }
    Err(refused(path, "was not written by the broker"))
}

fn is_like(text: &[u8], expected: &[u8]) -> bool {
    let is_one = |(byte, expected): (&u8, &u8)| match expected {
        b'0' => byte.is_ascii_digit(),
        _ => byte == expected,
    };
    text.len() >= expected.len() && text.iter().zip(expected).all(is_one)
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{} {why}: no log is written there", path.display()))
}

/// Where a path leads, of which only the beginning need be there.
fn behind_links(path: &Path) -> Option<PathBuf> {
    let mut at = std::path::absolute(path).ok()?;
    let mut missing = Vec::new();
    loop {
        match at.canonicalize() {
            Ok(real) => return Some(missing.into_iter().rev().fold(real, |path, part| path.join(part))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                missing.push(at.file_name()?.to_owned());
                at.pop();
            }
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use nix::sys::stat::Mode;
    use tempfile::TempDir;

    use super::*;

    const LINE: &str = "2026-11-22T17:53:06.000Z INFO  ready\n";

    fn why(path: &Path) -> String {
        open(path).unwrap_err().to_string()
    }

    #[test]
    fn a_new_file_an_empty_one_and_a_log_of_ours_are_gone_on_with() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("x.log");
        assert_eq!(open(&path).unwrap().1, 0);
        assert_eq!(open(&path).unwrap().1, 0);
        for line in [LINE, "{\"time\":\"2026-11-22T17:53:06.000Z\",\"level\":\"INFO\"}\n"] {
            fs::write(&path, line).unwrap();
            assert_eq!(open(&path).unwrap().1, line.len() as u64);
        }
    }

    #[test]
    fn a_script_a_link_a_pipe_and_a_file_of_two_names_are_no_logs() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("script"), "#!/bin/sh\n").unwrap();
        fs::write(path("short"), "2026").unwrap();
        fs::write(path("log"), LINE).unwrap();
        fs::hard_link(path("log"), path("twice")).unwrap();
        symlink(path("new"), path("link")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
        for (name, expected) in [
            ("script", "was not written by the broker"),
            ("short", "was not written by the broker"),
            ("twice", "has other names"),
            ("link", "is no regular file"),
            ("pipe", "is no regular file"),
        ] {
            assert!(why(&path(name)).contains(expected), "{name}: {}", why(&path(name)));
            assert!(look(&path(name)).is_err(), "{name}");
        }
        assert_eq!(fs::read_to_string(path("script")).unwrap(), "#!/bin/sh\n");
        assert!(!path("new").exists());
        assert!(why(Path::new("/dev/null")).contains("no regular file"));
    }

    #[test]
    fn a_file_of_another_user_is_no_log() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, LINE).unwrap();
        std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
        assert!(why(&path).contains("belongs to another user"));
    }

    #[test]
    fn names_of_other_files_of_the_broker_are_refused_before_there_is_such_a_file() {
        let folder = TempDir::new().unwrap();
        for name in [
            "admin-token",
            "keys",
            "lock",
            "vouchmq.db",
            "vouchmq.db-wal",
            "other.db-wal",
            "overrides.conf",
            "overrides.conf.last",
            "nanomq.conf",
            "nanomq.conf.new",
            "high-water",
        ] {
            assert!(why(&folder.path().join(name)).contains("keeps for another file"), "{name}");
            assert!(!folder.path().join(name).exists(), "{name}");
        }
    }

    #[test]
    fn below_a_folder_is_what_is_there_behind_links() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("logs")).unwrap();
        symlink("/etc", path("logs/away")).unwrap();
        for (name, expected) in [
            ("logs/x.log", true),
            ("logs/new/x.log", true),
            ("logs2/x.log", false),
            ("logs/../x.log", false),
            ("logs/away/x.log", false),
            ("x.log", false),
        ] {
            assert_eq!(is_below(&path(name), &path("logs")), expected, "{name}");
        }
        assert!(!is_below(Path::new("/etc/cron.d/x"), &path("logs")));
    }
}
