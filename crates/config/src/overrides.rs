//! What the API has changed: keys above what the file says, in a file of their own that only programs write.

use crate::hocon::{self, Alone, Kind, Map, NAME, Place, Unwritable, Value, write_path};
use crate::layers::{Layers, OUTSIDE, WITHIN, no_key};
use crate::schema::Shape;

mod value;

/// Keys that were changed, with their values.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    root: Map,
    /// Keys that were set since it was read.
    set: Vec<Vec<Box<str>>>,
}

/// What stands at the beginning of the file.
const HEAD: &str = "\
# Keys that were changed over the management API: above the configuration file, below the environment and flags.
# It is written anew by each change, without comments. 'vouchmq config unset KEY' takes a key out.
";

/// The key that says where this file is.
const DATA: &str = "system.data";

/// A key, and where the table has it.
struct Target {
    path: Vec<Box<str>>,
    shape: Option<&'static Shape>,
}

impl Overrides {
    /// Reads what was written before.
    ///
    /// # Errors
    /// Each mistake: where it is, and what is wrong. Also if it includes files or refers to variables, which
    /// writing it anew would lose.
    pub fn read(text: &str) -> Result<Self, Vec<(String, String)>> {
        let root = read_alone(text).map_err(|mistakes| {
            mistakes
                .into_iter()
                .map(|(place, text)| (format!("overrides.conf: {place}"), text))
                .collect::<Vec<_>>()
        })?;
        Ok(Self { root: value::normal_map(root, Some(Shape::whole())), set: Vec::new() })
    }

    /// Sets a key, or takes it out. The value is text as it stands for one value, and in the syntax of the file for
    /// lists and blocks. What stands for a secret that is not shown leaves it as it is.
    ///
    /// # Errors
    /// The key, and why it cannot be changed so. Nothing of the value is told.
    pub fn change(&mut self, key: &str, value: Option<&str>) -> Result<(), (String, String)> {
        let wrong = |text: String| (key.to_owned(), text);
        let Target { path, shape } = Target::of(key).map_err(wrong)?;
        let Some(text) = value else {
            let was_there = remove(&mut self.root, &path);
            return if was_there || shape.is_some() { Ok(()) } else { Err(unknown(key)) };
        };
        let shape = shape.ok_or_else(|| unknown(key))?;
        let earlier = path.iter().try_fold(&self.root, |map, key| map.exactly(key)?.value.as_map());
        let Some(value) = value::read(text, shape, earlier).map_err(wrong)? else {
            // A secret that stays as it is.
            return Ok(());
        };
        let mut leaves = Vec::new();
        collect(&value, &path, &mut leaves);
        if leaves.iter().any(|leaf| write_path(leaf) == DATA) {
            let text = "system.data says where this very change is kept; set it in the file or with --data";
            return Err(wrong(text.to_owned()));
        }
        put(&mut self.root, &path, value);
        self.set.push(path);
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// No file could hold it.
    pub fn text(&self) -> Result<String, Unwritable> {
        Ok(format!("{HEAD}{}", hocon::write(&self.root)?))
    }

    /// Keys that were set and do not count in `layers`, as something stronger says them: the key, and what says it.
    pub fn overruled(&self, layers: &Layers) -> Vec<(String, String)> {
        let mut overruled = Vec::new();
        for path in self.leaves() {
            let origin = layers.origin(&path).filter(|origin| !origin.is_overrides());
            overruled.extend(origin.map(|origin| (write_path(&path), origin.to_string())));
        }
        overruled
    }

    /// Keys that were set, those below a block one by one.
    pub fn keys_set(&self) -> Vec<String> {
        self.leaves().iter().map(|path| write_path(path)).collect()
    }

    fn leaves(&self) -> Vec<Vec<Box<str>>> {
        let mut leaves = Vec::new();
        for path in &self.set {
            if let Some(value) = find(&self.root, path) {
                collect(value, path, &mut leaves);
            }
        }
        leaves
    }
}

impl Target {
    fn of(key: &str) -> Result<Self, String> {
        if key.contains("[]") {
            return Err("a list is replaced as a whole: give the key of the list, without []".to_owned());
        }
        let mut path = hocon::key_path(key).map_err(|fault| format!("it is no key: {fault}"))?;
        if path.first().is_some_and(|first| first.eq_ignore_ascii_case(OUTSIDE)) {
            path.splice(..1, WITHIN.iter().map(|segment| (*segment).into()));
        }
        let mut shape = Some(Shape::whole());
        for segment in &mut path {
            if shape.is_some_and(|shape| shape.named(segment).is_some()) {
                *segment = segment.to_ascii_lowercase().into();
            }
            shape = shape.and_then(|shape| shape.member(segment));
        }
        Ok(Self { path, shape })
    }
}

/// A text by itself: no other file, no variable.
fn read_alone(text: &str) -> Result<Map, Vec<(String, String)>> {
    let read = hocon::read(std::path::Path::new(NAME), &Alone(text), &|_| None);
    let mut mistakes = hocon::errors(&read.notes);
    for absent in &read.absent {
        let text = "it refers to something that is not there; write the value out".to_owned();
        mistakes.push((format!("line {}", absent.place.line), text));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    match read.root.kind {
        Kind::Map(map) => Ok(map),
        Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_) | Kind::List(_) => Ok(Map::default()),
    }
}

fn unknown(key: &str) -> (String, String) {
    let note = no_key(key, Place::default());
    let hint = note.hint.map_or_else(String::new, |hint| format!("; {hint}"));
    (key.to_owned(), format!("{}{hint}", note.text))
}

fn put(map: &mut Map, path: &[Box<str>], value: Value) {
    match path {
        [] => {}
        [last] => map.set(last.clone(), value),
        [first, rest @ ..] => {
            if map.exactly(first).is_none_or(|member| member.value.as_map().is_none()) {
                map.set(first.clone(), Value { kind: Kind::Map(Map::default()), place: Place::default() });
            }
            if let Some(Value { kind: Kind::Map(below), .. }) = map.exactly_mut(first) {
                put(below, rest, value);
            }
        }
    }
}

/// Takes a key out, and blocks of which nothing is left; whether it was there.
fn remove(map: &mut Map, path: &[Box<str>]) -> bool {
    match path {
        [] => false,
        [last] => map.remove(last),
        [first, rest @ ..] => {
            let Some(Value { kind: Kind::Map(below), .. }) = map.exactly_mut(first) else { return false };
            let was_there = remove(below, rest);
            if below.is_empty() {
                map.remove(first);
            }
            was_there
        }
    }
}

fn find<'a>(map: &'a Map, path: &[Box<str>]) -> Option<&'a Value> {
    let (last, before) = path.split_last()?;
    let map = before.iter().try_fold(map, |map, key| map.exactly(key)?.value.as_map())?;
    Some(&map.exactly(last)?.value)
}

fn collect(value: &Value, path: &[Box<str>], leaves: &mut Vec<Vec<Box<str>>>) {
    match value.as_map() {
        None => leaves.push(path.to_vec()),
        Some(map) => {
            for member in map {
                let path: Vec<_> = path.iter().chain([&member.key]).cloned().collect();
                collect(&member.value, &path, leaves);
            }
        }
    }
}
