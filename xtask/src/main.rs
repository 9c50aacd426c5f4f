//! Every routine of development.
fn main() {}
