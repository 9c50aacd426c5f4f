//! One value, held against its row.

use crate::address::{self, Bind};
use crate::hocon::{Note, Notes, Place, Severity};
use crate::schema::{Kind, Row};
use crate::tree::{Node, What};
use crate::url::masked;

/// What is shown in place of a value.
pub(crate) const HIDDEN: &str = "(hidden)";
/// Characters of a value that are told in a note.
const SHOWN_MAX: usize = 60;

/// Says what is wrong with the value of a key that acts.
pub(crate) fn check(node: &Node, row: &Row, path: &str, notes: &mut Notes) {
    if let Kind::List(kind) = row.kind {
        let Some(items) = node.list() else {
            let text = format!("{path}: one value, where a list is expected");
            notes.push(Note::new(Severity::Error, node.place, text).hint("write it between [ and ]"));
            return;
        };
        for item in items {
            one(item, *kind, row, path, notes);
        }
    } else {
        one(node, row.kind, row, path, notes);
    }
}

fn one(node: &Node, kind: Kind, row: &Row, path: &str, notes: &mut Notes) {
    let mut wrong = |hint: String| {
        let value = told(node, kind);
        let text = format!("{path}: {value} is not possible");
        notes.push(Note::new(Severity::Error, node.place, text).hint(hint));
    };
    if let (Kind::Switch, None) = (kind, node.switch()) {
        return wrong("write true or false: NanoMQ takes no notice of anything else".to_owned());
    }
    let text = match (&node.what, kind) {
        (_, Kind::Switch | Kind::Anything) => return,
        (What::Word(text) | What::Text(text), _) => &**text,
        (What::Bool(_), Kind::Text | Kind::Secret) => {
            return wrong("put it in quotes if it is a text".to_owned());
        }
        (What::Null | What::Bool(_) | What::List(_) | What::Map(_), _) => {
            return wrong(format!("allowed: {}", row.allowed()));
        }
    };
    match kind {
        Kind::Count | Kind::Bytes | Kind::Seconds | Kind::Time | Kind::Word(_) | Kind::AnyCase(_) => {
            number(node, kind, row, path, text, notes)
        }
        Kind::Decimal if text.parse::<f64>().is_ok() => {}
        Kind::Text | Kind::Secret => {
            let is_number = matches!(node.what, What::Word(_)) && text.parse::<f64>().is_ok();
            if is_number && row.is_nanomq && node.place.line > 0 {
                let note = format!(
                    "{path}: a number without quotes is taken as a text here, and not at all by NanoMQ"
                );
                notes.push(Note::new(Severity::Warning, node.place, note).hint("put it in quotes"));
            }
        }
        Kind::File if !text.is_empty() => {}
        Kind::Address if address::bind(text).is_ok() => {}
        Kind::HttpAddress if address::http(text).is_ok() => {}
        Kind::Ip if text.parse::<std::net::IpAddr>().is_ok() => {}
        Kind::Network if address::network(text).is_ok() => {}
        Kind::Address => wrong(
            "give HOST:PORT with a numeric HOST, PORT, or unix:PATH; a path may follow for WebSocket"
                .to_owned(),
        ),
        Kind::HttpAddress => wrong("give HOST:PORT with a numeric HOST, PORT, or off".to_owned()),
        Kind::Network => {
            let why = address::network(text).err().map_or_else(String::new, |fault| fault.to_string());
            wrong(why);
        }
        Kind::Decimal | Kind::File | Kind::Ip => wrong(format!("allowed: {}", row.allowed())),
        Kind::Switch | Kind::List(_) | Kind::Anything => {}
    }
}

fn number(node: &Node, kind: Kind, row: &Row, path: &str, text: &str, notes: &mut Notes) {
    warn_of_time(node, row, path, notes);
    // The kind of a list's members has no bounds of its own.
    let is_possible = if matches!(row.kind, Kind::List(_)) {
        kind.quantity(text).is_some()
    } else {
        row.number(text).is_ok()
    };
    if is_possible {
        return;
    }
    let value = told(node, kind);
    if let Some((number, why)) = leniently(row, text) {
        let text = format!("{path}: {value} is not possible here: it is {}{why}", row.show(number));
        notes
            .push(Note::new(Severity::Warning, node.place, text).hint(format!("allowed: {}", row.allowed())));
        return;
    }
    let allowed = if matches!(row.kind, Kind::List(_)) { kind.name() } else { row.allowed() };
    let text = format!("{path}: {value} is not possible");
    notes.push(Note::new(Severity::Error, node.place, text).hint(format!("allowed: {allowed}")));
}

