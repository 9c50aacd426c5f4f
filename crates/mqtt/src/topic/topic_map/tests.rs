use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Unstructured;
use arbtest::arbtest;

use super::{super::matches, *};

fn map_of(names: &[&str]) -> TopicMap<String> {
    let mut map = TopicMap::new(HashSeed::new([1, 2]));
    for name in names {
        assert_eq!(map.insert(TopicName::new(name).unwrap(), (*name).to_owned()), None);
    }
    map
}

fn found(map: &TopicMap<String>, filter: &str) -> Vec<String> {
    let mut found = Vec::new();
    map.matching(FilterRef::new(filter).unwrap(), |name, value| {
        assert_eq!(name, value);
        found.push(value.clone());
    });
    found.sort();
    found
}

fn path(u: &mut Unstructured<'_>, wildcards: bool) -> arbitrary::Result<String> {
    let mut levels = Vec::new();
    for _ in 0..u.int_in_range(1..=4)? {
        let level = u.choose(&["", "a", "b", "c", "$x", "a level that is longer than 22 bytes"])?;
        levels.push(if wildcards && u.ratio(1, 3)? { "+" } else { level });
    }
    if wildcards && u.ratio(1, 3)? {
        levels.pop();
        levels.push("#");
    }
    let path = levels.join("/");
    Ok(if path.is_empty() { "a".to_owned() } else { path })
}

/// A random insertion or removal, made in the map and in the model.
fn change(
    u: &mut Unstructured<'_>,
    map: &mut TopicMap<u32>,
    model: &mut BTreeMap<String, u32>,
) -> arbitrary::Result<(String, bool)> {
    let name = path(u, false)?;
    let inserts = u.ratio(3, 5)?;
    if inserts {
        let value = u.arbitrary()?;
        assert_eq!(map.insert(TopicName::new(&name).unwrap(), value), model.insert(name.clone(), value));
    } else {
        assert_eq!(map.remove(&name), model.remove(&name));
    }
    assert_eq!(map.len(), model.len());
    Ok((name, inserts))
}

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1 MQTT3-4.7.1-2 MQTT3-4.7.1-3 MQTT3-4.7.2-1
#[test]
fn finds_what_matches() {
    let map = map_of(&["a", "a/b", "a/b/c", "$s/b", "/x", "x/b", "a/", "//"]);
    assert_eq!(found(&map, "a/#"), ["a", "a/", "a/b", "a/b/c"]);
    assert_eq!(found(&map, "+/b"), ["a/b", "x/b"]);
    assert_eq!(found(&map, "#"), ["//", "/x", "a", "a/", "a/b", "a/b/c", "x/b"]);
    assert_eq!(found(&map, "$s/#"), ["$s/b"]);
    assert_eq!(found(&map, "$s/+"), ["$s/b"]);
    assert_eq!(found(&map, "a/b"), ["a/b"]);
    assert_eq!(found(&map, "a/+"), ["a/", "a/b"]);
    assert_eq!(found(&map, "+/+/+"), ["//", "a/b/c"]);
    assert_eq!(found(&map, "+/b/c/#"), ["a/b/c"]);
    assert_eq!(found(&map, "none/#"), [""; 0]);
    let mut all = Vec::new();
    assert_eq!(
        map.all_from(&mut TopicCursor::default(), usize::MAX, |name, _| all.push(name.to_owned())),
        Progress::Done
    );
    assert_eq!(all.len(), map.len());
}

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1 MQTT5-4.7.3-4 MQTT3-4.7.2-1 MQTT3-4.7.3-4
#[test]
fn agrees_with_the_definition_after_any_operations() {
    arbtest(|u| {
        let mut map = TopicMap::new(HashSeed::new([u.arbitrary()?, u.arbitrary()?]));
        let mut model = BTreeMap::new();
        for _ in 0..u.int_in_range(0..=60)? {
            let (name, _) = change(u, &mut map, &mut model)?;
            assert_eq!(map.get(&name), model.get(&name));
            assert_eq!(map.get_mut(&name), model.get_mut(&name));
        }
        for _ in 0..8 {
            let filter = path(u, true)?;
            let filter = FilterRef::new(&filter).unwrap();
            let mut found = BTreeMap::new();
            map.matching(filter, |name, value| assert_eq!(found.insert(name.to_owned(), *value), None));
            let expected = model.iter().filter(|(name, _)| matches(filter, name));
            assert!(expected.eq(found.iter()), "{filter} in {model:?}");
        }
        for name in model.keys() {
            map.remove(name);
        }
        assert_holds_nothing(&map);
        Ok(())
    });
}

