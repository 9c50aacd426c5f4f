//! `vouchmq completions`

use clap::Args;
use clap_complete::Shell;

use crate::arguments;
use crate::exit::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Which shell; redirect the output to where it reads completions from
    shell: Shell,
}

/// Prints completions.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut arguments::grammar(), "vouchmq", &mut script);
    let mut output = Output::lock();
    output.write(&script)?;
    output.flush()
}
