//! Where the programs of others are.
#![expect(clippy::panic, reason = "helpers of tests fail by panicking, too")]

/// What `cargo xtask test` says in the environment.
#[track_caller]
pub(crate) fn tool(variable: &str) -> String {
    match std::env::var_os(variable).map(std::ffi::OsString::into_string) {
        Some(Ok(path)) if std::env::var_os("VOUCHMQ_INTEROP").is_some() => path,
        _ => {
            panic!("{variable} is not set: run `cargo xtask test --only interop`, which installs the clients")
        }
    }
}
