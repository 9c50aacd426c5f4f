//! The vouchmq binary: configuration, composition, commands.

mod arguments;
mod client;
mod clock;
mod command;
mod configuration;
mod descriptors;
mod exit;
mod heap;
mod output;
mod runtime;

use std::process::ExitCode;

fn main() -> ExitCode {
    let ended = match arguments::parse(std::env::args_os()) {
        Ok(command) => command.run(),
        Err(failure) => Err(failure),
    };
    match ended {
        Ok(()) => exit::OK,
        Err(failure) => failure.report(),
    }
}
