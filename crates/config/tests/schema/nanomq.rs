//! Files as NanoMQ has them, unchanged.
