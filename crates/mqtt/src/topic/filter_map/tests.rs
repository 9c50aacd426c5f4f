use std::collections::BTreeMap;

use arbitrary::Unstructured;
use arbtest::arbtest;

use super::{
    super::{arena::NONE, matches},
    *,
};

fn map_of(filters: &[&str]) -> FilterMap<String> {
    let mut map = FilterMap::new(HashSeed::new([1, 2]));
    for filter in filters {
        map.get_or_insert_with(FilterRef::new(filter).unwrap(), || (*filter).to_owned());
    }
    map
}

fn found(map: &FilterMap<String>, topic: &str) -> Vec<String> {
    let mut found = Vec::new();
    map.for_each_match(topic, |id, value| {
        assert_eq!(map.filter(id).as_deref(), Some(value.as_str()));
        found.push(value.clone());
    });
    found.sort();
    found
}

/// A level out of few, so that filters meet; some do not fit in place.
fn level<'a>(u: &mut Unstructured<'a>) -> arbitrary::Result<&'a str> {
    u.choose(&["", "a", "b", "$x", "a level that is longer than 22 bytes"]).copied()
}

fn path(u: &mut Unstructured<'_>, wildcards: bool) -> arbitrary::Result<String> {
    let mut levels = Vec::new();
    for _ in 0..u.int_in_range(1..=4)? {
        levels.push(if wildcards && u.ratio(1, 3)? { "+" } else { level(u)? });
    }
    if wildcards && u.ratio(1, 4)? {
        levels.pop();
        levels.push("#");
    }
    let path = levels.join("/");
    Ok(if path.is_empty() { "a".to_owned() } else { path })
}

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1 MQTT3-4.7.1-2 MQTT3-4.7.1-3 MQTT3-4.7.2-1
#[test]
fn finds_what_matches() {
    let map = map_of(&["a/b", "a/+", "#", "a/b/#", "+/b", "$s/#", "/+", "a/c", "+", "+/+/#", "$s"]);
    assert_eq!(found(&map, "a/b"), ["#", "+/+/#", "+/b", "a/+", "a/b", "a/b/#"]);
    assert_eq!(found(&map, "$s/b"), ["$s/#"]);
    assert_eq!(found(&map, "$s"), ["$s", "$s/#"]);
    assert_eq!(found(&map, "$t"), [""; 0]);
    assert_eq!(found(&map, "/x"), ["#", "+/+/#", "/+"]);
    assert_eq!(found(&map, "x"), ["#", "+"]);
    assert_eq!(found(&map, "x/y/z"), ["#", "+/+/#"]);
}

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1 MQTT5-4.7.3-4 MQTT3-4.7.2-1 MQTT3-4.7.3-4
#[test]
fn agrees_with_the_definition_after_any_operations() {
    arbtest(|u| {
        let mut map = FilterMap::new(HashSeed::new([u.arbitrary()?, u.arbitrary()?]));
        let mut model: BTreeMap<String, (FilterId, u32)> = BTreeMap::new();
        for number in 0..u.int_in_range(0..=60)? {
            let filter = path(u, true)?;
            let parsed = FilterRef::new(&filter).unwrap();
            if u.ratio(2, 3)? {
                let id = map.get_or_insert_with(parsed, || number);
                let (known, value) = model.entry(filter).or_insert((id, number));
                assert_eq!((*known, Some(&*value)), (id, map.get(id)));
            } else {
                let present = model.remove(&filter);
                assert_eq!(map.find(parsed), present.map(|(id, _)| id));
                if let Some((id, value)) = present {
                    assert_eq!(map.remove(id), Some(value));
                    assert_eq!(map.get(id), None);
                    assert_eq!(map.remove(id), None);
                }
            }
            assert_eq!(map.len(), model.len());
        }
        let mut all: Vec<_> =
            map.iter().map(|(id, filter, value)| (filter.into_owned(), (id, *value))).collect();
        all.sort();
        assert!(all.into_iter().eq(model.clone()));
        for _ in 0..8 {
            let topic = path(u, false)?;
            let expected =
                model.iter().filter(|(filter, _)| matches(FilterRef::new(filter).unwrap(), &topic));
            let mut expected: Vec<FilterId> = expected.map(|(_, (id, _))| *id).collect();
            expected.sort();
            let mut found = Vec::new();
            map.matching_ids(&topic, &mut found);
            found.sort();
            assert_eq!(found, expected, "{topic} in {model:?}");
        }
        for (id, _) in model.into_values() {
            map.remove(id);
        }
        assert_holds_nothing(&map);
        Ok(())
    });
}

fn assert_holds_nothing<V>(map: &FilterMap<V>) {
    assert_eq!((map.entries.slot_capacity(), map.tree.slot_capacity()), (0, 0));
    assert_eq!(map.tree.root(), NONE);
    assert!(map.exact.is_empty() && map.exact.capacity() <= 64);
}

#[test]
fn thirty_two_levels_of_wildcards_and_names_meet() {
    let deep = vec!["+"; 32].join("/");
    let names = vec!["a"; 32].join("/");
    let last = format!("{}/#", vec!["+"; 31].join("/"));
    // Every split of the topic into a literal beginning and a wildcard end, and the other way round.
    let mut filters = vec![deep, names.clone(), last, "#".to_owned()];
    for split in 1..32 {
        filters.push([vec!["a"; split], vec!["+"; 32 - split]].concat().join("/"));
        filters.push([vec!["+"; split], vec!["a"; 32 - split]].concat().join("/"));
        filters.push(format!("{}/#", [vec!["+"; split], vec!["a"; 32 - split]].concat().join("/")));
    }
    let map = map_of(&filters.iter().map(String::as_str).collect::<Vec<_>>());
    filters.sort();
    assert_eq!(found(&map, &names), filters);
    assert_eq!(found(&map, &names[2..]).len(), 2);
}

#[test]
fn many_cycles_leave_it_as_small_as_before() {
    let mut map = FilterMap::new(HashSeed::new([1, 2]));
    let filter_of = |number: u32| match number % 2 {
        0 => format!("dev/{number}/state"),
        _ => format!("dev/{number}/+/#"),
    };
    let mut live = std::collections::VecDeque::new();
    for number in 0..200_000_u32 {
        let filter = filter_of(number);
        live.push_back(map.get_or_insert_with(FilterRef::new(&filter).unwrap(), || number));
        if live.len() > 100 {
            map.remove(live.pop_front().unwrap());
        }
    }
    assert_eq!(map.len(), 100);
    assert!(map.entries.slot_capacity() <= 512 && map.tree.slot_capacity() <= 512);
    assert!(map.exact.capacity() <= 512);
    for id in live {
        map.remove(id);
    }
    assert_holds_nothing(&map);
}

#[test]
fn small_values_cost_no_more_than_the_entry() {
    // 24 bytes for the filter and the marker of a free place, 32 for the value.
    assert_eq!(size_of::<Entry<[u64; 4]>>(), 56);
    assert_eq!(size_of::<Option<Entry<[u64; 4]>>>(), 56);
}
