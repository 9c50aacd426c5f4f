use super::*;

fn map_of(names: &[&str]) -> TopicMap<String> {
    let mut map = TopicMap::new(HashSeed::new([1, 2]));
    for name in names {
        map.insert(TopicName::new(name).unwrap(), (*name).to_owned());
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

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1
#[test]
fn finds_what_matches() {
    let map = map_of(&["a", "a/b", "a/b/c", "$s/b", "/x", "x/b"]);
    assert_eq!(found(&map, "a/#"), ["a", "a/b", "a/b/c"]);
    assert_eq!(found(&map, "+/b"), ["a/b", "x/b"]);
    assert_eq!(found(&map, "#"), ["/x", "a", "a/b", "a/b/c", "x/b"]);
    assert_eq!(found(&map, "$s/#"), ["$s/b"]);
    assert_eq!(found(&map, "a/b"), ["a/b"]);
    assert_eq!(found(&map, "+/+/+"), ["a/b/c"]);
}
