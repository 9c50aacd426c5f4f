//! A text that comes over the API in place of the file on disk: it reaches no further than that file does.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use vouchmq_config::hocon::{self, FILE_SIZE_MAX, Sources};

use super::own::is_kept_file;
use super::{First, regular, variable};

/// What the file on disk reaches.
pub(super) struct Reach {
    /// The folder of the file, and that of what it is a link to.
    folders: Vec<PathBuf>,
    /// Files that it includes, behind links.
    included: BTreeSet<PathBuf>,
    /// Variables that it refers to.
    variables: BTreeSet<String>,
}

/// The text, and what it may include.
pub(super) struct Foreign<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    pub(super) reach: &'a Reach,
}

impl Reach {
    /// What the file at this path reaches now.
    pub(super) fn of(path: &Path) -> Self {
        let asked = RefCell::new(BTreeSet::new());
        let read = hocon::read(path, &First(path), &|name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            variable(name)
        });
        let files = read.files.iter().skip(1).chain(read.missing.iter().map(|missing| &missing.path));
        let folder = |path: &Path| {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            parent.unwrap_or(Path::new(".")).canonicalize().ok()
        };
        let behind = path.canonicalize().ok();
        Self {
            folders: folder(path).into_iter().chain(behind.as_deref().and_then(folder)).collect(),
            included: files.filter_map(|path| behind_links(path).map(|(path, _)| path)).collect(),
            variables: asked.into_inner(),
        }
    }

    /// A variable that the file refers to already.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        variable(name).filter(|_| self.variables.contains(name))
    }

    /// The file behind links, if it may be included. Of any other one not even whether it is there is told.
    fn include(&self, path: &Path) -> io::Result<PathBuf> {
        let refused = || {
            let text = "a text over the API includes what the file on this machine includes, and files of its folder";
            io::Error::new(io::ErrorKind::PermissionDenied, text)
        };
        let (path, is_there) = behind_links(path).ok_or_else(refused)?;
        let is_beside = path.parent().is_some_and(|folder| self.folders.iter().any(|known| known == folder))
            && path.file_name().is_some_and(|name| !is_kept_file(name));
        if !is_beside && !self.included.contains(&path) {
            return Err(refused());
        }
        if is_there { Ok(path) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

impl Sources for Foreign<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == self.path {
            return Ok(self.text.to_owned());
        }
        let limit = u64::try_from(FILE_SIZE_MAX).unwrap_or(u64::MAX).saturating_add(1);
        regular::text(&self.reach.include(path)?, limit)
    }
}

/// Where a file is behind links, or would be, and whether it is there.
fn behind_links(path: &Path) -> Option<(PathBuf, bool)> {
    if let Ok(path) = path.canonicalize() {
        return Some((path, true));
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some((folder.canonicalize().ok()?.join(path.file_name()?), false))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn told(folder: &TempDir, include: &str) -> Result<String, String> {
        let path = folder.path().join("conf/a.conf");
        let read = Foreign { path: &path, text: "", reach: &Reach::of(&path) }.read(Path::new(include));
        read.map_err(|error| error.kind().to_string())
    }

    #[test]
    fn a_text_includes_files_of_the_folder_and_what_the_file_includes_and_nothing_else() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir_all(path("conf/below")).unwrap();
        for name in ["secret", "shared", "conf/beside", "conf/admin-token", "conf/below/x"] {
            fs::write(path(name), name).unwrap();
        }
        fs::write(path("conf/a.conf"), format!("include \"{}\"\ninclude \"../later\"", path("shared")))
            .unwrap();
        std::os::unix::fs::symlink(path("secret"), path("conf/link")).unwrap();
        let refused = Err("permission denied".to_owned());
        let missing = Err("entity not found".to_owned());
        for (name, expected) in [
            ("conf/beside", Ok("conf/beside".to_owned())),
            ("shared", Ok("shared".to_owned())),
            ("conf/../shared", Ok("shared".to_owned())),
            ("later", missing.clone()),
            ("conf/none", missing),
            ("secret", refused.clone()),
            ("none", refused.clone()),
            ("none/none", refused.clone()),
            ("conf/../secret", refused.clone()),
            ("conf/link", refused.clone()),
            ("conf/below/x", refused.clone()),
            ("conf/admin-token", refused),
        ] {
            assert_eq!(told(&folder, &path(name)), expected, "{name}");
        }
    }
}
