use super::*;

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

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1
#[test]
fn finds_what_matches() {
    let map = map_of(&["a/b", "a/+", "#", "a/b/#", "+/b", "$s/#", "/+", "a/c"]);
    assert_eq!(found(&map, "a/b"), ["#", "+/b", "a/+", "a/b", "a/b/#"]);
    assert_eq!(found(&map, "$s/b"), ["$s/#"]);
    assert_eq!(found(&map, "/x"), ["#", "/+"]);
    assert_eq!(found(&map, "x"), ["#"]);
}
