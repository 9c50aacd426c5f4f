//! What tests say they prove: statement ids in the doc comment of a test.
//!
//! A test is a function with an attribute that ends in `test` (`#[test]`, `#[tokio::test]`), or one that a list
//! of `versions! { … }` names or holds. Anywhere else an id is a citation, which only has to exist.

use std::ops::Range;

use super::statements::ids;
use crate::{source::Source, tree::Tree, workspace::Workspace};

/// Lists of tests that run once per protocol version.
const LISTS: [&str; 1] = ["versions"];

/// Where code may claim or cite a statement.
const FOLDERS: [&str; 3] = ["crates/", "sim/", "fuzz/"];

/// A test that says it proves a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) id: String,
    pub(super) test: TestName,
    /// File and line, for messages.
    pub(super) place: String,
}

/// A test as its source says: `vouchmq-mqtt`, `codec::frame::tests`, `short_header_waits`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TestName {
    pub(super) package: String,
    pub(super) modules: Vec<String>,
    pub(super) function: String,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) claims: Vec<Claim>,
    /// Every id that stands in a comment, with its place.
    pub(super) cited: Vec<(String, String)>,
    /// Claims that nothing stands behind.
    pub(super) problems: Vec<String>,
}

/// Reads all tests of the workspace.
pub(super) fn claims(workspace: &Workspace, tree: &Tree) -> Claims {
    let mut all = Claims::default();
    for (path, source) in
        tree.rust().filter(|(path, _)| FOLDERS.iter().any(|folder| path.starts_with(folder)))
    {
        if let Some((package, modules)) = origin(workspace, path) {
            file(tree, path, source, (&package, &modules), &mut all);
        }
    }
    all
}

/// The package of a file, and its modules: the test target first, if it belongs to one.
fn origin(workspace: &Workspace, path: &str) -> Option<(String, Vec<String>)> {
    let folder = |package: &crate::workspace::Package| format!("{}/", package.folder(&workspace.root));
    let package = workspace.packages.iter().find(|package| path.starts_with(&folder(package)))?;
    let inside = path.strip_prefix(&folder(package))?.strip_suffix(".rs")?;
    for target in package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "test")) {
        let file = target.src_path.strip_prefix(&workspace.root).ok()?.to_string_lossy().replace('\\', "/");
        let file = file.strip_prefix(&folder(package))?.strip_suffix(".rs")?.to_owned();
        let rest =
            file.strip_suffix("/main").and_then(|folder| inside.strip_prefix(folder)?.strip_prefix('/'));
        let rest = if inside == file { Some("") } else { rest };
        if let Some(rest) = rest {
            let modules = rest.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
            return Some((
                package.name.clone(),
                std::iter::once(target.name.clone()).chain(modules).collect(),
            ));
        }
    }
    let modules = inside.strip_prefix("src/").or_else(|| inside.strip_prefix("tests/"))?.split('/');
    let modules =
        modules.filter(|part| !matches!(*part, "lib" | "main" | "bin")).map(str::to_owned).collect();
    Some((package.name.clone(), modules))
}

fn file(tree: &Tree, path: &str, source: &Source, (package, modules): (&str, &[String]), all: &mut Claims) {
    let place = |line: usize| format!("{path}:{}", line + 1);
    let mut open: Vec<(usize, &str)> = source
        .comments
        .iter()
        .flat_map(|comment| ids(&comment.text).into_iter().map(move |id| (comment.line, id, comment.doc)))
        .inspect(|&(line, id, _)| all.cited.push((id.to_owned(), place(line))))
        .filter(|&(line, _, doc)| doc && tree.is_test(path, line))
        .map(|(line, id, _)| (line, id))
        .collect();
    let lists = lists(source);
    for function in functions(source) {
        let header = function.header_lines.clone();
        if !function.test && !lists.iter().any(|list| list.holds(source, &function)) {
            continue;
        }
        let modules =
            modules.iter().cloned().chain(function.modules.iter().map(|&name| name.to_owned())).collect();
        let test = TestName { package: package.to_owned(), modules, function: function.name.to_owned() };
        for comment in source.comments.iter().filter(|comment| comment.doc && header.contains(&comment.line))
        {
            let claim =
                |id: &str| Claim { id: id.to_owned(), test: test.clone(), place: place(comment.line) };
            all.claims.extend(ids(&comment.text).into_iter().map(claim));
        }
        open.retain(|(line, _)| !header.contains(line));
    }
    for (line, id) in open {
        all.problems.push(format!("{}: {id} stands above nothing that is a test", place(line)));
    }
}

/// A function, its modules in this file, and the lines of its doc comments and attributes.
#[derive(Debug)]
struct Function<'a> {
    name: &'a str,
    at: usize,
    modules: Vec<&'a str>,
    header_lines: Range<usize>,
    /// Has an attribute that ends in `test`.
    test: bool,
}

fn functions(source: &Source) -> Vec<Function<'_>> {
    let mut functions = Vec::new();
    let mut modules: Vec<(&str, usize)> = Vec::new();
    let mut names = source.names().peekable();
    while let Some(name) = names.next() {
        modules.retain(|&(_, end)| name.at < end);
        let Some(next) = names.peek().copied() else { break };
        if name.text == "mod" && source.after(next).starts_with('{') {
            let open = source.code.len() - source.after(next).len();
            modules.push((next.text, source.closing(open).unwrap_or(source.code.len())));
        } else if name.text == "fn" && source.after(name).starts_with(next.text) {
            let header_start = source.before(name).rfind([';', '{', '}']).map_or(0, |at| at + 1);
            functions.push(Function {
                name: next.text,
                at: name.at,
                modules: modules.iter().map(|&(module, _)| module).collect(),
                header_lines: source.line_of(header_start)..name.line + 1,
                test: is_test(source.code.get(header_start..name.at).unwrap_or_default()),
            });
        }
    }
    functions
}

/// Whether one of the attributes in front of a function ends in `test`.
fn is_test(header: &str) -> bool {
    header.split("#[").skip(1).any(|attribute| {
        let path = attribute.split(['(', ']', '=']).next().unwrap_or_default();
        path.rsplit("::").next().is_some_and(|last| last.trim() == "test")
    })
}

/// The inside of a `versions! { … }`.
struct List(Range<usize>);

impl List {
    /// Whether the list names the function, or holds it.
    fn holds(&self, source: &Source, function: &Function<'_>) -> bool {
        self.0.contains(&function.at)
            || source.names().any(|name| self.0.contains(&name.at) && name.text == function.name)
    }
}

fn lists(source: &Source) -> Vec<List> {
    let names = source.names().filter(|name| LISTS.contains(&name.text));
    let calls = names.filter_map(|name| {
        let body = source.after(name).strip_prefix('!')?.trim_start();
        let open = source.code.len() - body.len();
        body.starts_with(['{', '(', '['])
            .then(|| List(open..source.closing(open).unwrap_or(source.code.len())))
    });
    calls.collect()
}

#[cfg(test)]
mod tests;
