//! Tables for a terminal and for a page.

/// Rows of text; columns of figures are aligned to the right.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Column {
    title: String,
    figures: bool,
}

impl Table {
    /// A column whose title begins with `>` holds figures.
    pub(crate) fn new<const N: usize>(titles: [&str; N]) -> Self {
        let column = |title: &str| Column {
            title: title.trim_start_matches('>').to_owned(),
            figures: title.starts_with('>'),
        };
        Self { columns: titles.iter().map(|title| column(title)).collect(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into());
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let titles: Vec<_> = self.columns.iter().map(|column| column.title.clone()).collect();
        let lines: Vec<_> = std::iter::once(&titles).chain(&self.rows).collect();
        let width = |at: usize| {
            lines.iter().filter_map(|line| Some(line.get(at)?.chars().count())).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        let mut text = String::new();
        for line in lines {
            let cells = line.iter().zip(&widths).zip(&self.columns).map(|((cell, &width), column)| {
                if column.figures { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    /// For a page.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
        let rule = self.columns.iter().map(|column| if column.figures { "---:" } else { "---" }).collect();
        let titles = line(self.columns.iter().map(|column| column.title.as_str()).collect());
        let rows = self.rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
        titles + &line(rule) + &rows.collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_figures_right() {
        let mut table = Table::new(["name", ">µs"]);
        table.row(["a".into(), "1.5".into()]);
        table.row(["long name".into(), "10.5".into()]);
        assert_eq!(table.text(), "name         µs\na           1.5\nlong name  10.5\n");
        assert_eq!(table.markdown(), "| name | µs |\n| --- | ---: |\n| a | 1.5 |\n| long name | 10.5 |\n");
    }
}
