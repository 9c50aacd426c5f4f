use arbtest::arbtest;

use super::*;

#[test]
fn behaves_like_a_map() {
    arbtest(|u| {
        let mut arena = Arena::new();
        let mut model = std::collections::BTreeMap::new();
        for number in 0..u.int_in_range(0..=1500)? {
            if u.ratio(3, 5)? {
                let index = arena.insert(number).unwrap();
                assert_eq!(model.insert(index, number), None);
            } else if let Some(index) = model.keys().nth(u.choose_index(model.len().max(1))?).copied() {
                assert_eq!(arena.remove(index), model.remove(&index));
                assert_eq!(arena.remove(index), None);
            }
            assert_eq!(arena.len(), model.len());
        }
        assert!(arena.iter().map(|(index, value)| (index, *value)).eq(model));
        Ok(())
    })
    .size_min(4096);
}

#[test]
fn gives_memory_back_also_from_the_middle() {
    let mut arena = Arena::new();
    let indexes: Vec<u32> = (0..10_000).map(|number| arena.insert(number).unwrap()).collect();
    let full = arena.slot_capacity();
    // The last one stays, everything before it goes.
    for index in indexes.iter().rev().skip(1) {
        arena.remove(*index);
    }
    assert!(arena.slot_capacity() <= 256, "{} of {full}", arena.slot_capacity());
    arena.remove(9_999);
    assert_eq!(arena.slot_capacity(), 0);
    assert_eq!(arena.chunks.len(), 0);
    assert_eq!(arena.roomy.len(), 0);
}

#[test]
fn cycles_do_not_grow_it() {
    let mut arena = Arena::new();
    let mut live: std::collections::VecDeque<u32> = (0..1_000).map(|n| arena.insert(n).unwrap()).collect();
    for number in 0..1_000_000 {
        arena.remove(live.pop_front().unwrap());
        live.push_back(arena.insert(number).unwrap());
    }
    assert_eq!(arena.len(), 1_000);
    assert!(arena.slot_capacity() <= 1_280 && arena.chunks.len() <= 5 && arena.roomy.len() <= 5);
}
