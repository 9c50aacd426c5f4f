//! What the fuzz target of this crate calls: it takes any bytes, and fails by an assertion.
//!
//! An ordinary test calls it, too, with the committed inputs.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use crate::hocon::{self, DEPTH_MAX, FILES_MAX, Kind, Notes, Place, Read, Severity, Sources, Value};

/// Begins the next file in an input; the first one is number 0, `include "1"` reads the second one.
const SEPARATOR: u8 = 0xFF;

/// Files that include each other, and an environment of one variable: what is read keeps its bounds, has places that
/// exist, is the same each time, and a file that could be cut short anywhere is never read as if it were whole.
pub fn configuration(data: &[u8]) {
    let files: Vec<&[u8]> = data.split(|byte| *byte == SEPARATOR).collect();
    let files = Files(files);
    let read = files.read_all();
    check(&read, &files);
    let again = files.read_all();
    assert!(read.root == again.root && read.notes == again.notes && read.missing == again.missing);
    drop(format!("{read:?}"));
    fold(read);
}

struct Files<'d>(Vec<&'d [u8]>);

impl Files<'_> {
    fn read_all(&self) -> Read {
        let environment = |name: &str| (name == "ONE").then(|| "1".to_owned());
        hocon::read(Path::new("0"), self, &environment)
    }

    fn text(&self, path: &Path) -> Option<&[u8]> {
        let number: usize = path.to_str()?.parse().ok()?;
        self.0.get(number).copied()
    }
}

impl Sources for Files<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        let bytes = self.text(path).ok_or(io::ErrorKind::NotFound)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

fn check(read: &Read, files: &Files<'_>) {
    assert!(read.files.len() <= FILES_MAX && read.root.as_map().is_some());
    check_value(&read.root, 0, read, files);
    let (mut errors, mut warnings) = (0, 0);
    for note in &read.notes {
        match note.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
        assert!(!note.text.is_empty() && !note.text.contains(char::is_control), "{:?}", note.text);
        check_place(note.place, read, files);
        note.related.into_iter().for_each(|place| check_place(place, read, files));
    }
    assert_eq!(errors + warnings + read.notes.dropped(), read.notes.errors() + read.notes.warnings());
    for missing in &read.missing {
        assert!(files.text(&missing.path).is_none());
        check_place(missing.place, read, files);
    }
    assert!(read.missing.is_empty() || read.notes.warnings() > 0);
}

fn check_value(value: &Value, depth: usize, read: &Read, files: &Files<'_>) {
    assert!(depth <= DEPTH_MAX, "deeper than {DEPTH_MAX}");
    check_place(value.place, read, files);
    match &value.kind {
        Kind::Null | Kind::Bool(_) => (),
        Kind::Word(text) | Kind::Text(text) => assert!(!text.contains('\0')),
        Kind::List(items) => items.iter().for_each(|item| check_value(item, depth + 1, read, files)),
        Kind::Map(map) => {
            let keys: BTreeSet<_> = map.iter().map(|member| &member.key).collect();
            assert_eq!(keys.len(), map.len(), "a key twice");
            for member in map {
                assert!(!member.key.is_empty());
                check_place(member.place, read, files);
                check_value(&member.value, depth + 1, read, files);
            }
        }
    }
}

/// It is in a file that was read, in a line of it.
fn check_place(place: Place, read: &Read, files: &Files<'_>) {
    let path = read.files.get(usize::from(place.file));
    let text = path.and_then(|path| files.text(path)).map(String::from_utf8_lossy).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = text.split('\n').nth(place.line as usize - 1);
    let columns = line.map(|line| line.chars().count() + 1);
    assert!(
        path.is_some() && columns.is_some_and(|columns| (1..=columns).contains(&(place.column as usize))),
        "{place:?}"
    );
}

/// Folded maps have no two keys that differ by case only.
fn fold(read: Read) {
    let mut notes = Notes::default();
    let mut left = vec![read.root];
    while let Some(value) = left.pop() {
        match value.kind {
            Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_) => (),
            Kind::List(items) => left.extend(items),
            Kind::Map(mut map) => {
                map.fold_case(&mut notes);
                let keys: BTreeSet<_> = map.iter().map(|member| member.key.to_ascii_lowercase()).collect();
                assert_eq!(keys.len(), map.len(), "a key twice");
                left.extend(map.into_iter().map(|member| member.value));
            }
        }
    }
}