#[test]
fn what_stays_is_found_exactly_once_while_the_rest_changes() {
    arbtest(|u| {
        let mut map = TopicMap::new(HashSeed::new([1, 2]));
        let mut model = BTreeMap::new();
        for _ in 0..u.int_in_range(0..=60)? {
            change(u, &mut map, &mut model)?;
        }
        let filter = path(u, true)?;
        let filter = FilterRef::new(&filter).unwrap();
        // Names present from the first portion to the last, and those present at some time.
        let mut stayed: BTreeSet<String> = model.keys().cloned().collect();
        let mut ever = stayed.clone();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        let mut cursor = TopicCursor::default();
        loop {
            let step_count_max = u.int_in_range(0..=12)?;
            let progress = map.matching_from(filter, &mut cursor, step_count_max, |name, value| {
                assert_eq!(model.get(name), Some(value));
                *counts.entry(name.to_owned()).or_default() += 1;
            });
            if progress == Progress::Done {
                break;
            }
            for _ in 0..u.int_in_range(0..=6)? {
                let (name, inserts) = change(u, &mut map, &mut model)?;
                if inserts {
                    ever.insert(name);
                } else {
                    stayed.remove(&name);
                }
            }
        }
        for name in stayed.iter().filter(|name| matches(filter, name)) {
            assert_eq!(counts.get(name), Some(&1), "{filter} {name}");
        }
        assert!(counts.keys().all(|name| matches(filter, name) && ever.contains(name)));
        assert_eq!(map.matching_from(filter, &mut cursor, 1, |_, _| {}), Progress::Done);
        Ok(())
    });
}

#[test]
fn a_cursor_into_what_was_replaced_finds_only_what_matches() {
    let mut map = map_of(&["a/1", "a/2", "a/3"]);
    let filter = FilterRef::new("a/+").unwrap();
    let mut cursor = TopicCursor::default();
    // Into `a`, then its first child.
    let mut found = Vec::new();
    assert_eq!(
        map.matching_from(filter, &mut cursor, 2, |name, _| found.push(name.to_owned())),
        Progress::More
    );
    assert_eq!(found, ["a/1"]);
    for name in ["a/1", "a/2", "a/3"] {
        map.remove(name);
    }
    // `b` takes the place of `a`, and so do its children.
    for name in ["b/1", "b/2", "b/3"] {
        map.insert(TopicName::new(name).unwrap(), name.to_owned());
    }
    assert_eq!(map.matching_from(filter, &mut cursor, 100, |name, _| panic!("{name}")), Progress::Done);
}

#[test]
fn places_of_removed_children_are_used_again() {
    let mut children = Children::new();
    let places: Vec<u32> = (0..100).map(|child| children.insert(child)).collect();
    assert!(places.iter().copied().eq(0..100));
    for place in 10..60 {
        children.remove(place);
    }
    let mut again: Vec<u32> = (200..250).map(|child| children.insert(child)).collect();
    again.sort_unstable();
    assert!(again.into_iter().eq(10..60));
    assert_eq!(children.insert(300), 100);
    for place in 0..101 {
        assert!(!children.is_empty());
        children.remove(place);
    }
    assert!(children.is_empty());
}

#[test]
fn a_portion_is_bounded_by_what_it_looks_at() {
    let mut map = TopicMap::new(HashSeed::new([1, 2]));
    for number in 0..1_000 {
        map.insert(TopicName::new(&format!("dev/{number}/a")).unwrap(), ());
    }
    let nothing = FilterRef::new("dev/+/a/+").unwrap();
    let mut cursor = TopicCursor::default();
    let mut portion_count = 0;
    while map.matching_from(nothing, &mut cursor, 100, |_, ()| unreachable!()) == Progress::More {
        portion_count += 1;
    }
    assert!((10..=60).contains(&portion_count), "{portion_count}");

    // A narrow filter looks at its own part of the tree only.
    let narrow = FilterRef::new("dev/7/#").unwrap();
    let mut cursor = TopicCursor::default();
    let mut count = 0;
    assert_eq!(map.matching_from(narrow, &mut cursor, 10, |_, ()| count += 1), Progress::Done);
    assert_eq!(count, 1);
}

#[test]
fn many_cycles_leave_it_as_small_as_before() {
    let mut map = TopicMap::new(HashSeed::new([1, 2]));
    let name_of = |number: u32| format!("dev/{number}/state");
    for number in 0..200_000_u32 {
        map.insert(TopicName::new(&name_of(number)).unwrap(), number);
        if let Some(old) = number.checked_sub(100) {
            assert_eq!(map.remove(&name_of(old)), Some(old));
        }
    }
    assert_eq!(map.len(), 100);
    assert!(map.nodes.slot_capacity() <= 512 && map.values.slot_capacity() <= 512);
    assert!(map.paths.capacity() <= 1024);
    for number in 199_900..200_000 {
        map.remove(&name_of(number));
    }
    assert_holds_nothing(&map);
}

fn assert_holds_nothing<V>(map: &TopicMap<V>) {
    assert_eq!((map.nodes.slot_capacity(), map.values.slot_capacity(), map.root), (0, 0, NONE));
    assert!(map.paths.is_empty() && map.paths.capacity() <= 64);
}
