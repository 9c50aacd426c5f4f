//! Every routine of development: `cargo xtask help`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks on its terminal")]

use std::process::ExitCode;

use anyhow::{Result, bail};

mod args;
mod bench;
mod clock;
mod conformance;
mod findings;
mod fuzz;
mod layers;
mod process;
mod source;
mod table;
mod test;
mod tidy;
mod tools;
mod tree;
mod workspace;

use args::Args;
use findings::Findings;
use tree::Tree;
use workspace::Workspace;

const HELP: &str = "\
usage: cargo xtask COMMAND

  test [--only STEP,…] [--fail-fast]
      everything a change must pass; installs the tools it misses
  tidy
      sizes, names, version firewall, purity, habits of tests, links (xtask/tidy.toml)
  layers
      who may know whom (xtask/layers.toml)
  conformance [--list-missing] [--write] [--no-list]
      every statement of the standards, and the tests that prove it
  bench [--scenarios] [--transports] [--authentication] [--management] [--sizes] [--scaling] [--instructions] [--only SCENARIO,…]
        [--rounds N] [--shards N] [--profile release|dist] [--brokers mosquitto,vouchmq] [--loadgen PATH]
        [--json FILE] [--write]
      CPU per message beside Mosquitto, per CONNECT through an authentication service, memory, instruction counts
      (xtask/bench.toml)
  fuzz TARGET [--secs N] [--max-len BYTES]
      libFuzzer on a target of fuzz/Cargo.toml; inputs that reach something new join fuzz/corpus/TARGET";

fn main() -> ExitCode {
    match run(Args::new(std::env::args().skip(1))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs a command; false if what it checks does not hold.
fn run(mut args: Args) -> Result<bool> {
    let command = args.command().unwrap_or_else(|| "help".to_owned());
    match command.as_str() {
        "help" | "-h" | "--help" => {
            println!("{HELP}");
            Ok(true)
        }
        "test" => {
            let options = test::Options { only: args.list("--only")?, fail_fast: args.flag("--fail-fast") };
            args.finish()?;
            test::run(&options)
        }
        "tidy" => {
            args.finish()?;
            show(&tidy::check(&Tree::load(&Workspace::load()?.root)?)?)
        }
        "layers" => {
            args.finish()?;
            let workspace = Workspace::load()?;
            show(&layers::check(&workspace, &Tree::load(&workspace.root)?)?)
        }
        "conformance" => {
            let options = conformance::Options {
                no_list: args.flag("--no-list"),
                list_missing: args.flag("--list-missing"),
                write: args.flag("--write"),
            };
            args.finish()?;
            let workspace = Workspace::load()?;
            show(&conformance::check(&workspace, &Tree::load(&workspace.root)?, options)?)
        }
        "bench" => {
            let options = bench::Options::parse(&mut args)?;
            args.finish()?;
            bench::run(&options)
        }
        "fuzz" => {
            let options = fuzz::Options::parse(&mut args)?;
            args.finish()?;
            fuzz::run(&options)
        }
        other => bail!("there is no command `{other}`: see `cargo xtask help`"),
    }
}

fn show(found: &Findings) -> Result<bool> {
    println!("{}{}", found.text(), found.summary);
    Ok(found.passed())
}
