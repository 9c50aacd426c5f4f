//! The workspace: where it is, what is in it, and the environment it is worked on in.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::Program;

/// What `cargo metadata --no-deps` says, and what the environment says.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
    pub(crate) environment: Environment,
}

/// The few variables this tool looks at.
#[derive(Debug)]
pub(crate) struct Environment {
    /// `CI=true`: no tool may be missing, lock files may not move.
    pub(crate) ci: bool,
    /// The cargo that runs this.
    pub(crate) cargo: PathBuf,
    /// Where programs are looked for.
    pub(crate) path: Vec<PathBuf>,
}

/// One member of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// A direct dependency as a manifest declares it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None`, `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// A library, binary, test or example.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    pub(crate) src_path: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo about the workspace around the current directory.
    pub(crate) fn load() -> Result<Self> {
        let environment = Environment::read();
        let json =
            Program::new(&environment.cargo).words("metadata --no-deps --format-version 1").stdout()?;
        let Metadata { packages, workspace_root: root, target_directory: target } =
            serde_json::from_str(&json).context("cannot read what `cargo metadata` wrote")?;
        Ok(Self { root, target, packages, environment })
    }

    /// A cargo command in the workspace's root.
    pub(crate) fn cargo(&self, line: &str) -> Program {
        Program::new(&self.environment.cargo).words(line).dir(&self.root)
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Finds a program on the search path and where system daemons live.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let daemons = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
        self.environment.path.iter().chain(&daemons).map(|dir| dir.join(name)).find(|file| file.is_file())
    }
}

impl Package {
    /// The package's folder, relative to `root`.
    pub(crate) fn folder(&self, root: &Path) -> String {
        let dir = self.manifest_path.parent().unwrap_or(root);
        dir.strip_prefix(root).unwrap_or(dir).to_string_lossy().replace('\\', "/")
    }
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place of this tool that reads the environment")]
    fn read() -> Self {
        let ci = env::var("CI").is_ok_and(|value| value == "true");
        let cargo = env::var("CARGO").map_or_else(|_| PathBuf::from("cargo"), PathBuf::from);
        let path = env::var("PATH").map(|value| env::split_paths(&value).collect()).unwrap_or_default();
        Self { ci, cargo, path }
    }
}
