//! `vouchmq demo`: the life of a device on real sockets, told step by step.

mod device;
mod server;
mod story;

use clap::Args;

use crate::exit::{self, Failure};

#[derive(Debug, Args)]
#[command(after_help = exit::CODES)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Leave the data of the demonstration here [default: a new directory, which is removed]
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
}

/// Tells the story; a step that does not come out as it should is a failure.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let server = server::Server::start(arguments.data.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unusable(format_args!("cannot start: {error}")))?;
    let told = crate::runtime::block_on(&runtime, story::tell(&server));
    server.stop();
    told
}
