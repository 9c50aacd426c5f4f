//! A second opinion: `hocon-parser`, which follows HOCON's own specification. Where both read a text without a word,
//! they read the same; where they do not, the table says why.

use std::collections::HashMap;
use std::fs;

use arbtest::arbitrary::{Result, Unstructured};
use hocon::{HoconValue, ScalarType};
use vouchmq_config::hocon::{Kind, Read, Value};

use super::samples::{SAMPLES, folder};
use super::world::World;

const VARIABLES: [(&str, &str); 2] = [("ONE", "1"), ("HOME_DIR", "/home/x")];

/// What we read, if there is nothing to say about it but that a key is set twice.
fn ours(text: &str) -> Option<String> {
    let read = read(text);
    read.notes.iter().all(|note| note.text.contains("is set twice")).then(|| shown(&read.root))
}

/// What we read, with or without a warning.
fn ours_with_warnings(text: &str) -> Option<String> {
    let read = read(text);
    (!read.notes.has_errors()).then(|| shown(&read.root))
}

fn read(text: &str) -> Read {
    VARIABLES.iter().fold(World::new(text), |world, (name, value)| world.variable(name, value)).read()
}

fn theirs(text: &str) -> Option<String> {
    let variables: HashMap<_, _> =
        VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = hocon::parse_with_env(text, &variables).ok()?;
    let mut members: Vec<_> = config
        .keys()
        .into_iter()
        .map(|key| {
            let value = config.get(&format!("{key:?}")).or_else(|| config.get(key));
            format!("{key:?}: {}", value.map_or_else(|| "?".to_owned(), shown_of_theirs))
        })
        .collect();
    members.sort();
    Some(format!("{{{}}}", members.join(", ")))
}

