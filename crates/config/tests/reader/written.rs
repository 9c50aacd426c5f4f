//! What is written is read as the same.

use arbtest::arbitrary::{Result, Unstructured};
use vouchmq_config::hocon::{Kind, Map, Member, Place, Read, Unwritable, Value, key_path, write};

use crate::world::World;

fn value(kind: Kind) -> Value {
    Value { kind, place: Place::default() }
}

fn member(key: &str, kind: Kind) -> Member {
    Member { key: key.into(), place: Place::default(), value: value(kind) }
}

fn read_back(text: &str) -> Map {
    let Read { root, notes, .. } = World::new(text).variable("HOME", "expanded").read();
    assert!(!notes.has_errors(), "{notes:?}\n{text}");
    match root.kind {
        Kind::Map(map) => map,
        Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_) | Kind::List(_) => {
            panic!("no map: {text}")
        }
    }
}

/// Without places, which differ.
fn same(one: &Value, other: &Value) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::List(one), Kind::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Kind::Map(one), Kind::Map(other)) => {
            let is_same =
                |(one, other): (&Member, &Member)| one.key == other.key && same(&one.value, &other.value);
            one.len() == other.len() && one.iter().zip(other).all(is_same)
        }
        // A word of unusual letters is a text in quotes.
        (Kind::Word(one), Kind::Text(other)) => one == other,
        (one, other) => one == other,
    }
}

const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "\\",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "${HOME}",
    "${?X}",
    "$",
    "#",
    "//",
    "/*",
    "{",
    "}",
    "[",
    "]",
    ",",
    "=",
    "+=",
    ":",
    " ",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "中",
    "😀",
    "include",
    "include \"x\"",
    "true",
    "null",
    "a",
    "0",
    "2MB",
    ".",
    "\\u0041",
    "\\n",
    "${clientid}",
];

fn string(u: &mut Unstructured<'_>) -> Result<Box<str>> {
    let mut text = String::new();
    while text.len() < 40 && u.ratio(4, 5)? {
        text.push_str(u.choose(PIECES)?);
    }
    Ok(text.into())
}

fn any_map(u: &mut Unstructured<'_>, depth: usize) -> Result<Map> {
    let mut members: Vec<Member> = Vec::new();
    for _ in 0..u.int_in_range(0..=4)? {
        let mut key = string(u)?;
        if key.is_empty() || members.iter().any(|member| member.key == key) {
            key = format!("key {}", members.len()).into();
        }
        members.push(Member { key, place: Place::default(), value: any(u, depth)? });
    }
    Ok(members.into_iter().collect())
}

fn any(u: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let last = if depth < 5 { 5 } else { 3 };
    Ok(value(match u.int_in_range(0..=last)? {
        0 => Kind::Bool(u.arbitrary()?),
        1 => Kind::Null,
        2 => Kind::Word(match string(u)? {
            word if matches!(&*word, "true" | "false" | "null" | "") => "x".into(),
            word => word,
        }),
        3 => Kind::Text(string(u)?),
        4 => {
            let mut items = Vec::new();
            for _ in 0..u.int_in_range(0..=4)? {
                items.push(any(u, depth + 1)?);
            }
            Kind::List(items)
        }
        _ => Kind::Map(any_map(u, depth + 1)?),
    }))
}

#[test]
fn everything_is_read_as_it_was_written() {
    arbtest::arbtest(|u| {
        let map = any_map(u, 0)?;
        let text = write(&map).unwrap_or_else(|fault| panic!("{fault}"));
        let found = read_back(&text);
        assert!(same(&value(Kind::Map(map)), &value(Kind::Map(found))), "{text}");
        Ok(())
    });
}

#[test]
fn a_text_that_looks_like_syntax_stays_a_text() {
    for text in [
        "${HOME}",
        "a\" } b = \"",
        "x\ninclude \"/etc/passwd\"",
        "'\"\"\"'\n\r",
        "\"\"\"\n'",
        "\"",
        "",
        "\\",
        "\u{feff}",
    ] {
        let map: Map = [member("key", Kind::Text(text.into()))].into_iter().collect();
        let written = write(&map).unwrap_or_else(|fault| panic!("{fault}"));
        let found = read_back(&written);
        let [only] = found.iter().collect::<Vec<_>>()[..] else { panic!("{written}") };
        assert_eq!((&*only.key, only.value.as_text()), ("key", Some(text)), "{written}");
    }
}

#[test]
fn what_no_file_can_hold_is_refused() {
    let of = |key: &str, text: &str| write(&[member(key, Kind::Text(text.into()))].into_iter().collect());
    assert_eq!(of("", "x"), Err(Unwritable::EmptyKey));
    assert_eq!(of("key", "a\0b"), Err(Unwritable::Nul));
    assert_eq!(of("k\0", "x"), Err(Unwritable::Nul));
}

#[test]
fn keys_are_segments_and_nothing_else() {
    let of = |text: &str| key_path(text).map(|path| path.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(of("mqtt.max_packet_size"), Ok(vec!["mqtt".to_owned(), "max_packet_size".to_owned()]));
    assert_eq!(
        of("auth.password.\"a.b c\""),
        Ok(vec!["auth".to_owned(), "password".to_owned(), "a.b c".to_owned()])
    );
    for text in [
        "", ".", "a.", ".a", "a..b", "a b", "a = 1", "a\nb", "a{", "a[]", "\"a", "a#", "a = x #", "${a}",
        "\"a\"b",
    ] {
        assert!(key_path(text).is_err(), "{text}");
    }
    assert!(key_path(&"a.".repeat(100)).is_err());
}
