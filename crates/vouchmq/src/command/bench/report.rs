//! Figures, as a table for people or a line of JSON for scripts.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};

use crate::exit::Failure;
use crate::output;

/// One figure of a run.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    key: &'static str,
    what: &'static str,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Word(&'static str),
    Count(u64),
    Number(f64, usize),
    /// How many of each reason code.
    Codes(BTreeMap<u8, u32>),
    /// Was not measured: `null` in JSON, and no row in a table.
    Unknown,
}

impl Figure {
    pub(super) const fn word(key: &'static str, what: &'static str, word: &'static str) -> Self {
        Self { key, what, value: Value::Word(word) }
    }

    pub(super) const fn count(key: &'static str, what: &'static str, count: u64) -> Self {
        Self { key, what, value: Value::Count(count) }
    }

    /// How many of each reason code: an object in JSON, and no row in a table if there are none.
    pub(super) fn codes(key: &'static str, what: &'static str, codes: &BTreeMap<u8, u32>) -> Self {
        Self { key, what, value: Value::Codes(codes.clone()) }
    }

    /// A number with so many decimals.
    pub(super) const fn number(key: &'static str, what: &'static str, number: f64, decimals: usize) -> Self {
        Self { key, what, value: Value::Number(number, decimals) }
    }

    /// A number with so many decimals, if it was measured.
    pub(super) fn measured(
        key: &'static str,
        what: &'static str,
        number: Option<f64>,
        decimals: usize,
    ) -> Self {
        let value = number.map_or(Value::Unknown, |number| Value::Number(number, decimals));
        Self { key, what, value }
    }

    fn shown(&self) -> String {
        match &self.value {
            Value::Word(word) => (*word).to_owned(),
            Value::Count(count) => count.to_string(),
            Value::Number(number, decimals) => format!("{number:.decimals$}"),
            Value::Codes(codes) => {
                let each: Vec<_> =
                    codes.iter().map(|(code, count)| format!("{code:#04x}: {count}")).collect();
                each.join(", ")
            }
            Value::Unknown => "null".to_owned(),
        }
    }
}

/// Prints the figures.
pub(super) fn print(figures: &[Figure], as_json: bool) -> Result<(), Failure> {
    if as_json { output::line(&json(figures)) } else { output::line(&table(figures)) }
}

fn json(figures: &[Figure]) -> String {
    let mut line = String::from("{");
    for (index, figure) in figures.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let quote = if matches!(figure.value, Value::Word(_)) { "\"" } else { "" };
        let shown = if let Value::Codes(codes) = &figure.value { object(codes) } else { figure.shown() };
        let _ = write!(line, "{comma}\"{}\":{quote}{shown}{quote}", figure.key);
    }
    line.push('}');
    line
}

fn object(codes: &BTreeMap<u8, u32>) -> String {
    let each: Vec<_> = codes.iter().map(|(code, count)| format!("\"{code:#04x}\":{count}")).collect();
    format!("{{{}}}", each.join(","))
}

fn table(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    for figure in figures {
        let shown = figure.shown();
        if !shown.is_empty() && !matches!(figure.value, Value::Unknown) {
            table.add_row([figure.what.to_owned(), shown]);
        }
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_line_in_order() {
        let figures = [
            Figure::word("mode", "what", "conn"),
            Figure::count("n", "n", 3),
            Figure::number("r", "r", 1.26, 1),
            Figure::measured("m", "measured", Some(2.0), 2),
            Figure::measured("u", "unknown", None, 2),
            Figure::codes("c", "codes", &BTreeMap::from([(0x05, 1), (0x88, 2)])),
            Figure::codes("o", "others", &BTreeMap::new()),
        ];
        let line = r#"{"mode":"conn","n":3,"r":1.3,"m":2.00,"u":null,"c":{"0x05":1,"0x88":2},"o":{}}"#;
        assert_eq!(json(&figures), line);
        let table = table(&figures);
        assert!(table.contains("measured") && table.contains("0x05: 1, 0x88: 2"), "{table}");
        assert!(!table.contains("unknown") && !table.contains("others"), "{table}");
    }
}
