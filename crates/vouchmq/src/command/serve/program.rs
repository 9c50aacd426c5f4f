//! The program of this process, to begin again with it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::exit::Failure;

/// What this process was started with.
#[derive(Debug)]
pub(super) struct Program {
    path: Option<PathBuf>,
    name: OsString,
    arguments: Vec<OsString>,
}

impl Program {
    /// Looks where the program is: later another may have taken its place, and that is what begins then.
    pub(super) fn of_this_process() -> Self {
        let mut arguments = std::env::args_os();
        let name = arguments.next().unwrap_or_default();
        Self { path: std::env::current_exe().ok(), name, arguments: arguments.collect() }
    }

    /// Begins again in this process: same arguments, same environment, same process id. Files and sockets of this
    /// one are closed by it. Returns only if that fails.
    pub(super) fn begin(&self) -> Failure {
        let path = self.path.as_deref().unwrap_or(self.name.as_ref());
        let error = Command::new(path).arg0(&self.name).args(&self.arguments).exec();
        Failure::failed(format_args!("cannot begin again with {}: {error}", path.display()))
    }
}
