use std::pin::{Pin, pin};

use tokio::runtime::Runtime;

/// Runs a future to its end. It goes by a pointer, so that what it is made of is compiled once, and not once for
/// each kind of scheduler.
pub(crate) fn block_on<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    let work: Pin<&mut dyn Future<Output = T>> = pin!(work);
    runtime.block_on(work)
}
