//! What a check found.

/// The result of a check: it passes when `problems` is empty.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What must be mended, one line each: where, what, and what to do.
    pub(crate) problems: Vec<String>,
    /// What deserves a look and fails nothing.
    pub(crate) warnings: Vec<String>,
    /// One line of counts.
    pub(crate) summary: String,
}

impl Findings {
    pub(crate) fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    pub(crate) fn warning(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    pub(crate) fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    /// Everything found, as text for a terminal.
    pub(crate) fn text(&self) -> String {
        let warnings = self.warnings.iter().map(|line| format!("warning: {line}\n"));
        let problems = self.problems.iter().map(|line| format!("error: {line}\n"));
        warnings.chain(problems).collect()
    }
}
