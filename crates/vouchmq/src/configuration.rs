//! The configuration of this process: files, the environment, flags.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use vouchmq_config::hocon::{self, FILE_SIZE_MAX, Sources};
use vouchmq_config::{Config, Layers, Outcome};

use crate::exit::Failure;
use crate::output;

/// What the API has changed, in the data directory.
const OVERRIDES: &str = "overrides.conf";

/// Files of this machine.
struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        let limit = u64::try_from(FILE_SIZE_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        String::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
    }
}

/// What a file, the overrides beside the data, the environment and `--set` come to; each file that they name is
/// looked at.
pub(crate) fn outcome(file: Option<&Path>, set: &[String]) -> Outcome {
    let file = file.map(read);
    let overrides = layers(file.as_ref(), None, set).data().join(OVERRIDES);
    let overrides = overrides.exists().then(|| read(&overrides));
    let mut outcome = vouchmq_config::resolve(layers(file.as_ref(), overrides.as_ref(), set));
    outcome.check_files(&|path| File::open(path).map(drop));
    outcome
}

/// The same, if nothing is wrong with it; else everything that is, is told.
pub(crate) fn load(file: Option<&Path>, set: &[String]) -> Result<Config, Failure> {
    let mut outcome = outcome(file, set);
    let Some(config) = outcome.config.take() else {
        let errors: Vec<String> = outcome.errors().collect();
        return Err(match &errors[..] {
            [error] => Failure::unusable(error),
            errors => {
                errors.iter().for_each(|error| output::complain(error));
                Failure::unusable(format_args!("the configuration has {} errors", errors.len()))
            }
        });
    };
    Ok(config)
}

fn read(path: &Path) -> hocon::Read {
    let variable = |name: &str| std::env::vars_os().find(|(known, _)| known == name)?.1.into_string().ok();
    hocon::read(path, &Disk, &variable)
}

fn layers(file: Option<&hocon::Read>, overrides: Option<&hocon::Read>, set: &[String]) -> Layers {
    let mut layers = Layers::new();
    if let Some(read) = file {
        layers.file(read.clone());
    }
    if let Some(read) = overrides {
        layers.overrides(read.clone());
    }
    layers.environment(std::env::vars_os());
    for text in set {
        layers.set("--set", text);
    }
    layers
}
