//! The files of the repository: what git tracks, and what it would.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use crate::{process::Program, source::Source};

/// Paths are relative to the root, with slashes.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Text of every file; `None` for what is not text.
    files: BTreeMap<String, Option<String>>,
    rust: BTreeMap<String, Source>,
    /// Rust files that only tests see.
    tests: BTreeSet<String>,
}

impl Tree {
    /// Reads every file that git tracks or would track.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let list = Program::new("git")
            .words("ls-files -z --cached --others --exclude-standard")
            .dir(root)
            .stdout()?;
        let mut files = BTreeMap::new();
        for path in list.split('\0').filter(|path| !path.is_empty()) {
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue }; // deleted, not yet committed
            files.insert(path.to_owned(), String::from_utf8(bytes).ok());
        }
        Ok(Self::new(files))
    }

    fn new(files: BTreeMap<String, Option<String>>) -> Self {
        let rust: BTreeMap<_, _> = files
            .iter()
            .filter(|(path, _)| path.ends_with(".rs"))
            .filter_map(|(path, text)| Some((path.clone(), Source::parse(text.as_deref()?))))
            .collect();
        let tests = test_files(&rust);
        Self { files, rust, tests }
    }

    /// A tree for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::new(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect())
    }

    /// Every path with its text, if it is text.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_deref()))
    }

    /// Every Rust file.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.rust.iter().map(|(path, source)| (path.as_str(), source))
    }

    /// Whether a file or a folder stands at `path`.
    pub(crate) fn contains(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|(next, _)| next.starts_with(&folder))
    }

    pub(crate) fn text(&self, path: &str) -> Result<&str> {
        let text = self.files.get(path).and_then(Option::as_deref);
        text.with_context(|| format!("{path}: there is no such text file"))
    }

    /// Reads a file of rules.
    pub(crate) fn toml<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        toml::from_str(self.text(path)?).with_context(|| format!("{path} is not as expected"))
    }

    /// Whether only tests see this file.
    pub(crate) fn is_test_file(&self, path: &str) -> bool {
        self.tests.contains(path)
    }

    /// Whether only tests see this line (from 0) of this file.
    pub(crate) fn is_test(&self, path: &str, line: usize) -> bool {
        self.is_test_file(path) || self.rust.get(path).is_some_and(|source| source.is_test(line))
    }
}

fn test_files(rust: &BTreeMap<String, Source>) -> BTreeSet<String> {
    let folder_of = |path: &str| {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        let parent = stem.rsplit_once('/').map_or("", |(parent, _)| parent);
        if stem.ends_with("/lib") || stem.ends_with("/main") { parent.to_owned() } else { stem.to_owned() }
    };
    let declared: BTreeSet<String> = rust
        .iter()
        .flat_map(|(path, source)| {
            source.test_modules.iter().map(move |name| format!("{}/{name}", folder_of(path)))
        })
        .collect();
    let is_test = |path: &str| {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        stem.split('/').any(|part| part == "tests" || part == "benches")
            || declared.iter().any(|module| stem == module || stem.starts_with(&format!("{module}/")))
    };
    rust.keys().filter(|path| is_test(path)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_known_by_folder_name_and_declaration() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "#[cfg(test)]\nmod pair;\nmod topic;\n"),
            ("crates/a/src/pair.rs", ""),
            ("crates/a/src/pair/clock.rs", ""),
            ("crates/a/src/topic.rs", "#[cfg(test)] mod tests;"),
            ("crates/a/src/topic/tests.rs", ""),
            ("crates/a/tests/it/main.rs", ""),
        ]);
        let tests: Vec<_> =
            tree.rust().map(|(path, _)| path).filter(|path| tree.is_test_file(path)).collect();
        let expected =
            ["pair.rs", "pair/clock.rs", "topic/tests.rs"].map(|file| format!("crates/a/src/{file}"));
        assert_eq!(tests[..3], expected);
        assert_eq!(tests[3], "crates/a/tests/it/main.rs");
        assert!(tree.is_test("crates/a/src/lib.rs", 0) && !tree.is_test("crates/a/src/lib.rs", 2));
    }

    #[test]
    fn folders_and_files_are_contained() {
        let tree = Tree::of(&[("docs/adr/0001.md", "x")]);
        assert!(tree.contains("docs/adr") && tree.contains("docs/adr/0001.md") && tree.contains(""));
        assert!(!tree.contains("doc") && !tree.contains("docs/adr/0002.md"));
    }
}
