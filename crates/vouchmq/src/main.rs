//! The vouchmq binary.
fn main() {}
