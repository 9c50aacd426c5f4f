//! What is the program's own, and no part of anybody's configuration.

use std::ffi::OsStr;

use vouchmq_config::schema::{Kind, Row, rows};

/// Whether this is, or may become, the name of a file that the program keeps: nothing else is written to it, and no
/// text over the API includes it.
pub(crate) fn is_kept_file(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let begins = |beginning: &str| name.starts_with(beginning);
    let ends = |end: &str| name.ends_with(end);
    matches!(&*name, "keys" | "lock")
        || ["admin-token", "high-water", "keys.", "overrides.conf", "vouchmq.db"].into_iter().any(begins)
        // Journals of a database that is called otherwise: they are empty at times.
        || ["-journal", "-shm", "-wal"].into_iter().any(ends)
}

/// Whether a variable of the environment tells the program a secret: no `${…}` brings it into a configuration.
pub(crate) fn is_secret_variable(name: &str) -> bool {
    let is_secret = |row: &Row| matches!(row.kind, Kind::Secret | Kind::List(Kind::Secret));
    matches!(name, "VOUCHMQ_ADMIN_TOKEN" | "VOUCHMQ_DATABASE" | "VOUCHMQ_KEYS")
        || name.starts_with("VOUCHMQ_TOKEN")
        || name.starts_with("VOUCHMQ_PASSWORD")
        || rows().any(|row| is_secret(row) && row.variable().as_deref() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_program_are_no_variables_of_a_configuration() {
        for name in [
            "VOUCHMQ_ADMIN_TOKEN",
            "VOUCHMQ_KEYS",
            "VOUCHMQ_DATABASE",
            "VOUCHMQ_TOKEN",
            "VOUCHMQ_TOKEN_FILE",
            "VOUCHMQ_PASSWORD",
            "VOUCHMQ_HTTP_SERVER_PASSWORD",
        ] {
            assert!(is_secret_variable(name), "{name}");
        }
        for name in ["HOME", "VOUCHMQ_LISTEN", "VOUCHMQ_MQTT_MAX_PACKET_SIZE"] {
            assert!(!is_secret_variable(name), "{name}");
        }
    }
}
