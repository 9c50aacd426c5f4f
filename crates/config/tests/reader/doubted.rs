//! What is read with a warning: it may not mean what its author thinks.

use super::world::outcome;

/// Text, what it says, and the warnings.
const TABLE: [(&str, &str, &[&str]); 17] = [
    ("a = 1\na = 2", "{a: 2}", &["warning 2:1 `a` is set twice: the last one counts (see 1:1)"]),
    ("a.b = 1\na { b = 2 }", "{a: {b: 2}}", &["warning 2:5 `b` is set twice: the last one counts (see 1:3)"]),
    ("a { b = 1 }\na = 5", "{a: 5}", &["warning 2:1 `a` is set twice: the last one counts (see 1:1)"]),
    (
        "a = 1 a = 2 a = 3",
        "{a: 3}",
        &[
            "warning 1:7 `a` is set twice: the last one counts (see 1:1)",
            "warning 1:13 `a` is set twice: the last one counts (see 1:7)",
        ],
    ),
    ("a = [1]\na = [2]", "{a: [2]}", &["warning 2:1 `a` is set twice: the last one counts (see 1:1)"]),
    ("a { b = 1 }\na = null", "{a: null}", &["warning 2:1 `a` is set twice: the last one counts (see 1:1)"]),
    (
        "to = [file console]",
        "{to: [file, console]}",
        &["warning 1:12 another item: there is no comma before it"],
    ),
    (r#"a = ["x" "y"]"#, r#"{a: ["x", "y"]}"#, &["warning 1:10 another item: there is no comma before it"]),
    ("a = pa#ss", "{a: pa}", &["warning 1:7 a comment begins inside of a word"]),
    ("a = /tmp//log", "{a: /tmp}", &["warning 1:9 a comment begins inside of a word"]),
    ("a = [x#, y\n]", "{a: [x]}", &["warning 1:7 a comment begins inside of a word"]),
    (
        r#"a = "x\ny""#,
        r#"{a: "x\ny"}"#,
        &["warning 1:7 `\\n` is read as in JSON; NanoMQ drops the backslash and keeps the `n`"],
    ),
    (
        r#"a = "\u00e4\ud83d\ude00\t""#,
        r#"{a: "ä😀\t"}"#,
        &["warning 1:6 `\\u` is read as in JSON; NanoMQ drops the backslash and keeps the `u`"],
    ),
    (r#"a = "\d+""#, r#"{a: "d+"}"#, &["warning 1:6 `\\d` means nothing: the backslash is dropped"]),
    (
        r#""a\tb" = 1"#,
        "{a\tb: 1}",
        &["warning 1:3 `\\t` is read as in JSON; NanoMQ drops the backslash and keeps the `t`"],
    ),
    (
        "\"a\u{1f3e0}\" = 1 \"a\u{1f3e0}\" = 2",
        "{a\u{1f3e0}: 2}",
        &["warning 1:10 `a\u{1f3e0}` is set twice: the last one counts (see 1:1)"],
    ),
    ("include \"users.conf\"", "{}", &["warning 1:1 `users.conf` is not there"]),
];

#[test]
fn each_of_the_table_is_read_with_its_warnings() {
    for (text, expected, warnings) in TABLE {
        let (line, notes) = outcome(text);
        assert_eq!(line, expected, "{text:?}");
        assert_eq!(notes, warnings, "{text:?}");
    }
}
