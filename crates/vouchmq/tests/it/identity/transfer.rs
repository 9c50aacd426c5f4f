//! Import and export, by the commands that operators use, on real databases.

mod formats;
mod mistakes;
mod round_trip;
