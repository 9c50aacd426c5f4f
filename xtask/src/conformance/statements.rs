//! The numbered statements of the two standards, and the exceptions we grant ourselves.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::tree::Tree;

const EXCEPTIONS: &str = "docs/conformance/exceptions.toml";

/// One of the two standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standard {
    pub(super) title: &'static str,
    /// What our ids begin with: the standards' own ids collide.
    pub(super) prefix: &'static str,
    pub(super) table: &'static str,
}

/// Both, in the order of the ledger.
pub(super) const STANDARDS: [Standard; 2] = [
    Standard { title: "MQTT 5.0", prefix: "MQTT5-", table: "docs/conformance/mqtt5.csv" },
    Standard { title: "MQTT 3.1.1", prefix: "MQTT3-", table: "docs/conformance/mqtt311.csv" },
];

/// A normative statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// `MQTT5-3.1.2-24`.
    pub(super) id: String,
    pub(super) binds: Binds,
    pub(super) paraphrase: String,
}

/// Whom a statement binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binds {
    Client,
    Server,
    Both,
}

impl Binds {
    pub(super) fn server(self) -> bool {
        self != Self::Client
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Both => "both",
        }
    }
}

/// The statements of one standard, in its own order.
pub(super) fn statements(tree: &Tree, standard: Standard) -> Result<Vec<Statement>> {
    let lines = tree.text(standard.table)?.lines().skip(1).enumerate();
    lines
        .map(|(line, text)| {
            statement(text, standard).with_context(|| format!("{}:{}", standard.table, line + 2))
        })
        .collect()
}

fn statement(line: &str, standard: Standard) -> Result<Statement> {
    let fields: Vec<_> = line.splitn(3, ',').collect();
    let [id, binds, paraphrase] = fields[..] else { bail!("wants id,applies_to,paraphrase") };
    let number = id.strip_prefix("MQTT-").with_context(|| format!("`{id}` does not begin with MQTT-"))?;
    let binds = match binds {
        "client" => Binds::Client,
        "server" => Binds::Server,
        "both" => Binds::Both,
        other => bail!("applies to `{other}`: want client, server or both"),
    };
    let quoted = paraphrase.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let paraphrase = quoted.map_or_else(|| paraphrase.to_owned(), |text| text.replace("\"\"", "\""));
    Ok(Statement { id: format!("{}{number}", standard.prefix), binds, paraphrase })
}

/// The exceptions: id to reason.
pub(super) fn exceptions(tree: &Tree) -> Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        exception: Vec<Exception>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Exception {
        id: String,
        reason: String,
    }
    let file: File = tree.toml(EXCEPTIONS)?;
    let mut exceptions = BTreeMap::new();
    for Exception { id, reason } in file.exception {
        if exceptions.insert(id.clone(), reason).is_some() {
            bail!("{EXCEPTIONS}: {id} stands twice");
        }
    }
    Ok(exceptions)
}

/// Every statement id in a text: `MQTT5-3.1.2-24`.
pub(super) fn ids(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for standard in STANDARDS {
        for (at, _) in text.match_indices(standard.prefix) {
            let tail = text.get(at..).unwrap_or_default();
            let number = tail.get(standard.prefix.len()..).unwrap_or_default();
            let end =
                number.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(number.len());
            let id = tail.get(..standard.prefix.len() + end).unwrap_or_default();
            found.push(id.trim_end_matches(['.', '-']));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_and_without_quotes() {
        let [five, three] = STANDARDS;
        let plain = statement("MQTT-1.5.5-1,both,Fewest bytes possible", five).expect("a row");
        assert_eq!((plain.id.as_str(), plain.binds), ("MQTT5-1.5.5-1", Binds::Both));
        let quoted = statement("MQTT-4.2-1,server,\"a, \"\"b\"\", c\"", three).expect("a row");
        assert_eq!((quoted.id.as_str(), quoted.paraphrase.as_str()), ("MQTT3-4.2-1", "a, \"b\", c"));
        assert!(statement("MQTT-4.2-1,nobody,x", five).is_err() && statement("4.2-1,both,x", five).is_err());
    }

    #[test]
    fn ids_are_found_in_prose() {
        assert_eq!(
            ids("`MQTT5-3.1.2-24`, and MQTT3-4.2-1. Not MQTT-1.5.3-1."),
            ["MQTT5-3.1.2-24", "MQTT3-4.2-1"]
        );
    }

    #[test]
    fn the_committed_tables_are_well_formed() {
        let tree = Tree::of(&[
            (STANDARDS[0].table, include_str!("../../../docs/conformance/mqtt5.csv")),
            (STANDARDS[1].table, include_str!("../../../docs/conformance/mqtt311.csv")),
            (EXCEPTIONS, include_str!("../../../docs/conformance/exceptions.toml")),
        ]);
        assert_eq!(
            STANDARDS.map(|standard| statements(&tree, standard).expect("statements").len()),
            [251, 141]
        );
        assert!(!exceptions(&tree).expect("exceptions").is_empty());
    }
}
