//! What the command line of `cargo xtask bench` asks for.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use super::{OURS, REFERENCE};
use crate::args::Args;

/// What to measure, and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(super) parts: Parts,
    /// Scenarios; all, if empty.
    pub(super) only: Vec<String>,
    pub(super) brokers: Vec<String>,
    pub(super) rounds: usize,
    pub(super) shards: u32,
    /// The profile of cargo our binary is built with.
    pub(super) profile: String,
    /// Another program than `vouchmq bench`.
    pub(super) generator: Option<PathBuf>,
    /// Update `docs/`.
    pub(super) write: bool,
    pub(super) json: Option<PathBuf>,
}

/// Parts of the benchmark; scenarios and sizes, unless told.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one flag of the command line each")]
pub(super) struct Parts {
    pub(super) scenarios: bool,
    pub(super) transports: bool,
    pub(super) authentication: bool,
    pub(super) management: bool,
    pub(super) sizes: bool,
    pub(super) scaling: bool,
    pub(super) instructions: bool,
}

impl Options {
    pub(crate) fn parse(args: &mut Args) -> Result<Self> {
        let only = args.list("--only")?;
        let [scenarios, transports, authentication, management, sizes, scaling, instructions] = [
            "--scenarios",
            "--transports",
            "--authentication",
            "--management",
            "--sizes",
            "--scaling",
            "--instructions",
        ]
        .map(|name| args.flag(name));
        let default =
            !(scenarios || transports || authentication || management || sizes || scaling || instructions);
        let scenarios = scenarios || default;
        let sizes = sizes || default && only.is_empty();
        let parts = Parts { scenarios, transports, authentication, management, sizes, scaling, instructions };
        let mut brokers = args.list("--brokers")?;
        if brokers.is_empty() {
            brokers = [REFERENCE, OURS].map(str::to_owned).into();
        }
        if let Some(other) = brokers.iter().find(|name| *name != OURS && *name != REFERENCE) {
            bail!("cannot start the broker `{other}`; I know {REFERENCE} and {OURS}");
        }
        let options = Self {
            parts,
            only,
            brokers,
            rounds: args.value("--rounds", 5)?,
            shards: args.value("--shards", 2)?,
            profile: args.value("--profile", "release".to_owned())?,
            generator: args.text("--loadgen")?.map(PathBuf::from),
            write: args.flag("--write"),
            json: args.text("--json")?.map(PathBuf::from),
        };
        let profile = options.profile.as_str();
        ensure!(matches!(profile, "release" | "dist"), "--profile {profile}: measure `release` or `dist`");
        let partial = !options.only.is_empty() || options.rounds < 5 || options.brokers.len() < 2;
        ensure!(
            !(options.write && partial),
            "--write publishes figures: measure all scenarios and brokers, in five rounds or more"
        );
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options> {
        let mut args = Args::new(line.split_whitespace().map(str::to_owned));
        let options = Options::parse(&mut args)?;
        args.finish()?;
        Ok(options)
    }

    #[test]
    fn scenarios_and_sizes_are_measured_unless_told() {
        let parts = |line| {
            options(line).map(|o| (o.parts.scenarios, o.parts.sizes, o.parts.scaling)).expect("options")
        };
        assert_eq!(parts(""), (true, true, false));
        assert_eq!(parts("--only p2p_q0"), (true, false, false));
        assert_eq!(parts("--scaling --only p2p_q0"), (false, false, true));
        assert_eq!(parts("--sizes --scenarios"), (true, true, false));
    }

    #[test]
    fn only_whole_runs_are_published() {
        assert!(options("--write --rounds 7").is_ok());
        for line in ["--write --rounds 3", "--write --only p2p_q0", "--write --brokers mosquitto"] {
            assert!(options(line).is_err(), "{line}");
        }
        assert!(options("--brokers emqx").unwrap_err().to_string().contains("cannot start"));
    }
}
