//! Files of the configuration that a broker writes: whole or not at all, with what was there before beside them.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use vouchmq_config::hocon::Sources;

use super::Disk;

/// For its owner only: there are secrets in it.
const MODE: u32 = 0o600;

/// A file that is written. Until it is [kept](Self::keep), what was there before is put back when this is dropped.
#[derive(Debug)]
pub(crate) struct Written {
    path: PathBuf,
    /// `None`: there was none.
    before: Option<Before>,
    is_kept: bool,
}

/// What a file was.
struct Before {
    text: String,
    whose: Whose,
}

/// Who may read a file, and who it belongs to.
#[derive(Clone, Copy)]
struct Whose {
    mode: u32,
    /// `None`: whoever writes it.
    owner: Option<(u32, u32)>,
}

impl Whose {
    const OURS: Self = Self { mode: MODE, owner: None };

    fn of(metadata: &Metadata) -> Self {
        let mode = metadata.permissions().mode() & 0o777;
        Self { mode, owner: Some((metadata.uid(), metadata.gid())) }
    }

    /// Gives a new file away, as far as that is possible. Another group than before is let in to nothing.
    fn give(self, file: &File) -> io::Result<()> {
        let mut mode = self.mode;
        if let Some((user, group)) = self.owner {
            // Only root gives files to other users; a group that one is in may be given by anybody.
            let is_given = fchown(file, Some(user), Some(group)).or_else(|_| fchown(file, None, Some(group)));
            if is_given.is_err() && file.metadata()?.gid() != group {
                mode &= 0o707;
            }
        }
        file.set_permissions(Permissions::from_mode(mode))
    }
}

/// What a file says; `None` if there is none.
///
/// # Errors
/// It cannot be read.
pub(crate) fn text_of(path: &Path) -> io::Result<Option<String>> {
    match Disk.read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where that is kept which a file said before it was written the last time.
pub(crate) fn kept_of(path: &Path) -> PathBuf {
    beside(path, "last")
}

/// Writes a file, and keeps what it said. Whenever this ends, there is the file as it was or as it is to be.
///
/// # Errors
/// It cannot be written; the file is as it was.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<Written> {
    let before = match text_of(path)? {
        Some(text) => Some(Before { text, whose: Whose::of(&fs::metadata(path)?) }),
        None => None,
    };
    let whose = before.as_ref().map_or(Whose::OURS, |before| before.whose);
    let kept = before.as_ref().map_or("", |before| &before.text);
    // For nobody else, whoever may read the file: it may hold what was taken out of there.
    place(&kept_of(path), kept, Whose::OURS)?;
    place(path, text, whose)?;
    Ok(Written { path: path.to_owned(), before, is_kept: false })
}

/// `overrides.conf.last`
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Puts a text in place of a file, which is never seen half.
fn place(path: &Path, text: &str, whose: Whose) -> io::Result<()> {
    let draft = beside(path, "new");
    // One may be left of a process that was killed.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&draft)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| whose.give(&file))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written?;
    sync_directory(path)
}

/// A file is where it was renamed to, also after the power has failed.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

impl Written {
    /// It stays.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }

    fn put_back(&self) -> io::Result<()> {
        match &self.before {
            Some(before) => place(&self.path, &before.text, before.whose),
            None => fs::remove_file(&self.path).and_then(|()| sync_directory(&self.path)),
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let path = self.path.display();
        match self.put_back() {
            Ok(()) => tracing::error!(%path, "the change failed: the file is as it was before"),
            Err(error) => {
                tracing::error!(%path, %error, "the change failed, and the file could not be put back")
            }
        }
    }
}

/// There are secrets in it.
impl std::fmt::Debug for Before {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Before").field("mode", &self.whose.mode).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_there_before_is_kept_and_others_may_read_nothing() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("overrides.conf");
        write(&path, "one").unwrap().keep();
        assert_eq!(text_of(&kept_of(&path)).unwrap().as_deref(), Some(""));
        write(&path, "two").unwrap().keep();
        assert_eq!(text_of(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(text_of(&kept_of(&path)).unwrap().as_deref(), Some("one"));
        assert_eq!(names(&folder), ["overrides.conf", "overrides.conf.last"]);
        assert_eq!((mode(&path), mode(&kept_of(&path))), (0o600, 0o600));
    }

    #[test]
    fn what_is_not_kept_is_put_back() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.conf");
        drop(write(&path, "one").unwrap());
        assert_eq!(text_of(&path).unwrap(), None);
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        drop(write(&path, "two").unwrap());
        assert_eq!(text_of(&path).unwrap().as_deref(), Some("one"));
        assert_eq!(mode(&path), 0o640);
    }

    #[test]
    fn what_is_kept_is_for_nobody_else_and_what_is_written_stays_whose_it_was() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.conf");
        fs::write(&path, "password = one").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let other = nix::unistd::geteuid().is_root().then_some(12_345);
        std::os::unix::fs::chown(&path, other, other).unwrap();
        let owner = |path: &Path| fs::metadata(path).map(|file| (file.uid(), file.gid())).unwrap();
        let before = owner(&path);
        write(&path, "two").unwrap().keep();
        assert_eq!((mode(&path), owner(&path)), (0o644, before));
        assert_eq!(mode(&kept_of(&path)), 0o600);
        drop(write(&path, "three").unwrap());
        assert_eq!((mode(&path), owner(&path)), (0o644, before), "what is put back as well");
    }

    #[test]
    fn what_a_killed_process_left_is_in_nobodys_way() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.conf");
        fs::write(&path, "one").unwrap();
        for left in ["a.conf.new", "a.conf.last.new", "a.conf.last"] {
            fs::write(folder.path().join(left), "hal").unwrap();
            assert_eq!(text_of(&path).unwrap().as_deref(), Some("one"), "{left}");
        }
        write(&path, "two").unwrap().keep();
        assert_eq!(text_of(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(text_of(&kept_of(&path)).unwrap().as_deref(), Some("one"));
        assert_eq!(names(&folder), ["a.conf", "a.conf.last"]);
    }

    #[test]
    fn a_link_in_place_of_the_draft_leads_nowhere() {
        let folder = TempDir::new().unwrap();
        let (path, victim) = (folder.path().join("a.conf"), folder.path().join("victim"));
        fs::write(&victim, "untouched").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join("a.conf.new")).unwrap();
        write(&path, "one").unwrap().keep();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(text_of(&path).unwrap().as_deref(), Some("one"));
    }
}
