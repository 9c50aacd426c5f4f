use crate::exit::Failure;
use clap::Subcommand;
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    X,
}
pub(crate) fn run(_: &Bench) -> Result<(), Failure> {
    Ok(())
}
