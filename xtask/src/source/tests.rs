use super::*;

#[test]
fn comments_and_literals_are_no_code() {
    let source = Source::parse(
        "let a = \"tokio \\\" // no\"; // rand\nlet b = 'x'; let c: &'static str = r#\"a \"mod\" b\"#;\n/* one /* two */\nthree */ fn d() {}\n",
    );
    let names: Vec<_> = source.names().map(|name| (name.line, name.text)).collect();
    let expected = [(0, "let"), (0, "a"), (1, "let"), (1, "b"), (1, "let"), (1, "c")];
    assert_eq!(names[..6], expected);
    assert_eq!(names[6..], [(1, "static"), (1, "str"), (3, "fn"), (3, "d")]);
    let comments: Vec<_> = source.comments.iter().map(|c| (c.line, c.text.as_str())).collect();
    assert_eq!(comments, [(0, "rand"), (2, "one /* two"), (3, "three")]);
}

#[test]
fn lines_and_columns_stay_where_they_were() {
    let text = "let é = \"日本\n語\"; // ü\nlet f = '\\'';\n";
    let source = Source::parse(text);
    assert_eq!(source.lines(), 3);
    let last = source.names().last().expect("f");
    assert_eq!((last.line, last.text, source.after(last)), (2, "f", "=     ;\n"));
    assert_eq!(source.before(last).lines().count(), 3);
    assert_eq!(source.code.len(), text.len());
}

#[test]
fn only_test_items_are_tests() {
    let source = Source::parse(
        "fn a() {}\n#[cfg(test)]\n#[expect(x, reason = \"[\")]\nmod tests {\n    fn b([x]: [u8; 1]) {}\n}\n#[cfg(any(test, unix))]\nmod system {}\n#[cfg(test)] pub(crate) mod pair;\nfn c() {}\n",
    );
    let tests: Vec<_> = (0..source.lines()).filter(|&line| source.is_test(line)).collect();
    assert_eq!(tests, [1, 2, 3, 4, 5, 8]);
    assert_eq!(source.test_lines(), 6);
    assert_eq!(source.test_modules, ["pair"]);
}

#[test]
fn doc_comments_are_told_from_others() {
    let source = Source::parse("//! inner\n/// outer\n//// rule\n// plain\n");
    let docs: Vec<_> = source.comments.iter().map(|comment| comment.doc).collect();
    assert_eq!(docs, [false, true, false, false]);
    assert_eq!(source.comments[1].text, "outer");
}

#[test]
fn unfinished_code_does_not_hang() {
    for text in ["\"", "/*", "'", "'\\", "r#\"", "#[cfg(test)]", "#[cfg(test", "#[cfg(test)] mod x {"] {
        Source::parse(text);
    }
}
