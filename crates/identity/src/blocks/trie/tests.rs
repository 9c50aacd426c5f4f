use std::collections::BTreeMap;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use super::*;

/// Few enough bits that prefixes meet, at the front, in the middle and at the end.
fn bits(u: &mut Unstructured<'_>) -> Result<u128> {
    let byte = u128::from(u.arbitrary::<u8>()? & 0b1010_0011);
    Ok(byte << u.choose(&[120, 61, 0])?)
}

fn prefix(u: &mut Unstructured<'_>) -> Result<Prefix> {
    let len =
        if u.arbitrary()? { u.int_in_range(0..=128)? } else { *u.choose(&[0, 1, 8, 63, 64, 127, 128])? };
    Ok(Prefix::of(bits(u)?, len))
}

/// The nodes that can be reached, after a look at each: it parts two ways or has a number, and its children
/// are behind it, each on its side.
fn reachable(trie: &PrefixTrie) -> usize {
    let mut count = 0;
    let mut open = vec![ROOT];
    while let Some(node) = open.pop().map(|index| trie.node(index).unwrap()) {
        count += 1;
        let children: Vec<u32> = node.children.into_iter().filter(|child| *child != NONE).collect();
        assert!(node.len == 0 || node.value != NONE || children.len() == 2);
        for index in children {
            let child = trie.node(index).unwrap();
            assert!(child.len > node.len && node.prefix().covers(child.bits));
            assert_eq!(node.child(child.bits), index);
            open.push(index);
        }
    }
    count
}

#[test]
fn agrees_with_a_scan_after_any_changes() {
    arbtest(|u| {
        let mut trie = PrefixTrie::new();
        let mut model: BTreeMap<Prefix, u32> = BTreeMap::new();
        for value in 0..u.int_in_range(0..=80)? {
            let present = model.keys().nth(u.choose_index(model.len().max(1))?).copied();
            let key = match present {
                Some(present) if u.ratio(1, 3)? => present,
                _ => prefix(u)?,
            };
            if u.ratio(3, 5)? {
                assert_eq!(trie.insert(key, value), model.insert(key, value));
            } else {
                assert_eq!(trie.remove(key), model.remove(&key));
            }
            assert_eq!(trie.get(key), model.get(&key).copied());
            let address = bits(u)?;
            let mut expected: Vec<(u8, u32)> =
                model.iter().filter(|(key, _)| key.covers(address)).map(|(key, v)| (key.len(), *v)).collect();
            expected.sort_unstable();
            assert!(trie.covering(address).eq(expected), "{address:x} in {model:?}");
        }
        assert_eq!(reachable(&trie) + trie.vacant.len(), trie.nodes.len());
        assert!(reachable(&trie) <= 2 * model.len() + 1);
        for key in model.keys() {
            trie.remove(*key);
        }
        assert_eq!(reachable(&trie), 1);
        Ok(())
    })
    .size_min(1024);
}

#[test]
fn a_node_takes_32_bytes() {
    assert_eq!(size_of::<Node>(), 32);
}

#[test]
fn the_longest_way_has_one_node_for_each_length() {
    let mut trie = PrefixTrie::new();
    for len in 0..=128 {
        trie.insert(Prefix::of(u128::MAX, len), len.into());
    }
    assert_eq!(trie.nodes.len(), 129);
    assert_eq!(trie.way(u128::MAX).count(), 129);
    assert!(trie.covering(u128::MAX).map(|(len, value)| (u32::from(len), value)).eq((0..129).zip(0..129)));
    assert_eq!(trie.covering(0).collect::<Vec<_>>(), [(0, 0)]);
    assert_eq!(trie.covering(u128::MAX - 1).count(), 128);
}

#[test]
fn cycles_do_not_grow_it() {
    let mut trie = PrefixTrie::new();
    let key = |number: u32| Prefix::of(u128::from(number.wrapping_mul(2_654_435_761)) << 96, 32);
    for number in 0..20_000_u32 {
        trie.insert(key(number), number);
        if let Some(old) = number.checked_sub(100) {
            assert_eq!(trie.remove(key(old)), Some(old));
        }
    }
    assert!(trie.nodes.len() <= 2 * 101 + 1, "{}", trie.nodes.len());
}

/// Numbers without pattern, always the same.
fn scrambled(number: u64) -> u128 {
    let mix = |mut z: u64| {
        z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    u128::from(mix(2 * number + 1)) << 64 | u128::from(mix(2 * number + 2))
}

#[test]
fn among_100_000_networks_no_way_is_long() {
    let mut trie = PrefixTrie::new();
    let mapped = 0xffff_u128 << 32;
    for number in 0..50_000_u32 {
        let scrambled = scrambled(number.into());
        let (v4, v6) = (mapped | scrambled >> 96, 0x2 << 124 | scrambled >> 4);
        let len = u8::try_from(number % 17).unwrap();
        trie.insert(Prefix::of(v4, 112 + len), number);
        trie.insert(Prefix::of(v6, 32 + 2 * len), number);
    }
    let mut visited_max = 0;
    for number in 0..100_000 {
        let scrambled = scrambled(number);
        for address in [mapped | scrambled >> 96, 0x2 << 124 | scrambled >> 4, scrambled] {
            // And the one behind the way that is looked at in vain.
            visited_max = visited_max.max(trie.way(address).count() + 1);
        }
    }
    // Two to the 16th is near 50,000: about as many bits tell them apart, and a few more where it is dense.
    assert!((16..=48).contains(&visited_max), "{visited_max}");
}
