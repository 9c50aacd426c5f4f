//! The configuration of this process: files, the environment, flags.

mod foreign;
mod mistake;
pub(crate) mod operators;
pub(crate) mod own;
pub(crate) mod people;
pub(crate) mod regular;
mod written;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::output;
use foreign::{Foreign, Reach};
pub(crate) use mistake::Mistake;
use vouchmq_config::hocon::{self, FILE_SIZE_MAX, Sources};
use vouchmq_config::{Layers, Origin, Outcome};
pub(crate) use written::{Written, kept_of, text_of, write};

/// What the API has changed, in the data directory.
const OVERRIDES: &str = "overrides.conf";

/// Files of this machine.
struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        regular::text(path, limit())
    }
}

/// The same, beginning with one that the command line names, which may be a pipe.
struct First<'a>(&'a Path);

impl Sources for First<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == self.0 { regular::text_of(File::open(path)?, limit()) } else { Disk.read(path) }
    }
}

fn limit() -> u64 {
    u64::try_from(FILE_SIZE_MAX).unwrap_or(u64::MAX).saturating_add(1)
}

/// What a command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// The file.
    pub(crate) file: Option<PathBuf>,
    /// The data directory, in place of what the file says.
    pub(crate) data: Option<PathBuf>,
    /// `KEY=VALUE`, in place of what the file says.
    pub(crate) set: Vec<String>,
}

/// What files would say that are not written yet; `None` is what they say.
#[derive(Clone, Default)]
pub(crate) struct Drafts {
    /// In place of the file of [`Said`].
    pub(crate) file: Option<String>,
    /// Whether that stood in the file before. Else it came over the API, and reaches no further than the file does.
    pub(crate) was_there: bool,
    /// In place of the overrides.
    pub(crate) overrides: Option<String>,
}

/// One file as it would be, and all others as they are.
struct Draft<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Sources for Draft<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == self.path { Ok(self.text.to_owned()) } else { Disk.read(path) }
    }
}

/// What a file, the overrides beside the data, the environment and flags come to; each file that they name is
/// looked at.
pub(crate) fn outcome(said: &Said) -> Outcome {
    outcome_with(said, &Drafts::default())
}

/// The same, if these drafts were written.
pub(crate) fn outcome_with(said: &Said, drafts: &Drafts) -> Outcome {
    let mut outcome = vouchmq_config::resolve(layers_with(said, drafts));
    outcome.check_files(&|path| regular::open(path).map(drop));
    outcome
}

/// Where values would come from, if these drafts were written.
pub(crate) fn layers_with(said: &Said, drafts: &Drafts) -> Layers {
    let file = said.file.as_deref().map(|path| match &drafts.file {
        Some(text) if !drafts.was_there => read_foreign(path, text),
        text => read(path, text.as_deref()),
    });
    let path = overrides_below(file.as_ref(), said);
    let is_there = drafts.overrides.is_some() || path.exists();
    let overrides = is_there.then(|| read(&path, drafts.overrides.as_deref()));
    layers(file.as_ref(), overrides.as_ref(), said)
}

/// Where what the API changes is kept.
pub(crate) fn overrides_of(said: &Said) -> PathBuf {
    let file = said.file.as_deref().map(|path| read(path, None));
    overrides_below(file.as_ref(), said)
}

fn overrides_below(file: Option<&hocon::Read>, said: &Said) -> PathBuf {
    layers(file, None, said).data().join(OVERRIDES)
}

fn read(path: &Path, draft: Option<&str>) -> hocon::Read {
    match draft {
        Some(text) => hocon::read(path, &Draft { path, text }, &variable),
        None => hocon::read(path, &First(path), &variable),
    }
}

fn read_foreign(path: &Path, text: &str) -> hocon::Read {
    let reach = Reach::of(path);
    hocon::read(path, &Foreign { path, text, reach: &reach }, &|name| reach.variable(name))
}

/// A variable of the environment that a configuration may refer to.
fn variable(name: &str) -> Option<String> {
    if own::is_secret_variable(name) {
        return None;
    }
    std::env::vars_os().find(|(known, _)| known == name)?.1.into_string().ok()
}

fn layers(file: Option<&hocon::Read>, overrides: Option<&hocon::Read>, said: &Said) -> Layers {
    let mut layers = Layers::new();
    if let Some(read) = file {
        layers.file(read.clone());
    }
    if let Some(read) = overrides {
        layers.overrides(read.clone());
    }
    layers.environment(std::env::vars_os());
    if let Some(data) = &said.data {
        layers.assign(Origin::Flag("--data".into()), "system.data", &data.to_string_lossy());
    }
    for text in &said.set {
        layers.set("--set", text);
    }
    layers
}

/// Everything that is wrong, one line each; the last is how many.
pub(crate) fn told(mistakes: Vec<Mistake>) -> Failure {
    match mistakes.as_slice() {
        [mistake] => Failure::unusable(mistake),
        mistakes => {
            mistakes.iter().for_each(|mistake| output::complain(&mistake.to_string()));
            Failure::unusable(format_args!("the configuration has {} errors", mistakes.len()))
        }
    }
}
