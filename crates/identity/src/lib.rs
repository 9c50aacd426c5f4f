//! Who a client is, how it proves it, what it may do.
