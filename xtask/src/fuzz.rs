//! `cargo xtask fuzz`: libFuzzer on stable Rust, and what it finds worth keeping.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{args::Args, process::Program, tree::Tree, workspace::Workspace};

/// Where the targets stand; a workspace of its own.
pub(crate) const MANIFEST: &str = "fuzz/Cargo.toml";

/// Coverage instrumentation, without the address sanitizer that wants a nightly compiler: safe code does not
/// need it.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";
/// Named, so that the flags are not those of build scripts.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
const MEMORY_MEGABYTES_MAX: u32 = 2048;
/// Beside the time for fuzzing: starting, merging.
const MARGIN: Duration = Duration::from_secs(15 * 60);

/// What to fuzz, and for how long.
#[derive(Debug)]
pub(crate) struct Options {
    target: String,
    secs: u64,
    /// Inputs are not longer.
    bytes_max: u32,
}

impl Options {
    pub(crate) fn parse(args: &mut Args) -> Result<Self> {
        let secs = args.value("--secs", 60)?;
        let bytes_max = args.value("--max-len", 1024)?;
        let target = args.command().context("which target? See fuzz/Cargo.toml")?;
        Ok(Self { target, secs, bytes_max })
    }
}

/// The names of the fuzz targets.
pub(crate) fn targets(tree: &Tree) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(default)]
        bin: Vec<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let manifest: Manifest = tree.toml(MANIFEST)?;
    Ok(manifest.bin.into_iter().map(|target| target.name).collect())
}

/// The folder of committed inputs of a target, relative to the root.
pub(crate) fn corpus(target: &str) -> String {
    format!("fuzz/corpus/{target}/")
}

/// Fuzzes one target; false if an input fails.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let targets = targets(&Tree::load(&workspace.root)?)?;
    if !targets.contains(&options.target) {
        bail!("there is no fuzz target `{}`: there are {}", options.target, targets.join(", "));
    }
    let fuzzing = Fuzzing::build(&workspace, &options.target)?;
    let found = fuzzing.fuzz(options)?;
    let kept = fuzzing.keep(options)?;
    println!("{found}\n{kept} new inputs in {}", corpus(&options.target));
    let failures = list(&fuzzing.failures)?;
    for failure in &failures {
        println!("fails: {}", failure.display());
    }
    if !failures.is_empty() {
        println!("again: {} FILE", fuzzing.program.display());
    }
    Ok(failures.is_empty())
}

/// An instrumented program and its folders.
struct Fuzzing {
    program: PathBuf,
    committed: PathBuf,
    /// Everything that ever reached something new here.
    working: PathBuf,
    failures: PathBuf,
}

impl Fuzzing {
    fn build(workspace: &Workspace, target: &str) -> Result<Self> {
        let folder = workspace.target.join("fuzz");
        let build = workspace.cargo("build --quiet --release --manifest-path");
        let build = build.args([MANIFEST, "--bin", target, "--target", PLATFORM, "--target-dir"]);
        build.args([&folder]).env("RUSTFLAGS", RUSTFLAGS).succeed()?;
        let fuzzing = Self {
            program: folder.join(PLATFORM).join("release").join(target),
            committed: workspace.root.join(corpus(target)),
            working: folder.join("corpus").join(target),
            failures: folder.join("failures").join(target),
        };
        for folder in [&fuzzing.committed, &fuzzing.working, &fuzzing.failures] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        Ok(fuzzing)
    }

    /// Runs the fuzzer; returns its last words.
    fn fuzz(&self, options: &Options) -> Result<String> {
        let program = self.program(options).args([
            format!("-max_total_time={}", options.secs),
            format!("-artifact_prefix={}/", self.failures.display()),
        ]);
        let ended = program.args([&self.working, &self.committed]).run()?;
        let is_last_word = |line: &&str| {
            line.starts_with("Done ") || line.starts_with("SUMMARY") || line.contains("panicked")
        };
        Ok(ended.text.lines().filter(is_last_word).collect::<Vec<_>>().join("\n"))
    }

    /// Adds the inputs that reach what no committed one reaches; returns how many. Edges count, not how often
    /// each is taken: the committed inputs stay few.
    fn keep(&self, options: &Options) -> Result<usize> {
        let before = list(&self.committed)?.len();
        let merge = self.program(options).args(["-set_cover_merge=1", "-use_counters=0"]);
        merge.args([&self.committed, &self.working]).succeed()?;
        Ok(list(&self.committed)?.len().saturating_sub(before))
    }

    fn program(&self, options: &Options) -> Program {
        let limits =
            [format!("-max_len={}", options.bytes_max), format!("-rss_limit_mb={MEMORY_MEGABYTES_MAX}")];
        Program::new(&self.program).args(limits).limit(Duration::from_secs(options.secs) + MARGIN)
    }
}

/// The files of a folder, in order.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_programs_of_the_manifest() {
        let tree = Tree::of(&[(MANIFEST, "[[bin]]\nname = \"decode\"\n[[bin]]\nname = \"connection\"\n")]);
        assert_eq!(targets(&tree).expect("a manifest"), ["decode", "connection"]);
        assert!(targets(&Tree::of(&[])).is_err());
    }

    #[test]
    fn a_target_has_to_be_named() {
        let args = |line: &str| Args::new(line.split_whitespace().map(str::to_owned));
        let options = Options::parse(&mut args("decode --secs 5")).expect("options");
        assert_eq!((options.target.as_str(), options.secs, options.bytes_max), ("decode", 5, 1024));
        assert!(Options::parse(&mut args("--secs 5")).is_err());
    }
}
