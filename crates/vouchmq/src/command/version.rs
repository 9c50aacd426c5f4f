//! `vouchmq version`

use crate::exit::Failure;
use crate::output;

/// Prints the version.
pub(crate) fn run() -> Result<(), Failure> {
    output::line(concat!("vouchmq ", env!("CARGO_PKG_VERSION")))
}
