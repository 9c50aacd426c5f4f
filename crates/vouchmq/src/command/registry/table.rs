//! Resources as tables: which fields, under which titles, in which order.

use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use serde_json::{Map, Value};

use crate::output;

/// How a resource is shown.
#[derive(Debug)]
pub(in crate::command) struct Resource {
    /// Many of them, for people.
    pub(super) plural: &'static str,
    pub(super) columns: &'static [Column],
}

/// One field of a resource.
#[derive(Debug)]
pub(in crate::command) struct Column {
    title: &'static str,
    field: &'static str,
    shown: fn(&Value) -> String,
    is_listed: bool,
}

impl Column {
    /// A field that stands in lists too.
    pub(super) const fn listed(title: &'static str, field: &'static str) -> Self {
        Self { title, field, shown: cell, is_listed: true }
    }

    /// A field of a single one.
    pub(super) const fn detail(title: &'static str, field: &'static str) -> Self {
        Self { title, field, shown: cell, is_listed: false }
    }

    /// The same, shown in its own way.
    pub(super) const fn shown_as(self, shown: fn(&Value) -> String) -> Self {
        Self { shown, ..self }
    }
}

/// Brokers that an operator acts on.
pub(in crate::command) const PROFILES: Resource = Resource {
    plural: "profiles",
    columns: &[
        Column::listed("name", "name"),
        Column::listed("in use", "in_use"),
        Column::listed("api", "api"),
        Column::listed("by", "by"),
    ],
};

impl Resource {
    /// Many, one row each.
    pub(in crate::command) fn list(&self, items: &[Value]) -> String {
        let columns: Vec<&Column> = self.columns.iter().filter(|column| column.is_listed).collect();
        let mut table = table();
        table.set_header(columns.iter().map(|column| column.title.to_uppercase()));
        for item in items {
            table.add_row(columns.iter().map(|column| match item.get(column.field) {
                None => "-".to_owned(),
                Some(value) => (column.shown)(value),
            }));
        }
        table.to_string()
    }

    /// A single one, one row for each field that has a value; also those that a later version has. The field
    /// `secret` is left out, and how far a change has come, which is told in words.
    pub(super) fn show(&self, item: &Value, secret: &str) -> String {
        let mut left = item.as_object().cloned().unwrap_or_default();
        let _ = left.remove(secret);
        let _ = left.remove("applied");
        let mut table = table();
        for column in self.columns {
            add(&mut table, column.title, left.remove(column.field), column.shown);
        }
        for (name, value) in Map::into_iter(left) {
            add(&mut table, &output::escaped(&name), Some(value), cell);
        }
        table.to_string()
    }
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table
}

fn add(table: &mut Table, title: &str, value: Option<Value>, shown: fn(&Value) -> String) {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        table.add_row([title.to_owned(), shown(&value)]);
    }
}

/// A value in one line.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => output::escaped(text),
        Value::Array(values) => joined(values.iter().map(cell)),
        Value::Object(members) => {
            joined(members.iter().map(|(name, value)| format!("{}={}", output::escaped(name), cell(value))))
        }
    }
}

/// Rules of a product, one in a line.
pub(super) fn rules(value: &Value) -> String {
    let word = |rule: &Value, field: &str| rule.get(field).map(cell).unwrap_or_default();
    let rules = value
        .as_array()
        .into_iter()
        .flatten()
        .map(|rule| format!("{} {} {}", word(rule, "effect"), word(rule, "action"), word(rule, "topic")));
    let rules = rules.collect::<Vec<_>>().join("\n");
    if rules.is_empty() { "-".to_owned() } else { rules }
}

/// Why and when something was refused.
pub(super) fn failure(value: &Value) -> String {
    let word = |field: &str| value.get(field).map(cell).unwrap_or_default();
    format!("{} at {}", word("reason"), word("at"))
}

/// A bound: no number is none.
pub(super) fn bound(value: &Value) -> String {
    if value.is_null() { "unlimited".to_owned() } else { cell(value) }
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    let text = cells.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const THINGS: Resource = Resource {
        plural: "things",
        columns: &[
            Column::listed("id", "id"),
            Column::listed("tags", "tags"),
            Column::detail("rules", "acl").shown_as(rules),
        ],
    };

    #[test]
    fn lists_have_a_row_for_each_and_nothing_commands_a_terminal() {
        let table = THINGS.list(&[
            json!({"id": "a\u{1b}[2J\nb", "tags": {"site": "x", "\u{9b}1": "y"}}),
            json!({"id": "b", "tags": {}, "acl": []}),
            json!({"id": null}),
            json!("no object"),
        ]);
        let rows: Vec<&str> = table.lines().collect();
        assert!(rows.iter().any(|row| row.contains("ID") && row.contains("TAGS")), "{table}");
        assert!(table.contains("a\\u{1b}[2J\\nb") && table.contains("site=x"), "{table}");
        assert!(table.chars().all(|c| c == '\n' || output::is_safe(c)), "{table}");
        assert!(!table.contains("RULES"));
        assert_eq!(rows.len(), 4 + 4, "{table}");
    }

    #[test]
    fn one_is_shown_with_what_a_later_version_adds_and_without_its_secret() {
        let rule = json!({"effect": "allow", "action": "both", "topic": "dev/${device}/#"});
        let table = THINGS.show(
            &json!({"id": "a", "acl": [rule.clone(), rule], "secret": "vmq1_x", "later": true, "tags": null}),
            "secret",
        );
        assert!(table.contains("later") && table.contains("yes"), "{table}");
        assert_eq!(table.matches("allow both dev/${device}/#").count(), 2, "{table}");
        assert!(!table.contains("vmq1_") && !table.contains("tags"), "{table}");
    }
}
