//! References to keys of the file and to the environment.

use super::world::{World, line, note};

fn outcome(text: &str) -> (String, Vec<String>) {
    let world = World::new(text).variable("PORT", "1883").variable("DIR", "/certs").variable("YES", "true");
    let world = world.variable("username", "root").variable("clientid", "root");
    let read = world.read();
    (line(&read.root), read.notes.iter().map(note).collect())
}

/// Text, and what it says.
const TABLE: [(&str, &str); 26] = [
    ("a = ${PORT}", "{a: 1883}"),
    ("a = ${ PORT }", "{a: 1883}"),
    ("a = ${?PORT}", "{a: 1883}"),
    ("a = ${?NONE}", "{}"),
    ("a { b = ${?NONE} }", "{a: {}}"),
    ("a = [${?NONE}, 1, ${PORT}]", "{a: [1, 1883]}"),
    ("a = 1884\na = ${?PORT}", "{a: 1883}"),
    ("a = 1884\na = ${?NONE}", "{a: 1884}"),
    ("a = ${DIR}/server.pem", "{a: /certs/server.pem}"),
    ("a = ${DIR}\"/my certs\"", "{a: \"/certs/my certs\"}"),
    ("a = \"0.0.0.0:\"${PORT}", "{a: \"0.0.0.0:1883\"}"),
    ("a = 0.0.0.0:${PORT}", "{a: 0.0.0.0:1883}"),
    ("a = ${?NONE}x${PORT}", "{a: x1883}"),
    (
        "a = \"${PORT}\" b = '${PORT}' c = \"\"\"${PORT}\"\"\"",
        "{a: \"${PORT}\", b: \"${PORT}\", c: \"${PORT}\"}",
    ),
    // --- keys of the file go before the environment
    ("PORT = 1\na = ${PORT}", "{PORT: 1, a: 1}"),
    ("a = ${b.c}\nb.c = [1]", "{a: [1], b: {c: [1]}}"),
    ("a = ${b.\"c.d\"}\nb { \"c.d\" = 1 }", "{a: 1, b: {c.d: 1}}"),
    ("a = 1\na = 2\n", "{a: 2}"),
    ("base { x = 1, y = 2 }\na = ${base} { y = 3 }", "{base: {x: 1, y: 2}, a: {x: 1, y: 3}}"),
    (
        "base { x = 1, y { z = 2 } }\na = ${base}\na.y.w = 3",
        "{base: {x: 1, y: {z: 2}}, a: {x: 1, y: {z: 2, w: 3}}}",
    ),
    ("base { x = 1 }\na { x = 0, y = 1 }\na = ${base}", "{base: {x: 1}, a: {x: 1, y: 1}}"),
    ("l = [1]\na = ${l} [2]\nb = ${?none} [3]", "{l: [1], a: [1, 2], b: [3]}"),
    ("l = [1]\na = ${l}\na += 2", "{l: [1], a: [1, 2]}"),
    ("a = ${b}\nb = ${c}\nc = ${PORT}", "{a: 1883, b: 1883, c: 1883}"),
    ("a { x = 1, y = ${a.x} }", "{a: {x: 1, y: 1}}"),
    ("a = ${b}\na = ${?NONE}\nb = null", "{a: null, b: null}"),
];

#[test]
fn each_of_the_table_is_read_as_it_says() {
    for (text, expected) in TABLE {
        let (line, notes) = outcome(text);
        assert_eq!(line, expected, "{text:?}");
        assert!(notes.iter().all(|note| note.contains("set twice")), "{text:?}: {notes:?}");
        assert_eq!(notes.len(), usize::from(text == "a = 1\na = 2\n"), "{text:?}: {notes:?}");
    }
}

const REFUSED: [(&str, &str, &str); 18] = [
    ("a = ${PORT}\na += 2", "{a: 1883}", "error 2:6 `+=` to what is not a list"),
    ("a = ${NONE}", "{}", "error 1:5 `${NONE}` is neither a key of the file nor in the environment"),
    (
        "a = [${b.c}]\nb = 1",
        "{a: [], b: 1}",
        "error 1:6 `${b.c}` is neither a key of the file nor in the environment",
    ),
    ("a = ${NONE}/x", "{a: /x}", "error 1:5 `${NONE}` is neither a key of the file nor in the environment"),
    ("a = ${a}", "{}", "error 1:5 `${a}` refers to itself"),
    ("a { b = ${?a} }", "{a: {b: {}}}", "error 1:9 `${?a}` refers to itself"),
    ("a = [1] [2] {}", "{}", "error 1:5 these values cannot be put together"),
    ("x { y = 1 }\na = ${x}/z", "{x: {y: 1}}", "error 2:5 these values cannot be put together"),
    ("a = ${PORT} ${PORT}", "{}", "error 1:5 these values cannot be put together"),
    ("a = ${PORT}{b = 1}", "{}", "error 1:5 these values cannot be put together"),
    ("a = ${PORT", "{}", "error 1:11 `}` is missing behind the name in `${…}`"),
    ("a = ${PORT:-1}", "{}", "error 1:11 `}` is missing behind the name in `${…}`"),
    ("a = ${}", "{}", "error 1:7 a key is missing here, or has an empty segment"),
    ("a = x ${PORT}", "{a: x}", "error 1:7 `$` where a key should stand"),
    (
        "a = [${clientid}]",
        "{a: []}",
        "error 1:6 `${clientid}` is filled in for each client: it stands in quotes only",
    ),
    (
        "a = v/${?username}",
        "{}",
        "error 1:7 `${username}` is filled in for each client: it stands in quotes only",
    ),
    ("a = ${VIN}", "{}", "error 1:5 `${VIN}` is filled in for each client: it stands in quotes only"),
    ("a = ${b}\nb = 1\nb += 2", "{a: 1, b: 1}", "error 3:1 `+=` to what is not a list (see 2:1)"),
];

#[test]
fn each_of_the_table_is_refused_with_its_error() {
    for (text, expected, error) in REFUSED {
        assert_eq!(outcome(text), (expected.to_owned(), vec![error.to_owned()]), "{text:?}");
    }
}

#[test]
fn two_that_refer_to_each_other_are_refused() {
    let (line, notes) = outcome("a = ${b}\nb = ${a}\nc = 1");
    assert_eq!(line, "{c: 1}");
    assert!(
        notes.iter().all(|note| note.starts_with("error") && note.contains("refers to itself")),
        "{notes:?}"
    );
}

#[test]
fn what_a_variable_says_is_a_word_that_can_be_true() {
    let read = World::new("a = ${YES}").variable("YES", "true").read();
    let value = &read.root.as_map().unwrap().get("a").unwrap().value;
    assert_eq!((value.as_bool(), value.as_text()), (Some(true), Some("true")));
    assert_eq!((value.place.line, value.place.column), (1, 5));
}

#[test]
fn a_reference_of_an_included_file_is_looked_up_beside_it_first() {
    let world = World::new("x = outer\ny = outer\nin { include \"u.conf\" }");
    let world = world.file("/etc/u.conf", "x = inner\na = ${x}\nb = ${y}");
    assert_eq!(line(&world.read().root), "{x: outer, y: outer, in: {x: inner, a: inner, b: outer}}");
}
