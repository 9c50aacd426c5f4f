//! Where profiles are kept: a file that nobody else may read.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use zeroize::Zeroizing;

use super::book::Book;
use crate::exit::Failure;

/// The file of profiles.
#[derive(Clone, Debug)]
pub(super) struct Place(PathBuf);

/// A few hundred profiles.
const BYTES_MAX: u64 = 1024 * 1024;
/// Whoever else may read or write.
const OTHERS: u32 = 0o077;

impl Place {
    /// `vouchmq/profiles.json` below `XDG_CONFIG_HOME`, else below `.config` in `HOME`.
    pub(super) fn find(environment: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        // The standard has relative paths ignored.
        let directory =
            |name: &str| environment(name).map(PathBuf::from).filter(|directory| directory.is_absolute());
        let config =
            directory("XDG_CONFIG_HOME").or_else(|| directory("HOME").map(|home| home.join(".config")));
        let config = config.ok_or_else(|| {
            Failure::unusable("no place for profiles: neither XDG_CONFIG_HOME nor HOME is a directory")
        })?;
        Ok(Self(config.join("vouchmq").join("profiles.json")))
    }

    /// Reads it; where there is none, there are no profiles.
    pub(super) fn read(&self) -> Result<Book, Failure> {
        let file = match File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Book::default()),
            Err(error) => return Err(self.unreadable(&error)),
        };
        self.check(&file)?;
        let mut text = Zeroizing::new(String::new());
        file.take(BYTES_MAX).read_to_string(&mut text).map_err(|error| self.unreadable(&error))?;
        Book::parse(&text).map_err(|why| Failure::unusable(format_args!("{self}: {why}")))
    }

    /// Writes it: as a whole, or not at all.
    pub(super) fn write(&self, book: &Book) -> Result<(), Failure> {
        self.replace(book.text().as_bytes())
            .map_err(|error| Failure::unusable(format_args!("cannot write {self}: {error}")))
    }

    /// What opens brokers is read from a file only that nobody else could read or write.
    fn check(&self, file: &File) -> Result<(), Failure> {
        let found = file.metadata().map_err(|error| self.unreadable(&error))?;
        if !found.is_file() {
            return Err(Failure::unusable(format_args!("{self} is no file")));
        }
        let me = geteuid().as_raw();
        if found.uid() != me {
            return Err(Failure::unusable(format_args!(
                "{self} belongs to somebody else, who could send you anywhere: chown {me} {self}"
            )));
        }
        if found.mode() & OTHERS != 0 {
            return Err(Failure::unusable(format_args!(
                "{self} may be read or written by others, and what is in it opens brokers: chmod 600 {self}"
            )));
        }
        Ok(())
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let directory = self.0.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let beside = directory.join(format!(".profiles.json.{}", std::process::id()));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &self.0)
        })();
        if written.is_err() {
            // Another one's, or half a file.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::unusable(format_args!("cannot read {self}: {error}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn place(folder: &Path) -> Place {
        Place::find(|name| (name == "XDG_CONFIG_HOME").then(|| folder.into())).unwrap()
    }

    #[test]
    fn the_standard_says_where() {
        let found = |variables: &'static [(&str, &str)]| {
            Place::find(move |name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            })
            .map(|place| place.to_string())
        };
        assert_eq!(found(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]).unwrap(), "/x/vouchmq/profiles.json");
        let home = "/h/.config/vouchmq/profiles.json";
        assert_eq!(found(&[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]).unwrap(), home);
        assert_eq!(found(&[("HOME", "/h")]).unwrap(), home);
        assert!(found(&[]).is_err() && found(&[("HOME", "")]).is_err());
    }

    #[test]
    fn it_is_for_its_owner_alone_and_not_read_otherwise() {
        let folder = tempfile::TempDir::new().unwrap();
        let place = place(folder.path());
        assert!(place.read().unwrap().entries.is_empty());
        place.write(&Book::default()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&place.0), mode(place.0.parent().unwrap())), (0o600, 0o700));
        for open in [0o640, 0o604, 0o602, 0o610] {
            fs::set_permissions(&place.0, fs::Permissions::from_mode(open)).unwrap();
            let failure = place.read().unwrap_err();
            assert!(failure.says(&format!("chmod 600 {place}")), "{open:o}: {failure:?}");
        }
        fs::set_permissions(&place.0, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&place.0, "{").unwrap();
        assert!(place.read().is_err_and(|failure| failure.says("line 1 column")));
        assert_eq!(fs::read_dir(place.0.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }
}
