use std::sync::Arc;

use vouchmq_identity::store::{
    Aborted, AuditChain, ChangeKind, Kick, LogEntry, NewEntry, PageRequest, Store,
};

use super::Place;
use crate::harness::samples::{audit_record, id};
use crate::harness::{NOW, answer, job, write};

/// Appends to both logs, as the registry does it.
pub(crate) async fn append(store: &dyn Store, number: u64, aborts: bool) -> Option<u64> {
    let appended = answer(store, move |rows| {
        Box::pin(async move {
            let mut chain = rows.audit_head().await.map_err(Aborted::Failed)?.as_ref().map(AuditChain::from);
            let entry = chain.get_or_insert_default().append(audit_record(number));
            rows.append_audit(&entry).await.map_err(Aborted::Failed)?;
            let sequence = rows.append_log(NOW, NewEntry::blocks()).await.map_err(Aborted::Failed)?;
            if aborts {
                return Err(Aborted::Failed(vouchmq_identity::store::StoreFault::Busy));
            }
            Ok(sequence)
        })
    });
    appended.await.ok()
}

/// Eight writers, each of which aborts every third time; returns the numbers that they were given.
pub(crate) async fn write_from_all(stores: &[Arc<dyn Store>], count: u64) -> Vec<u64> {
    let mut writers = tokio::task::JoinSet::new();
    for (writer, store) in (0..8).zip(stores.iter().cycle()) {
        let store = Arc::clone(store);
        writers.spawn(async move {
            let mut given = Vec::new();
            for number in 0..count {
                let aborts = (number + writer) % 3 == 0;
                let sequence = append(&*store, number, aborts).await;
                assert_eq!(sequence.is_none(), aborts, "who does not abort succeeds");
                given.extend(sequence);
            }
            given
        });
    }
    let mut given = writers.join_all().await.concat();
    given.sort_unstable();
    given
}

pub(crate) async fn whole_log(store: &dyn Store) -> Vec<u64> {
    let entries = store.read().await.unwrap().log_after(0, u32::MAX).await.unwrap();
    entries.iter().map(|entry| entry.sequence).collect()
}

/// Follows the chain from its beginning; returns its length.
pub(crate) async fn chain_len(store: &dyn Store) -> usize {
    let page = store.read().await.unwrap().audit(PageRequest::first(u32::MAX)).await.unwrap();
    let mut chain = AuditChain::default();
    page.items.iter().for_each(|entry| chain.follow(entry).unwrap());
    page.items.len()
}

pub(super) async fn the_log_has_no_gaps_under_concurrent_writers_of_whom_some_abort(place: &dyn Place) {
    let store = place.empty().await;
    let given = write_from_all(&[Arc::clone(&store)], 25).await;
    assert_eq!(given, (1..=given.len() as u64).collect::<Vec<_>>());
    assert_eq!(whole_log(&*store).await, given);
    assert_eq!(store.read().await.unwrap().log_head().await.unwrap().1, given.len() as u64);
}

pub(super) async fn the_log_is_read_in_portions(place: &dyn Place) {
    let store = place.empty().await;
    let entries = [
        NewEntry::product(id(1)),
        NewEntry::device(id(2), None),
        NewEntry::device(id(2), Some(id(3))).kicking(Kick::Hard),
        NewEntry::blocks().kicking(Kick::Soft),
        NewEntry::block(vouchmq_identity::BlockTarget::parse("username", "\u{1F600}\\'").unwrap()),
    ];
    for entry in entries.clone() {
        write!(store, |rows| rows.append_log(NOW, entry.clone());).await.unwrap();
    }
    let mut rows = store.read().await.unwrap();
    let expected: Vec<LogEntry> =
        (1..).zip(entries).map(|(sequence, change)| LogEntry { sequence, at: NOW, change }).collect();
    assert_eq!(rows.log_after(0, 3).await.unwrap(), expected[..3]);
    assert_eq!(rows.log_after(3, 3).await.unwrap(), expected[3..]);
    assert_eq!(rows.log_after(5, 3).await.unwrap(), []);
    assert_eq!(rows.log_after(u64::MAX, 3).await.unwrap(), []);
    assert_eq!(expected[3].change.kind, ChangeKind::Blocks);
}

pub(super) async fn the_audit_chain_holds_under_concurrent_writers(place: &dyn Place) {
    let store = place.empty().await;
    let given = write_from_all(&[Arc::clone(&store)], 10).await;
    assert_eq!(chain_len(&*store).await, given.len());
}

pub(super) async fn a_number_of_the_audit_log_is_given_once(place: &dyn Place) {
    let store = place.empty().await;
    let entry = AuditChain::default().append(audit_record(1));
    let again = entry.clone();
    write!(store, |rows| rows.append_audit(&entry);).await.unwrap();
    assert!(write!(store, |rows| rows.append_audit(&again);).await.is_err());
}

pub(super) async fn audit_pages_follow_each_other(place: &dyn Place) {
    let store = place.empty().await;
    let mut chain = AuditChain::default();
    let entries: Vec<_> = (0..12).map(|number| chain.append(audit_record(number))).collect();
    let written = entries.clone();
    let appending = job(move |rows| {
        Box::pin(async move {
            for entry in &written {
                rows.append_audit(entry).await.map_err(Aborted::Failed)?;
            }
            Ok(())
        })
    });
    store.write(appending).await.unwrap();
    let mut rows = store.read().await.unwrap();
    let (mut read, mut page) = (Vec::new(), rows.audit(PageRequest::first(5)).await.unwrap());
    while let Some(next) = page.next.take() {
        read.append(&mut page.items);
        page = rows.audit(PageRequest::after(next, 5)).await.unwrap();
    }
    read.append(&mut page.items);
    assert_eq!(read, entries);
    assert_eq!(rows.audit_head().await.unwrap(), entries.last().cloned());
}
