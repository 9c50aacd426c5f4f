use std::collections::BTreeMap;

/// The blocks of the page, by what stands above each.
pub(crate) struct Page {
    files: BTreeMap<String, String>,
    commands: BTreeMap<String, String>,
    not_run: Vec<String>,
}

impl Page {
    /// # Panics
    /// A block does not say whether it is run.
    #[track_caller]
    pub(crate) fn read() -> Self {
        let path = super::root().join("docs/hardening.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut page = Self { files: BTreeMap::new(), commands: BTreeMap::new(), not_run: Vec::new() };
        let (mut mark, mut lines) = (None, text.lines());
        while let Some(line) = lines.next() {
            if let Some(said) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
                mark = said.split_once(": ");
            } else if line.starts_with("```") {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                page.enter(mark.take(), block.join("\n"));
            }
        }
        page
    }

    #[track_caller]
    fn enter(&mut self, mark: Option<(&str, &str)>, block: String) {
        let before = match mark {
            Some(("file", name)) => self.files.insert(name.to_owned(), block),
            Some(("run", name)) => self.commands.insert(name.to_owned(), block),
            Some(("not run", why)) => {
                self.not_run.push(why.to_owned());
                None
            }
            _ => panic!("a block does not say whether it is run:\n{block}"),
        };
        assert_eq!(before, None, "{mark:?} is there twice");
    }

    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> &str {
        self.files.get(name).unwrap_or_else(|| panic!("the page has no file {name}"))
    }

    #[track_caller]
    pub(crate) fn commands(&self, name: &str) -> &str {
        self.commands.get(name).unwrap_or_else(|| panic!("the page has no commands {name}"))
    }
}

#[test]
fn every_block_is_run_by_a_test_or_says_why_not() {
    let page = Page::read();
    let tests =
        [include_str!("layers.rs"), include_str!("nginx.rs"), include_str!("../hardening.rs")].concat();
    for name in page.files.keys().chain(page.commands.keys()) {
        assert!(tests.contains(&format!("\"{name}\"")), "no test uses {name}");
    }
    for why in &page.not_run {
        assert!(["needs another machine", "changes the machine"].contains(&&**why), "{why}");
    }
}
