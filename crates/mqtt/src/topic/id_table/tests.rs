use super::*;

/// Any hash will do that uses all bits.
const fn hash_of(id: u32) -> u64 {
    (id as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
}

fn finds(table: &IdTable, id: u32) -> bool {
    table.find(hash_of(id), |found| found == id) == Some(id)
}

#[test]
fn entries_survive_the_split_and_the_join() {
    let mut table = IdTable::default();
    let count = 4 * u32::try_from(SPLIT_LEN).unwrap();
    for id in 0..count {
        table.insert(hash_of(id), id);
    }
    assert_eq!((table.len, table.parts.len()), (4 * SPLIT_LEN, PART_COUNT));
    assert!((0..count).all(|id| finds(&table, id)) && !finds(&table, count));
    // The parts are about equally full, so that each is small.
    assert!(table.parts.iter().all(|part| part.len() < 2 * table.len / PART_COUNT));
    let kept = u32::try_from(JOIN_LEN).unwrap() / 2;
    for id in kept..count {
        table.remove(hash_of(id), id);
    }
    assert_eq!(table.parts.len(), 1);
    assert!((0..kept).all(|id| finds(&table, id)) && !finds(&table, kept));
    assert!(table.capacity() < 4 * JOIN_LEN);
    for id in 0..kept {
        table.remove(hash_of(id), id);
        table.remove(hash_of(id), id);
    }
    assert!(table.is_empty() && table.capacity() <= SHRINK_CAPACITY_MIN);
}

#[test]
fn entries_with_the_same_hash_are_told_apart() {
    let mut table = IdTable::default();
    for id in 0..1_000 {
        table.insert(7, id);
    }
    assert!((0..1_000).all(|id| table.find(7, |found| found == id) == Some(id)));
    table.remove(7, 500);
    assert_eq!(table.find(7, |found| found == 500), None);
    assert_eq!(table.len, 999);
}
