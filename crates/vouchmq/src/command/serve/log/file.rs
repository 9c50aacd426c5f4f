//! A log file that is begun anew when it has become large.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use vouchmq_config::Rotation;

use super::owned;
use crate::clock::Utc;

/// A file, and older ones beside it: `x.log`, `x.log.1` and so on, the last of which is the oldest.
#[derive(Debug)]
pub(super) struct RotatedFile {
    path: PathBuf,
    rotation: Rotation,
    file: File,
    len: u64,
    /// When it was last looked whether the file is still where it was.
    looked_secs: u64,
}

impl RotatedFile {
    /// Opens it for its owner to read, and goes on where it ends. Its folder is made if it is missing. A file that is
    /// no log of ours is refused, also one that would be in the way of an older log.
    pub(super) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let (file, len) = owned::open(path)?;
        let looked_secs = Utc::now().unix_secs;
        let opened = Self { path: path.to_owned(), rotation, file, len, looked_secs };
        opened.refuse_others()?;
        Ok(opened)
    }

    /// Begins a new file where this one was moved away or deleted, which is looked at once a second: what is written to
    /// a file without a name is lost.
    fn follow_path(&mut self) -> io::Result<()> {
        let now = Utc::now().unix_secs;
        if std::mem::replace(&mut self.looked_secs, now) == now || self.is_in_place() {
            return Ok(());
        }
        *self = Self::open(&self.path, self.rotation)?;
        Ok(())
    }

    fn is_in_place(&self) -> bool {
        let (named, open) = (fs::metadata(&self.path), self.file.metadata());
        match (named, open) {
            (Ok(named), Ok(open)) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
            _ => false,
        }
    }

    /// What was not written here is neither renamed nor deleted.
    fn refuse_others(&self) -> io::Result<()> {
        (1..self.rotation.files_max).try_for_each(|number| owned::look(&self.numbered(number)))
    }

    /// Makes room for a new file: every older one gets the next number, the oldest is gone.
    fn rotate(&mut self) -> io::Result<()> {
        self.refuse_others()?;
        for number in (1..self.rotation.files_max).rev() {
            let (from, to) = (self.numbered(number - 1), self.numbered(number));
            match fs::rename(from, to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed?,
            }
        }
        if self.rotation.files_max <= 1 {
            fs::remove_file(&self.path)?;
        }
        *self = Self::open(&self.path, self.rotation)?;
        Ok(())
    }

    /// The name of the file before so many others; 0 is the one that is written.
    fn numbered(&self, number: u32) -> PathBuf {
        if number == 0 {
            return self.path.clone();
        }
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

impl Write for RotatedFile {
    /// Writes whole lines: none begins in one file and ends in the next.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.follow_path()?;
        let line_len = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.len > 0 && self.len.saturating_add(line_len) > self.rotation.bytes_max {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(line) {
            // Half a line would spoil the next one; a device has nothing to cut.
            let _ = self.file.set_len(self.len);
            return Err(error);
        }
        self.len = self.len.saturating_add(line_len);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As long as the beginning of each line.
    const BEGINNING: &str = "2026-11-22T17:53:06Z ";

    fn line(text: &str) -> String {
        format!("{BEGINNING}{text}\n")
    }

    fn read(path: &Path) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    #[test]
    fn a_file_that_is_full_becomes_the_first_of_the_older_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/x.log");
        let rotation = Rotation { bytes_max: 31, files_max: 3 };
        let mut file = RotatedFile::open(&path, rotation).unwrap();
        for text in ["one", "two", "three", "a line that is longer", "five"] {
            let line = line(text);
            assert_eq!(file.write(line.as_bytes()).unwrap(), line.len());
        }
        assert_eq!(read(&path).as_deref(), Some(&*line("five")));
        assert_eq!(read(&file.numbered(1)).as_deref(), Some(&*line("a line that is longer")));
        assert_eq!(read(&file.numbered(2)).as_deref(), Some(&*line("three")), "the oldest is gone");
        assert!(!file.numbered(3).exists());
        drop(file);
        let mut file = RotatedFile::open(&path, rotation).unwrap();
        file.write_all(b"six\n").unwrap();
        assert_eq!(read(&path), Some(line("five") + "six\n"), "goes on where it ended");
    }

    #[test]
    fn a_file_that_was_moved_away_or_deleted_with_its_folder_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/x.log");
        let mut file = RotatedFile::open(&path, Rotation { bytes_max: 100, files_max: 2 }).unwrap();
        file.write_all(line("one").as_bytes()).unwrap();
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        file.looked_secs = 0;
        file.write_all(line("two").as_bytes()).unwrap();
        assert_eq!(read(&path).as_deref(), Some(&*line("two")));
        fs::remove_dir_all(folder.path().join("logs")).unwrap();
        file.looked_secs = 0;
        file.write_all(line("three").as_bytes()).unwrap();
        assert_eq!(read(&path).as_deref(), Some(&*line("three")));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_full_disk_is_an_error_that_passes() {
        let device = fs::OpenOptions::new().append(true).open("/dev/full").unwrap();
        let rotation = Rotation { bytes_max: 100, files_max: 2 };
        let path = "/dev/full".into();
        let mut file =
            RotatedFile { path, rotation, file: device, len: 0, looked_secs: Utc::now().unix_secs };
        for _ in 0..3 {
            let error = file.write_all(b"one\n").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn what_was_not_written_here_is_neither_renamed_nor_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let precious = folder.path().join("x.log.2");
        fs::write(&precious, "precious").unwrap();
        let rotation = Rotation { bytes_max: 31, files_max: 3 };
        let refused = RotatedFile::open(&path, rotation).unwrap_err();
        assert!(refused.to_string().contains("x.log.2 was not written by the broker"), "{refused}");
        fs::remove_file(&precious).unwrap();
        let mut file = RotatedFile::open(&path, rotation).unwrap();
        file.write_all(line("one").as_bytes()).unwrap();
        fs::write(&precious, "precious").unwrap();
        assert!(file.write_all(line("two").as_bytes()).is_err(), "one that came later");
        assert_eq!((read(&precious).as_deref(), read(&path)), (Some("precious"), Some(line("one"))));
    }

    #[test]
    fn a_single_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let mut file = RotatedFile::open(&path, Rotation { bytes_max: 5, files_max: 1 }).unwrap();
        file.write_all(line("one").as_bytes()).unwrap();
        file.write_all(line("two").as_bytes()).unwrap();
        assert_eq!(read(&path).as_deref(), Some(&*line("two")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
