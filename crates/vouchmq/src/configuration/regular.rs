//! Files that a configuration names: regular ones, so that none of them can be waited for without end.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// Opens one to be read; through links, as files of secrets often are.
///
/// # Errors
/// It cannot be opened, or is a pipe, a device, a socket or a directory.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Looked at first: opening alone does something to a device.
    refuse_others(&fs::metadata(path)?)?;
    let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    // It may be another one by now.
    refuse_others(&file.metadata()?)?;
    Ok(file)
}

/// What one says, of which no more than `bytes_max` bytes are read.
///
/// # Errors
/// As [`open`]; `InvalidData` when it is not UTF-8.
pub(crate) fn text(path: &Path, bytes_max: u64) -> io::Result<String> {
    text_of(open(path)?, bytes_max)
}

/// What is left of a file, of which no more than `bytes_max` bytes are read.
///
/// # Errors
/// It cannot be read; `InvalidData` when it is not UTF-8.
pub(crate) fn text_of(file: File, bytes_max: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

fn refuse_others(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(nix::errno::Errno::EISDIR.into());
    }
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
}

#[cfg(test)]
mod tests {
    use nix::sys::stat::Mode;
    use tempfile::TempDir;

    use super::*;

    /// Opened in the usual way, it would be waited for until somebody writes to it.
    #[test]
    fn a_pipe_a_device_and_a_directory_are_refused_at_once() {
        let folder = TempDir::new().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        for path in [&pipe, Path::new("/dev/zero")] {
            let error = text(path, 10).unwrap_err();
            assert_eq!(error.to_string(), "it is no regular file", "{}", path.display());
        }
        assert_eq!(text(folder.path(), 10).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn so_many_bytes_are_read_and_no_more_also_through_a_link() {
        let folder = TempDir::new().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "0123456789").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(text(&link, 4).unwrap(), "0123");
    }
}