/// A value with sorted keys; strings, words and numbers alike by their text.
fn shown(value: &Value) -> String {
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Word(text) | Kind::Text(text) => format!("{text:?}"),
        Kind::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Kind::Map(map) => {
            let mut members: Vec<_> =
                map.iter().map(|member| format!("{:?}: {}", member.key, shown(&member.value))).collect();
            members.sort();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn shown_of_theirs(value: &HoconValue) -> String {
    match value {
        HoconValue::Object(map) => {
            let mut members: Vec<_> =
                map.iter().map(|(key, value)| format!("{key:?}: {}", shown_of_theirs(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(", "))
        }
        HoconValue::Array(items) => {
            format!("[{}]", items.iter().map(shown_of_theirs).collect::<Vec<_>>().join(", "))
        }
        HoconValue::Scalar(scalar) => {
            let is_word = matches!(scalar.value_type, ScalarType::Null | ScalarType::Boolean);
            if is_word { scalar.raw.clone() } else { format!("{:?}", scalar.raw) }
        }
        _ => "a reference".to_owned(),
    }
}

#[test]
fn samples_mean_the_same_to_both() {
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for name in SAMPLES {
        let text = fs::read_to_string(folder().join(name)).unwrap();
        // a file beside it, which texts do not have
        let lines = text.lines().filter(|line| !line.contains("include"));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let names =
            if ours(&text).is_some() && ours(&text) == theirs(&text) { &mut same } else { &mut other };
        names.push(name);
    }
    assert_eq!(
        other,
        ["http-server.conf", "http-auth-article.conf", "http-auth-outside.conf"],
        "single quotes"
    );
    assert_eq!(same.len() + other.len(), SAMPLES.len());
}

#[test]
fn generated_documents_mean_the_same() {
    compare(1_000, document);
}

/// Tokens in any order: most are nonsense, and what both accept has to mean the same.
#[test]
fn what_both_accept_by_chance_means_the_same() {
    const TOKENS: [&str; 40] = [
        "a",
        "b",
        "c",
        "a.b",
        "\"a.b\"",
        "d",
        "=",
        ":",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\n",
        " = ",
        " : ",
        "1",
        "10s",
        "1.5",
        "true",
        "null",
        "\"x y\"",
        "\"\"",
        "\"\\u0041\"",
        "\"\"\"z\"\"\"",
        "# c\n",
        "// c\n",
        "+=",
        "${a}",
        "${?b}",
        "${ONE}",
        "${?NO}",
        " {",
        "\r\n",
        "x/y",
        "1.2.3.4:5",
        "$",
        "b.c",
        "\\",
        "-",
    ];
    compare(1_000, |data| {
        let mut text = data.choose(&["a=", "a:", "a{", "a=[", "b=1\na=${b}", "a=b\n"])?.to_string();
        for _ in 0..data.int_in_range(1..=8)? {
            text += data.choose(&TOKENS)?;
        }
        Ok(text)
    });
}

fn compare(milliseconds: u64, document: impl Fn(&mut Unstructured<'_>) -> Result<String>) {
    let (mut all, mut both) = (0, 0);
    arbtest::arbtest(|data| {
        let text = document(data)?;
        all += 1;
        if let (Some(ours), Some(theirs)) = (ours(&text), theirs(&text)) {
            both += 1;
            assert_eq!(ours, theirs, "{text}");
        }
        Ok(())
    })
    .budget_ms(milliseconds);
    assert!(both > 0, "{both} of {all} are read by both");
}

/// Text, and why we read it otherwise than they do.
const DIFFERENCES: [(&str, &str); 25] = [
    ("a = [{ b += 1, b += 2 }]", "they keep the last item only in a map of a list"),
    ("a.b = 1\na.b = ${?NONE}\na { c = 2 }", "they lose the default of a variable that is not set"),
    ("a = [x y]", "blanks separate items, as for NanoMQ; with a warning"),
    ("a = [\"x\" \"y\"]", "the same"),
    ("a = [{ b = 1 } { c = 2 }]", "the same, without a warning: nothing else makes sense of rules in a list"),
    (
        "a = \"\" b = 1",
        "blanks separate members, as for NanoMQ; they make one string of the rest of the line",
    ),
    ("a = 1 b = 2", "the same"),
    ("a =\nb = 1", "a forgotten value does not swallow the next member"),
    ("a = x y", "a string with blanks needs quotes: else a forgotten comma is a value"),
    ("a = ${ONE} ${ONE}", "the same"),
    ("a = \"x\"\"y\"", "the same"),
    ("a = b=c", "a value with `=` needs quotes"),
    ("a = it's", "single quotes are quotes"),
    ("a = 'x'", "the same"),
    ("'a.b' = 1", "the same"),
    ("a = http://h/p", "an address is not cut at `//`"),
    ("a = [::1]:1883", "addresses of IPv6 need no quotes"),
    ("a = ::1", "the same"),
    ("a = a/+/b", "topics need no quotes where nothing else is meant"),
    ("a = \"\\d\"", "NanoMQ drops the backslash; with a warning"),
    ("a b = 1", "a key with a blank needs quotes"),
    ("a = <x>", "characters that mean something elsewhere need quotes"),
    ("a = [1]\na = ${a} [2]", "what refers to itself is refused: `+=` does this"),
    ("a = 1\rb = 2", "a file whose lines end otherwise than they look is refused"),
    ("{a = 1} b = 2", "nothing stands behind the brace that closes the file"),
];

#[test]
fn each_difference_is_known() {
    let mut found = String::new();
    for (text, why) in DIFFERENCES {
        let (ours, theirs) = (ours_with_warnings(text), theirs(text));
        assert_ne!(ours, theirs, "{text:?}: {why}");
        let line = |read: Option<String>| read.unwrap_or_else(|| "refused".to_owned());
        found += &format!("{text:?}: {why}\n    here    {}\n    there   {}\n", line(ours), line(theirs));
    }
    insta::assert_snapshot!(found);
}

// --- documents that both should read

/// Members, before them what references lead to. No key is set by a reference and otherwise, too: of `a.b = 1`,
/// `a.b = ${?NONE}`, `a { c = 2 }` they lose the first. Nor does `+=` stand beside references, which append
/// again, or in a map of a list, where they keep the last one only.
fn document(data: &mut Unstructured<'_>) -> Result<String> {
    let mut text = "word1 = w\nlist1 = [1]\nmap1 { k = 1, l { m = 2 } }\n".to_owned();
    let has_references = data.ratio(1, 2)?;
    members(data, &mut text, 0, has_references)?;
    text += "copy1 = ${map1.l}, copy2 = ${map1} {k = 3}, copy3 = [${map1}]\n";
    Ok(if data.ratio(1, 4)? { format!("{{{text}}}") } else { text })
}

fn members(data: &mut Unstructured<'_>, text: &mut String, depth: usize, has_references: bool) -> Result<()> {
    for _ in 0..data.int_in_range(0..=4)? {
        *text += data.choose(&["", "  ", "# a comment\n", "// another = 1\n", "\n\n"])?;
        *text += data.choose(&["a", "b", "c", "a.b", "b.c.d", "\"d.e\"", "a.\"f g\"", "user-name", "k_1"])?;
        if has_references && data.ratio(1, 4)? {
            *text += &format!(".r{} = ", text.len());
            reference(data, text)?;
            *text += "\n";
            continue;
        }
        match data.int_in_range(0..=9)? {
            0..=2 if depth < 4 => {
                *text += data.choose(&[" {", "{", " = {", " : {\n", "\n{"])?;
                members(data, text, depth + 1, has_references)?;
                *text += "}";
            }
            3 if !has_references => {
                *text += " += ";
                scalar(data, text)?;
            }
            _ => {
                *text += data.choose(&["=", " = ", ":", " : "])?;
                value(data, text, depth, has_references)?;
            }
        }
        *text += data.choose(&["\n", ",", ",\n", " # why\n", "\r\n"])?;
    }
    Ok(())
}

fn value(data: &mut Unstructured<'_>, text: &mut String, depth: usize, has_references: bool) -> Result<()> {
    match data.int_in_range(0..=9)? {
        0 | 1 if depth < 4 => {
            *text += "[";
            let count = data.int_in_range(0..=3)?;
            for at in 0..count {
                if has_references && data.ratio(1, 3)? {
                    reference(data, text)?;
                } else {
                    value(data, text, depth + 1, true)?;
                }
                *text += if at + 1 < count {
                    data.choose(&[", ", ",", "\n", ",\n"])?
                } else {
                    data.choose(&["", ",", "\n"])?
                };
            }
            *text += "]";
        }
        2 if depth < 4 => {
            *text += "{";
            members(data, text, depth + 1, has_references)?;
            *text += "}";
        }
        _ => scalar(data, text)?,
    }
    Ok(())
}

fn reference(data: &mut Unstructured<'_>, text: &mut String) -> Result<()> {
    *text += data.choose(&[
        "${word1}",
        "${list1}",
        "${?map1}",
        "${map1.l}",
        "${map1.l.m}",
        "${ONE}",
        "${?NONE}",
        "${HOME_DIR}/x",
        "${?NONE}x${ONE}",
    ])?;
    Ok(())
}

fn scalar(data: &mut Unstructured<'_>, text: &mut String) -> Result<()> {
    *text += data.choose(&[
        "1",
        "-5",
        "0.5",
        "1e3",
        "10s",
        "256MB",
        "word",
        "true",
        "false",
        "null",
        "50%",
        "a.b.c",
        "\"x\"",
        "\"\"",
        "\"a # b, c = {d}\"",
        "\"\\\"quoted\\\" \\\\ \\/\"",
        "\"${a}\"",
        "\"\"\"raw \\n \"x\" \"\"\"",
        "\"ä😀\"",
        "/a/b",
    ])?;
    Ok(())
}
