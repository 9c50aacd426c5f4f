//! What is refused, where, and what is read all the same.

use super::world::outcome;

/// Text, what is read of it, and the errors.
const TABLE: [(&str, &str, &[&str]); 62] = [
    // --- members
    ("a", "{}", &["error 1:1 `a` has no value"]),
    ("a =", "{}", &["error 1:1 `a` has no value"]),
    ("a = ,b = 1", "{b: 1}", &["error 1:1 `a` has no value"]),
    ("{a = }", "{}", &["error 1:2 `a` has no value"]),
    ("a\nb = 1", "{b: 1}", &["error 1:1 `a` has no value"]),
    ("a =\nb = 1", "{b: 1}", &["error 1:1 `a` has no value"]),
    ("a =\n\"b\" : 1", "{b: 1}", &["error 1:1 `a` has no value"]),
    ("a =\nb { c = 1 }", "{b: {c: 1}}", &["error 1:1 `a` has no value"]),
    ("a = hello big world\nb = 1", "{a: hello, b: 1}", &["error 1:11 `big` has no value"]),
    ("a = 10 s\nb = 1", "{a: 10, b: 1}", &["error 1:8 `s` has no value"]),
    ("a =\nb c\nd = 1", "{a: b, d: 1}", &["error 2:3 `c` has no value"]),
    (",a = 1", "{a: 1}", &["error 1:1 nothing stands before this comma"]),
    ("a = 1,,b = 2", "{a: 1, b: 2}", &["error 1:7 nothing stands before this comma"]),
    ("= 1\nb = 2", "{b: 2}", &["error 1:1 a key is missing here, or has an empty segment"]),
    (".a = 1", "{}", &["error 1:1 a key does not begin with a dot, and has one dot at a time"]),
    ("a..b = 1", "{}", &["error 1:3 a key does not begin with a dot, and has one dot at a time"]),
    ("a. = 1", "{}", &["error 1:3 a key is missing here, or has an empty segment"]),
    ("\"\" = 1", "{}", &["error 1:1 a key is missing here, or has an empty segment"]),
    ("\"a\"b = 1", "{}", &["error 1:4 a key goes on behind its closing quote"]),
    ("a/b = 1", "{}", &["error 1:1 `a` has no value"]),
    ("$a = 1", "{}", &["error 1:1 `$` where a key should stand"]),
    ("a = 1;\nb = 2", "{b: 2}", &["error 1:6 `;` in a value without quotes"]),
    ("a\u{1b} = 1", "{}", &["error 1:1 `a` has no value"]),
    ("a = 1\n\u{200b}b = 2", "{a: 1}", &["error 2:1 `\\u{200b}` where a key should stand"]),
    // --- brackets
    ("a {\nb = 1", "{a: {b: 1}}", &["error 1:3 the map that is opened here is not closed"]),
    ("a = [1,\n2", "{a: [1, 2]}", &["error 1:5 the list that is opened here is not closed"]),
    ("a { b = [ { c = 1", "{a: {b: [{c: 1}]}}", &["error 1:11 the map that is opened here is not closed"]),
    (
        "t = [a/#]\nb = 1",
        "{t: [a/, b]}",
        &[
            "error 1:5 the list that is opened here is not closed",
            "warning 1:8 a comment begins inside of a word",
            "error 2:3 `=` where a value should stand",
        ],
    ),
    ("a = 1 }\nb = 2", "{a: 1, b: 2}", &["error 1:7 `}` closes nothing"]),
    ("a = 1 ]\nb = 2", "{a: 1, b: 2}", &["error 1:7 `]` closes nothing"]),
    (
        "a { b = [1 }\nc = 2",
        "{a: {b: [1]}, c: 2}",
        &["error 1:12 `}`, but a list has to be closed with `]` first (see 1:9)"],
    ),
    (
        "a = [{ b = 1 ]\nc = 2",
        "{a: [{b: 1}], c: 2}",
        &["error 1:14 `]`, but a map has to be closed with `}` first (see 1:6)"],
    ),
    (
        "{ a = 1 }\nb = 2",
        "{a: 1}",
        &["error 2:1 something stands behind the brace that closes the file (see 1:1)"],
    ),
    ("[1, 2]", "{}", &["error 1:1 a list: a configuration file is a map of keys"]),
    ("a = [1,,2]", "{a: [1, 2]}", &["error 1:8 nothing stands before this comma"]),
    ("a = [,1]", "{a: [1]}", &["error 1:6 nothing stands before this comma"]),
    ("a = [b = 1, 2]", "{a: [b, 2]}", &["error 1:8 `=` where a value should stand"]),
    // --- values
    ("a = b=c\nd = 1", "{d: 1}", &["error 1:6 `=` in a value without quotes"]),
    ("a = b{c = 1}\nd = 1", "{d: 1}", &["error 1:6 `{` right behind a value"]),
    ("a = \"b\"\"c\"", "{}", &["error 1:8 `\"` right behind a value"]),
    ("a = \"b\"c, d = 1", "{d: 1}", &["error 1:8 `c` right behind a value"]),
    ("a = it's\nb = 1", "{b: 1}", &["error 1:7 `'` right behind a value"]),
    ("a = C:\\x", "{}", &["error 1:6 `:` in a value without quotes"]),
    ("a = b: c", "{}", &["error 1:6 `:` in a value without quotes"]),
    ("a = (b)", "{}", &["error 1:5 `(` where a value should stand"]),
    ("a = `b`\nc = 1", "{c: 1}", &["error 1:5 ``` where a value should stand"]),
    ("a = $b", "{}", &["error 1:5 `$` in a value without quotes"]),
    ("a = $(b)", "{}", &["error 1:5 `$` in a value without quotes"]),
    ("a = 1\na += 2", "{a: 1}", &["error 2:1 `+=` to what is not a list (see 1:1)"]),
    // --- strings
    ("a = \"b\nc = 1", "{c: 1}", &["error 1:5 the string is not closed"]),
    ("a = \"b\r\nc = 1", "{c: 1}", &["error 1:5 the string is not closed"]),
    ("a = \"b\\", "{}", &["error 1:5 the string is not closed"]),
    ("a = 'b\nc = 1", "{c: 1}", &["error 1:5 the string is not closed"]),
    (
        "a = \"\"\"b\nc = 1\"\"",
        "{}",
        &["error 1:5 the string is not closed", "error 2:6 `\"` right behind a value"],
    ),
    (
        "a = \"\\u12\"\nb = 1",
        "{b: 1}",
        &["error 1:6 `\\u` is not followed by four hexadecimal digits that are a character"],
    ),
    (
        "a = \"\\ud800x\"",
        "{}",
        &["error 1:6 `\\u` is not followed by four hexadecimal digits that are a character"],
    ),
    (
        "a = \"\\u0000\"",
        "{}",
        &["error 1:6 `\\u` is not followed by four hexadecimal digits that are a character"],
    ),
    ("a = \"b\u{1b}[1m\"\nc = 1", "{c: 1}", &["error 1:7 a control character in a string (U+001B)"]),
    // --- files
    ("a = 1 /* b = 2\n */ c = 3", "{a: 1, c: 3}", &["error 1:7 `/*` does not begin a comment here"]),
    ("a = 1\rb = 2", "{}", &["error 1:6 a carriage return that ends no line"]),
    ("a = 1\nb = \"\0\"", "{}", &["error 2:6 a NUL: this is not a text file"]),
    ("a = 1\n\u{feff}b = 2", "{a: 1}", &["error 2:1 `\\u{feff}` where a key should stand"]),
];

#[test]
fn each_of_the_table_is_refused_with_its_errors() {
    for (text, expected, errors) in TABLE {
        let (line, notes) = outcome(text);
        assert_eq!(notes, errors, "{text:?}");
        assert_eq!(line, expected, "{text:?}");
    }
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let text = "mqtt { max_packet_size 256MB\n  retry_interval = 10 s\n}\nlisteners.tcp { bind = \"0.0.0.0:1883\n}\n\
                auth = { no_match = deny; }\nlog { to = [file, console }\nkeep = 1";
    let (line, notes) = outcome(text);
    let expected = [
        "error 1:8 `max_packet_size` has no value",
        "error 2:23 `s` has no value",
        "error 4:24 the string is not closed",
        "error 6:25 `;` in a value without quotes",
        "error 7:27 `}`, but a list has to be closed with `]` first (see 7:12)",
    ];
    assert_eq!(notes, expected);
    assert_eq!(
        line,
        "{mqtt: {retry_interval: 10}, listeners: {tcp: {}}, auth: {}, log: {to: [file, console]}, keep: 1}"
    );
}
