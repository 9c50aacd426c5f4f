//! Makes certificates.
