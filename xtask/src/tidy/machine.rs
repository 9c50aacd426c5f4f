//! No file names a folder of the machine it was written on.

use super::{place, rules::Paths};
use crate::{findings::Findings, tree::Tree};

pub(super) fn check(tree: &Tree, rules: &Paths, found: &mut Findings) {
    for (path, text) in tree.files().filter_map(|(path, text)| Some((path, text?))) {
        for (line, text) in text.lines().enumerate() {
            if let Some(root) = rules.roots.iter().find(|root| names(text, root)) {
                found.problem(format!(
                    "{}: names the folder `{root}` at a machine's root; use a relative path",
                    place(path, line)
                ));
            }
        }
    }
}

/// Whether a path in the text begins at this folder of a machine.
fn names(text: &str, root: &str) -> bool {
    let folder = format!("/{root}/");
    text.match_indices(&folder).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !"_.-/}*~)>".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_paths_are_found() {
        // written in pieces, so that this file names none
        let line = |before: &str, after: &str| format!("{before}{}work/{after}", '/');
        let found = |text: &str| names(text, "work");
        assert!(
            found(&line("", "x"))
                && found(&line("see ", "x"))
                && found(&line("(", ""))
                && found(&line("\"", "y"))
        );
        assert!(
            !found(&line("frame", "x"))
                && !found(&line("..", "x"))
                && !found("/workspace/x")
                && !found("work/x")
        );
    }
}
