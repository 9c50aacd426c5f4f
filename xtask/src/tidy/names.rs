//! What files, types and functions are called.

use super::{
    place,
    rules::{NamePart, Names},
};
use crate::{
    findings::Findings,
    source::{Name, Source},
    tree::Tree,
};

pub(super) fn check(tree: &Tree, rules: &Names, found: &mut Findings) {
    for (path, source) in tree.rust() {
        file_name(path, rules, found);
        for name in source.names() {
            declaration(path, source, name, rules, found);
            for part in &rules.parts {
                banned_part(path, name, part, found);
            }
        }
    }
}

fn file_name(path: &str, rules: &Names, found: &mut Findings) {
    if path.ends_with("/mod.rs") {
        found.problem(format!("{path}: a module `foo` is `foo.rs` and `foo/`, never `foo/mod.rs`"));
    }
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    if let Some(part) = stem.split('/').find(|part| rules.files.iter().any(|banned| banned == part)) {
        found.problem(format!("{path}: `{part}` says nothing; name it for what is inside"));
    }
}

fn declaration(path: &str, source: &Source, name: Name<'_>, rules: &Names, found: &mut Findings) {
    let keyword = source.before(name).rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    match keyword {
        "struct" | "enum" | "trait" | "type" | "union" => {
            if let Some(ending) = rules.type_endings.iter().find(|ending| name.text.ends_with(*ending)) {
                let place = place(path, name.line);
                found
                    .problem(format!("{place}: the ending of `{}` says nothing; drop `{ending}`", name.text));
            }
        }
        "fn" if !rules.functions_allowed.iter().any(|allowed| allowed == name.text) => {
            if let Some(start) = rules.function_beginnings.iter().find(|start| name.text.starts_with(*start))
            {
                let place = place(path, name.line);
                found
                    .problem(format!("{place}: name `{}` for what it returns, without `{start}`", name.text));
            }
        }
        _ => {}
    }
}

fn banned_part(path: &str, name: Name<'_>, rule: &NamePart, found: &mut Findings) {
    let established = rule.allowed.iter().any(|allowed| allowed == name.text)
        || rule.allowed_in.iter().any(|start| path.starts_with(start.as_str()));
    if !established && parts(name.text).any(|part| part == rule.banned) {
        let place = place(path, name.line);
        found.problem(format!("{place}: `{}` is too short a word; write {}", name.text, rule.instead));
    }
}

/// The words of a name, in lower case: `AuthError` and `auth_error` have `auth` and `error`.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    let mut previous = '_';
    for c in name.chars() {
        if c.is_uppercase() && previous.is_lowercase() {
            spaced.push('_');
        }
        spaced.extend(c.to_lowercase());
        previous = c;
    }
    spaced.split('_').map(str::to_owned).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Names {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Names {
            files: list(&["utils"]),
            type_endings: list(&["Manager"]),
            function_beginnings: list(&["get_"]),
            functions_allowed: list(&["get_mut"]),
            parts: vec![NamePart {
                banned: "auth".into(),
                instead: "authenticate".into(),
                allowed: list(&["AuthRequest"]),
                allowed_in: list(&["crates/mqtt/"]),
            }],
        }
    }

    fn findings(path: &str, text: &str) -> String {
        let mut found = Findings::default();
        check(&Tree::of(&[(path, text)]), &rules(), &mut found);
        found.text()
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        assert!(findings("crates/a/src/utils/x.rs", "").contains("`utils` says nothing"));
        assert!(findings("crates/a/tests/it/mod.rs", "").contains("never `foo/mod.rs`"));
        assert!(findings("a.rs", "\npub struct SessionManager;").starts_with("error: a.rs:2: "));
        assert!(findings("a.rs", "pub(crate) fn get_size() {}").contains("without `get_`"));
        assert_eq!(findings("a.rs", "fn get_mut() {} let x: SessionManager = get_size(); // fn get_y"), "");
    }

    #[test]
    fn parts_of_names_are_found_and_established_names_are_not() {
        for name in ["auth", "auth_token", "AuthError", "AUTH_MAX", "on_auth"] {
            assert!(
                findings("crates/broker/src/lib.rs", &format!("let {name} = 1;")).contains("too short"),
                "{name}"
            );
            assert_eq!(findings("crates/mqtt/src/lib.rs", &format!("let {name} = 1;")), "");
        }
        assert_eq!(
            findings("a.rs", "AuthRequest, authenticate, Authorize, author // auth \"\nlet s = \"auth\";"),
            ""
        );
    }
}
