//! How the program ends: exit codes, and the one line that says why.

use std::fmt;
use std::process::ExitCode;

use crate::output;

/// Done.
pub(crate) const OK: ExitCode = ExitCode::SUCCESS;
const FAILED: u8 = 1;
const UNUSABLE: u8 = 2;
/// As in mosquitto_sub: scripts know it.
const TIMED_OUT: u8 = 27;

/// For `--help`.
pub(crate) const CODES: &str = "\
Exit codes:
   0  done
   1  failed: refused by the server, connection lost, nothing to be done about it here
   2  cannot be done as asked: usage, configuration, taken port, locked directory, unreadable file
  27  sub: the time of -W is over";

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The other side, or the way to it, did not do its part.
    Failed(String),
    /// The connection is gone, or could not be had: another attempt may succeed.
    Lost(String),
    /// What was asked for cannot be done here: arguments, configuration, files, ports.
    Unusable(String),
    /// The time of `sub -W` is over: no message, as with mosquitto_sub.
    TimedOut,
    /// Nobody reads what we print: no message either.
    OutputClosed,
    /// The command has said why.
    Reported,
}

// === impl Failure ===

impl Failure {
    /// [`Failure::Failed`] with this message.
    pub(crate) fn failed(why: impl fmt::Display) -> Self {
        Self::Failed(why.to_string())
    }

    /// [`Failure::Lost`] with this message.
    pub(crate) fn lost(why: impl fmt::Display) -> Self {
        Self::Lost(why.to_string())
    }

    /// [`Failure::Unusable`] with this message.
    pub(crate) fn unusable(why: impl fmt::Display) -> Self {
        Self::Unusable(why.to_string())
    }

    /// Whether this stands in its message.
    pub(crate) fn says(&self, text: &str) -> bool {
        match self {
            Self::Failed(why) | Self::Lost(why) | Self::Unusable(why) => why.contains(text),
            Self::TimedOut | Self::OutputClosed | Self::Reported => false,
        }
    }

    /// The same failure without its message.
    pub(crate) fn silenced(self) -> Self {
        match self {
            Self::Failed(_) | Self::Lost(_) => Self::Reported,
            Self::Unusable(_) | Self::TimedOut | Self::OutputClosed | Self::Reported => self,
        }
    }

    /// Prints the message and tells the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Failed(why) | Self::Lost(why) => {
                output::complain(&why);
                FAILED.into()
            }
            Self::Unusable(why) => {
                output::complain(&why);
                UNUSABLE.into()
            }
            Self::TimedOut => TIMED_OUT.into(),
            Self::OutputClosed => OK,
            Self::Reported => FAILED.into(),
        }
    }
}
