//! What is read without a note.

use super::world::{World, line, outcome};

/// Text, and what it says.
const TABLE: [(&str, &str); 69] = [
    // --- keys and separators
    ("", "{}"),
    ("# only a comment", "{}"),
    ("a = 1", "{a: 1}"),
    ("a : 1", "{a: 1}"),
    ("a:1", "{a: 1}"),
    ("a=1,", "{a: 1}"),
    ("{a = 1}", "{a: 1}"),
    ("{ \"a\": 1, \"b\": [true, null] }\n", "{a: 1, b: [true, null]}"),
    ("a = 1, b = 2", "{a: 1, b: 2}"),
    ("a = 1 b = 2", "{a: 1, b: 2}"),
    ("a = 1\nb = 2", "{a: 1, b: 2}"),
    ("a = 1\r\nb = 2\r\n", "{a: 1, b: 2}"),
    ("a = 1\n, b = 2", "{a: 1, b: 2}"),
    ("\u{feff}a = 1", "{a: 1}"),
    ("a\u{a0}=\u{a0}1", "{a: 1}"),
    ("a { b = 1 }", "{a: {b: 1}}"),
    ("a = { b = 1 }", "{a: {b: 1}}"),
    ("a\n{\nb = 1\n}", "{a: {b: 1}}"),
    ("a =\n{ b = 1 }", "{a: {b: 1}}"),
    ("a\n= 1", "{a: 1}"),
    ("a = # why\n 1", "{a: 1}"),
    ("a {}", "{a: {}}"),
    ("a {}\nb = {}", "{a: {}, b: {}}"),
    ("a { b = 1 } c = 2", "{a: {b: 1}, c: 2}"),
    ("a.b.c = 1", "{a: {b: {c: 1}}}"),
    ("a.b = 1\na.c = 2", "{a: {b: 1, c: 2}}"),
    ("a { b = 1 }\na { c = 2 }", "{a: {b: 1, c: 2}}"),
    ("a.b { c = 1 }\na { b.d = 2 }", "{a: {b: {c: 1, d: 2}}}"),
    ("\"a.b\" = 1", "{a.b: 1}"),
    ("a.\"b c\".d = 1", "{a: {b c: {d: 1}}}"),
    ("'a b' = 1", "{a b: 1}"),
    ("Content-Type = x", "{Content-Type: x}"),
    ("bob@home = x", "{bob@home: x}"),
    ("1 = x", "{1: x}"),
    ("größe = 1", "{größe: 1}"),
    ("includes = 1\ninclude.d = 2", "{includes: 1, include: {d: 2}}"),
    ("Key = 1\nkey = 2", "{Key: 1, key: 2}"),
    // --- comments
    ("a = 1 # b = 2", "{a: 1}"),
    ("a = 1 // b = 2", "{a: 1}"),
    ("// a = 1\n# b\na { # c\n b = 1 // d\n} # e", "{a: {b: 1}}"),
    ("a = [ # one\n 1 // two\n 2\n]", "{a: [1, 2]}"),
    // --- words
    ("a = 10s", "{a: 10s}"),
    ("a = 256MB b = 1.25 c = -3 d = 1e3 e = 50%", "{a: 256MB, b: 1.25, c: -3, d: 1e3, e: 50%}"),
    ("a = 0123", "{a: 0123}"),
    ("a = yes b = TRUE c = Null", "{a: yes, b: TRUE, c: Null}"),
    ("a = true b = false c = null", "{a: true, b: false, c: null}"),
    ("a = 0.0.0.0", "{a: 0.0.0.0}"),
    ("a = 0.0.0.0:1883", "{a: 0.0.0.0:1883}"),
    ("a = 0.0.0.0:8083/mqtt", "{a: 0.0.0.0:8083/mqtt}"),
    ("a = 10.0.0.0/8", "{a: 10.0.0.0/8}"),
    ("a = ::1", "{a: ::1}"),
    ("a = fe80::1", "{a: fe80::1}"),
    ("a = [::1]:1883", "{a: [::1]:1883}"),
    ("a = [::]:8083/mqtt b = 1", "{a: [::]:8083/mqtt, b: 1}"),
    ("a = [::1]", "{a: [::1]}"),
    ("a = [[::1]:1883, 127.0.0.1:1883]", "{a: [[::1]:1883, 127.0.0.1:1883]}"),
    ("a = nmq-tcp://0.0.0.0:1883", "{a: nmq-tcp://0.0.0.0:1883}"),
    ("a = tls+mqtt-tcp://[::1]:8883 # b", "{a: tls+mqtt-tcp://[::1]:8883}"),
    ("a = http://h.example/p?q&r", "{a: http://h.example/p?q&r}"),
    ("a = /etc/certs/key.pem", "{a: /etc/certs/key.pem}"),
    ("a = [a/+/b, @c]", "{a: [a/+/b, @c]}"),
    // --- strings
    (r#"a = "x # y // z""#, r#"{a: "x # y // z"}"#),
    (r#"a = "say \"x\" \\ \/""#, r#"{a: "say \"x\" \\ /"}"#),
    (r#"a = "${clientid}/#""#, r#"{a: "${clientid}/#"}"#),
    (
        r#"body = '{"id": "${clientid}", "n": "\n"}'"#,
        r#"{body: "{\"id\": \"${clientid}\", \"n\": \"\\n\"}"}"#,
    ),
    ("a = 'x\ny'", r#"{a: "x\ny"}"#),
    ("a = \"\"\"x \"y\" \\n\n${z}\"\"\"\"", r#"{a: "x \"y\" \\n\n${z}\""}"#),
    (r#"a = "" b = '' c = """""""#, r#"{a: "", b: "", c: ""}"#),
    // --- lists
    ("a = [1, 2,]", "{a: [1, 2]}"),
];

#[test]
fn each_of_the_table_is_read_as_it_says() {
    for (text, expected) in TABLE {
        assert_eq!(outcome(text), (expected.to_owned(), Vec::new()), "{text:?}");
    }
}

#[test]
fn items_stand_between_commas_ends_of_lines_and_brackets() {
    for text in ["a = [1\n2]", "a = [\n1,\n2\n]", "a = [1\n,2]", "a=[1,2]"] {
        assert_eq!(outcome(text), ("{a: [1, 2]}".to_owned(), Vec::new()), "{text:?}");
    }
    let rules = "rules = [ { a = 1 } { b = 2 }{ c = [] } [] ]";
    assert_eq!(outcome(rules).0, "{rules: [{a: 1}, {b: 2}, {c: []}, []]}");
    assert_eq!(outcome(rules).1, Vec::<String>::new());
}

#[test]
fn lists_grow() {
    let appended = [
        ("a += 1", "{a: [1]}"),
        ("a = [1]\na += 2\na += 3", "{a: [1, 2, 3]}"),
        ("a.b = [1]\na { b += 2 }", "{a: {b: [1, 2]}}"),
        ("a += { b = 1 }", "{a: [{b: 1}]}"),
    ];
    for (text, expected) in appended {
        assert_eq!(outcome(text), (expected.to_owned(), Vec::new()), "{text:?}");
    }
}

#[test]
fn a_value_knows_its_place() {
    let read = World::new("a {\n  b.c = [ 1,\n \"zwölf\", 3 ]\n}").read();
    let root = read.root.as_map().unwrap();
    let a = root.get("A").unwrap();
    assert_eq!((a.place.file, a.place.line, a.place.column), (0, 1, 1));
    assert_eq!((a.value.place.line, a.value.place.column), (1, 3));
    let b = a.value.as_map().unwrap().get("b").unwrap();
    assert_eq!((b.place.line, b.place.column), (2, 3));
    let c = b.value.as_map().unwrap().get("c").unwrap();
    assert_eq!((c.place.line, c.place.column), (2, 5));
    let places: Vec<_> =
        c.value.as_list().unwrap().iter().map(|item| (item.place.line, item.place.column)).collect();
    assert_eq!(places, [(2, 11), (3, 2), (3, 11)]);
    assert_eq!(line(&c.value), "[1, \"zwölf\", 3]");
}

#[test]
fn keys_fold_where_the_schema_says_so() {
    let mut read =
        World::new("Auth { x = 1, U = a }\nauth { X = 2, u { n = 1, N = 2 } }\nAUTH.u.n = 3").read();
    let mut notes = std::mem::take(&mut read.notes);
    assert!(!notes.has_errors() && notes.warnings() == 0);
    let vouchmq_config::hocon::Kind::Map(root) = &mut read.root.kind else { panic!("a map") };
    root.fold_case(&mut notes);
    assert_eq!(line(&read.root), "{Auth: {x: 1, U: a, X: 2, u: {n: 3, N: 2}}}");
    let vouchmq_config::hocon::Kind::Map(root) = &mut read.root.kind else { panic!("a map") };
    for (_, value) in root.values_mut() {
        if let vouchmq_config::hocon::Kind::Map(map) = &mut value.kind {
            map.fold_case(&mut notes);
        }
    }
    assert_eq!(line(&read.root), "{Auth: {x: 2, U: {n: 3, N: 2}}}");
    let notes: Vec<_> = notes.iter().map(super::world::note).collect();
    let expected = [
        "warning 3:8 `n` is set twice: the last one counts (see 2:19)",
        "warning 2:8 `X` is set twice: the last one counts (see 1:8)",
        "warning 2:15 `u` is set twice: the last one counts (see 1:15)",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn nothing_that_is_printed_holds_a_value() {
    let read = World::new("password = \"geheim\"\npin = 4711\npin = 4712").read();
    let printed = format!("{read:?}");
    assert!(printed.contains("password") && printed.contains("text of 6 bytes"), "{printed}");
    assert!(!printed.contains("geheim") && !printed.contains("471"), "{printed}");
}
