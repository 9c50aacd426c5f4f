//! What runs beside the registry: its keys, following the change log, housekeeping.
//!
//! A [`Registrar`] opens a store with the keys it was used with, loads what verifies devices, and then keeps
//! it as new as the database for as long as it runs. It knows the store, and who is connected, as ports.

mod beats;
mod entropy;
mod high_water;
mod housekeeper;
mod key_file;
mod peers;
mod progress;
mod registrar;
mod spawn;

#[cfg(test)]
mod tests;

pub use entropy::SystemEntropy;
pub use high_water::{HighWater, HighWaterFault};
pub use key_file::{KeyFileFault, keys_at, keys_of};
pub use peers::{Peers, Reach};
pub use progress::{Applied, Progress};
pub use registrar::{OpenFault, Opening, Registrar, RunFault, Running};
pub use spawn::OnRuntime;
