//! Configurations from texts.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use vouchmq_config::hocon::{Read, Sources, read};
use vouchmq_config::{Layers, Outcome, resolve};

/// Files by their names.
#[derive(Default)]
pub(crate) struct Texts(pub(crate) BTreeMap<PathBuf, String>);

impl Sources for Texts {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

/// What one text says.
pub(crate) fn reading(name: &str, text: &str) -> Read {
    let texts = Texts(BTreeMap::from([(name.into(), text.to_owned())]));
    read(Path::new(name), &texts, &|_| None)
}

/// What texts mean, each one laid above those before it.
pub(crate) fn layered(texts: &[&str]) -> Outcome {
    let mut layers = Layers::new();
    for (number, text) in texts.iter().enumerate() {
        layers.file(reading(&format!("{number}.conf"), text));
    }
    resolve(layers)
}

/// What a text means.
pub(crate) fn outcome(text: &str) -> Outcome {
    let mut layers = Layers::new();
    layers.file(reading("vouchmq.conf", text));
    resolve(layers)
}

/// The errors of a text that is refused.
pub(crate) fn errors(text: &str) -> Vec<String> {
    let outcome = outcome(text);
    assert!(outcome.config.is_none(), "{text}\n{}", outcome.report());
    outcome.errors().collect()
}

/// What a text that is not refused means.
pub(crate) fn accepted(text: &str) -> Outcome {
    let outcome = outcome(text);
    assert!(outcome.config.is_some(), "{text}\n{}", outcome.report());
    outcome
}
