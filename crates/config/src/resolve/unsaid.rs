//! What is written below `auth` and has no value: a rule that lost whom it is about would be about everybody.

use super::Resolver;
use crate::hocon::Absent;
use crate::tree::{Node, What};

/// Blocks in which every key that is written has a value.
const SAID: [&str; 2] = ["auth", "http_auth"];

impl Resolver<'_> {
    /// Refuses optional references to nothing, and `null`, where what is left out would open something.
    pub(super) fn refuse_unsaid(&mut self, absent: &[Absent]) {
        for Absent { path, place } in absent {
            if path.first().is_some_and(|first| SAID.iter().any(|key| first.eq_ignore_ascii_case(key))) {
                let path = path.join(".");
                let text = format!("{}: an optional reference that brings nothing", path.escape_debug());
                self.error(*place, text, "set the variable, write a default before it, or take it out");
            }
        }
        let root = self.root;
        for entry in root.map().unwrap_or_default() {
            if SAID.contains(&&*entry.key) {
                self.refuse_null(&entry.node, &entry.key);
            }
        }
    }

    fn refuse_null(&mut self, node: &Node, path: &str) {
        match &node.what {
            What::Null => {
                let text = format!("{}: null says nothing", path.escape_debug());
                self.error(node.place, text, "write a value, or take the key out");
            }
            What::Map(entries) => {
                for entry in entries.iter() {
                    self.refuse_null(&entry.node, &format!("{path}.{}", entry.key));
                }
            }
            What::List(items) => {
                for item in items.iter() {
                    self.refuse_null(item, &format!("{path}[]"));
                }
            }
            What::Bool(_) | What::Word(_) | What::Text(_) => {}
        }
    }
}
