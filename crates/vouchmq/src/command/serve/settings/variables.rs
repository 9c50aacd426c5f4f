//! Environment variables that look like ours: a mistyped one would change nothing in silence.

use std::ffi::OsString;

use vouchmq_config::schema;

use crate::exit::Failure;

const PREFIX: &str = "VOUCHMQ_";
/// What the commands of a registry read, which may run where the broker does.
const OF_COMMANDS: [&str; 5] =
    ["VOUCHMQ_API", "VOUCHMQ_TOKEN_FILE", "VOUCHMQ_CAFILE", "VOUCHMQ_CERT", "VOUCHMQ_CERT_KEY"];

/// Refuses every variable with our prefix that nothing here reads.
pub(in crate::command::serve) fn refuse_unknown(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(), Failure> {
    let known = known();
    for (name, value) in environment {
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(PREFIX) && !is_for_others(&name, &value.to_string_lossy());
        if is_ours && !known.iter().any(|known| *known == name) {
            let (begin, names) = (PREFIX.len(), known.iter().map(|known| &known[PREFIX.len()..]));
            let meant = match schema::nearest(&name[begin..], names) {
                Some(near) => format!("did you mean {PREFIX}{near}?"),
                None => "'vouchmq serve --help' lists what there is".to_owned(),
            };
            return Err(Failure::unusable(format_args!(
                "the environment variable {name} means nothing; {meant}"
            )));
        }
    }
    Ok(())
}

/// The variables of flags, those of the table, and those of other commands.
fn known() -> Vec<String> {
    let grammar = crate::arguments::grammar();
    let flags = grammar.find_subcommand("serve").into_iter().flat_map(clap::Command::get_arguments);
    let flags = flags.filter_map(|flag| flag.get_env()?.to_str().map(str::to_owned));
    let rows = schema::rows().filter_map(schema::Row::variable);
    flags.chain(rows).chain(OF_COMMANDS.map(str::to_owned)).collect()
}

/// Our tests use some, and Kubernetes gives every container some about a service that is called `vouchmq`.
fn is_for_others(name: &str, value: &str) -> bool {
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    let is_of_tests = matches!(name, "BIN" | "WRITE_DOCS" | "TEST_CHILD" | "INTEROP");
    let is_of_service = name == "SERVICE_HOST"
        || name == "SERVICE_PORT"
        || name.starts_with("SERVICE_PORT_")
        || name.starts_with("PORT_")
        || (name == "PORT" && value.contains("://"));
    is_of_tests || name.starts_with("INTEROP_") || is_of_service
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, value: &str) -> Option<String> {
        match refuse_unknown(std::iter::once((name.into(), value.into()))) {
            Ok(()) => None,
            Err(Failure::Unusable(text)) => Some(text),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_mistyped_is_refused_with_what_was_meant() {
        for (name, meant) in [
            ("VOUCHMQ_MQTT_RECEIVE_MAXIMUMS", "VOUCHMQ_MQTT_RECEIVE_MAXIMUM"),
            ("VOUCHMQ_ALLOW_ANONYM", "VOUCHMQ_ALLOW_ANONYMOUS"),
            ("VOUCHMQ_LISTENS", "VOUCHMQ_LISTEN"),
        ] {
            let expected = format!("the environment variable {name} means nothing; did you mean {meant}?");
            assert_eq!(told(name, "1"), Some(expected));
        }
        for name in ["VOUCHMQ_", "VOUCHMQ_COLOUR", "VOUCHMQ_PORT"] {
            let expected = format!(
                "the environment variable {name} means nothing; 'vouchmq serve --help' lists what there is"
            );
            assert_eq!(told(name, "1"), Some(expected));
        }
    }

    #[test]
    fn what_others_set_is_let_alone() {
        for name in known() {
            assert_eq!(told(&name, "1"), None);
        }
        for name in [
            "HOME",
            "VOUCHMQ",
            "VOUCHMQ_BIN",
            "VOUCHMQ_INTEROP",
            "VOUCHMQ_INTEROP_NODE",
            "VOUCHMQ_WRITE_DOCS",
            "VOUCHMQ_API",
            "VOUCHMQ_TOKEN_FILE",
        ] {
            assert_eq!(told(name, "1"), None);
        }
        for (name, value) in [
            ("VOUCHMQ_PORT", "tcp://10.0.0.1:1883"),
            ("VOUCHMQ_PORT_1883_TCP_ADDR", "10.0.0.1"),
            ("VOUCHMQ_SERVICE_HOST", "10.0.0.1"),
            ("VOUCHMQ_SERVICE_PORT_MQTT", "1883"),
        ] {
            assert_eq!(told(name, value), None);
        }
    }
}