/// What a number means: within the bounds, or what NanoMQ makes of one that is not.
pub(crate) fn amount(node: &Node, row: &Row) -> Option<u64> {
    let text = match &node.what {
        What::Bool(value) => return Some(u64::from(*value)),
        What::Null | What::List(_) | What::Map(_) => return None,
        What::Word(text) | What::Text(text) => text,
    };
    row.number(text).ok().or_else(|| leniently(row, text).map(|(number, _)| number))
}

/// NanoMQ takes 0 for its default, and any limit for possible. What it starts with starts here.
fn leniently(row: &Row, text: &str) -> Option<(u64, &'static str)> {
    let range = row.range.as_ref().filter(|_| row.is_nanomq)?;
    let amount = row.kind.quantity(text)?.amount;
    if amount == 0 {
        let default = row.number(&row.default_text()).ok()?;
        return Some((default, ", the default, as 0 is in NanoMQ"));
    }
    let is_too_much = row.setting.is_some() && amount > *range.end();
    is_too_much.then_some((*range.end(), ", the most that is possible"))
}

/// `5ms` is five minutes in NanoMQ.
pub(crate) fn warn_of_time(node: &Node, row: &Row, path: &str, notes: &mut Notes) {
    let is_time = matches!(row.kind, Kind::Seconds | Kind::Time) && row.is_nanomq;
    // Two keys of NanoMQ are read in milliseconds there, too.
    let is_millis_there = row.path.ends_with("_ms");
    let Some(text) = node.text().filter(|_| is_time && !is_millis_there) else { return };
    if Kind::Time.quantity(text).is_some_and(|quantity| quantity.is_below_second) {
        let note =
            format!("{path}: {text} is read as it stands; NanoMQ reads minutes where m is the first letter");
        notes.push(Note::new(Severity::Warning, node.place, note));
    }
}

/// A value as a note tells it.
fn told(node: &Node, kind: Kind) -> String {
    if kind == Kind::Secret {
        return "what stands here".to_owned();
    }
    match &node.what {
        What::Null => "null".to_owned(),
        What::Bool(value) => format!("'{value}'"),
        What::Word(text) | What::Text(text) => {
            let cut: String = masked(text).chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
            format!("'{cut}'")
        }
        What::List(_) => "a list".to_owned(),
        What::Map(_) => "a block".to_owned(),
    }
}

/// A value as the effective configuration shows it.
pub(crate) fn show(node: &Node, row: &Row) -> String {
    match (&node.what, row.kind) {
        (_, Kind::Secret) => HIDDEN.to_owned(),
        (_, Kind::Anything) => "{ … }".to_owned(),
        (What::Null, _) => "null".to_owned(),
        (What::Bool(value), _) => value.to_string(),
        (What::Word(text) | What::Text(text), _) => {
            match row.range.as_ref().and_then(|_| amount(node, row)) {
                Some(number) => row.show(number),
                None => masked(text).chars().flat_map(char::escape_debug).collect(),
            }
        }
        (What::List(items), _) => {
            let items: Vec<String> = items.iter().map(|item| show(item, row)).collect();
            format!("[{}]", items.join(", "))
        }
        (What::Map(_), _) => "{ … }".to_owned(),
    }
}

/// What tells two values apart that are shown alike. It is as secret as they are.
pub(crate) fn mark(node: &Node) -> Box<[u8]> {
    let mut bytes = Vec::new();
    write(node, &mut bytes);
    bytes.into()
}

fn write(node: &Node, bytes: &mut Vec<u8>) {
    match &node.what {
        What::Null => bytes.push(0),
        What::Bool(value) => write_text(&value.to_string(), bytes),
        What::Word(text) | What::Text(text) => write_text(text, bytes),
        What::List(items) => {
            bytes.push(2);
            bytes.extend(items.len().to_le_bytes());
            items.iter().for_each(|item| write(item, bytes));
        }
        What::Map(entries) => {
            bytes.push(3);
            bytes.extend(entries.len().to_le_bytes());
            for entry in entries.iter() {
                write_text(&entry.key, bytes);
                write(&entry.node, bytes);
            }
        }
    }
}

/// With its length before it: no text looks like two, or like a list.
fn write_text(text: &str, bytes: &mut Vec<u8>) {
    bytes.push(1);
    bytes.extend(text.len().to_le_bytes());
    bytes.extend(text.bytes());
}

/// The address of a listener, where one stands that is possible.
pub(crate) fn bind(node: Option<&Node>) -> Option<(Bind, Place)> {
    let node = node?;
    Some((address::bind(node.text()?).ok()?, node.place))
}
