//! The HTTP contracts, seen from outside.
