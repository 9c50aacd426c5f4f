use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use vouchmq_identity::model::Product;
use vouchmq_identity::store::{Aborted, NewEntry, StoreFault};

use super::Place;
use crate::harness::samples::{audit_record, block, device, id, product};
use crate::harness::{eventually, job, write};

pub(super) async fn a_job_that_aborts_leaves_nothing(place: &dyn Place) {
    let store = place.empty().await;
    let fault = StoreFault::Unavailable("of the test".into());
    for (aborted, told) in [(Aborted::Refused, Ok(())), (Aborted::Failed(fault.clone()), Err(fault))] {
        let ended = store.write(job(move |rows| {
            Box::pin(async move {
                let mut tagged = device(1, id(1));
                tagged.tags = vec![("a".into(), "b".into())];
                rows.put_product(&product(1)).await.unwrap();
                rows.put_device(&tagged).await.unwrap();
                rows.put_block(&block(1, "ip", "::1")).await.unwrap();
                assert_eq!(rows.append_log(crate::harness::NOW, NewEntry::blocks()).await, Ok(1));
                let entry = vouchmq_identity::store::AuditChain::default().append(audit_record(1));
                rows.append_audit(&entry).await.unwrap();
                Err(aborted)
            })
        }));
        assert_eq!(ended.await, told);
        let mut rows = store.read().await.unwrap();
        assert!(rows.product(id(1)).await.unwrap().is_none());
        assert!(rows.device(&id(1)).await.unwrap().is_none());
        assert!(rows.block(id(1)).await.unwrap().is_none());
        assert!(rows.audit_head().await.unwrap().is_none());
        assert_eq!(rows.log_head().await.unwrap().1, 0);
    }
}

pub(super) async fn a_job_whose_statement_failed_leaves_nothing_whatever_it_says(place: &dyn Place) {
    let store = place.empty().await;
    write!(store, |rows| rows.put_product(&product(1));).await.unwrap();
    let swallowing = store.write(job(|rows| {
        Box::pin(async move {
            rows.put_block(&block(1, "ip", "::1")).await.unwrap();
            let taken = Product { key: product(1).key, ..product(2) };
            assert!(rows.put_product(&taken).await.is_err());
            Ok(())
        })
    }));
    assert!(swallowing.await.is_err());
    assert!(store.read().await.unwrap().block(id(1)).await.unwrap().is_none());
    write!(store, |rows| rows.put_product(&product(2));).await.unwrap();
}

pub(super) async fn a_job_that_panics_leaves_nothing_and_harms_no_other(place: &dyn Place) {
    let store = place.empty().await;
    let before = write!(store, |rows| rows.put_product(&product(1)););
    let panics = store.write(job(|rows| {
        Box::pin(async move {
            rows.put_product(&product(2)).await.unwrap();
            panic!("as the test wants it");
        })
    }));
    let after = write!(store, |rows| rows.put_product(&product(3)););
    let (before, panicked, after) = tokio::join!(before, panics, after);
    assert_eq!((before, after), (Ok(()), Ok(())));
    assert!(matches!(panicked, Err(StoreFault::Unavailable(_))), "{panicked:?}");
    let mut rows = store.read().await.unwrap();
    for (number, is_there) in [(1, true), (2, false), (3, true)] {
        assert_eq!(rows.product(id(number)).await.unwrap().is_some(), is_there, "{number}");
    }
}

pub(super) async fn a_job_sees_what_it_wrote(place: &dyn Place) {
    let store = place.empty().await;
    let ended = store.write(job(|rows| {
        Box::pin(async move {
            rows.put_product(&product(1)).await.unwrap();
            assert!(rows.product(id(1)).await.unwrap().is_some());
            assert_eq!(rows.append_log(crate::harness::NOW, NewEntry::blocks()).await, Ok(1));
            assert_eq!(rows.append_log(crate::harness::NOW, NewEntry::product(id(1))).await, Ok(2));
            assert_eq!(rows.log_head().await.unwrap().1, 2);
            Ok(())
        })
    }));
    assert_eq!(ended.await, Ok(()));
}

pub(super) async fn a_read_sees_only_what_is_committed_and_stays_as_it_is(place: &dyn Place) {
    let store = place.empty().await;
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (written, is_written) = tokio::sync::oneshot::channel();
    let writing = store.write(job(|rows| {
        Box::pin(async move {
            rows.put_product(&product(1)).await.unwrap();
            written.send(()).unwrap();
            gone.await.unwrap();
            Ok(())
        })
    }));
    let looking = async {
        is_written.await.unwrap();
        let mut rows = store.read().await.unwrap();
        assert!(rows.product(id(1)).await.unwrap().is_none(), "not committed");
        go.send(()).unwrap();
        rows
    };
    let (ended, mut rows) = tokio::join!(writing, looking);
    ended.unwrap();
    assert!(rows.product(id(1)).await.unwrap().is_none(), "as it was");
    drop(rows);
    assert!(store.read().await.unwrap().product(id(1)).await.unwrap().is_some());
}

pub(super) async fn jobs_run_in_the_order_in_which_they_were_handed_in(place: &dyn Place) {
    let store = place.empty().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let jobs = (0..300).map(|number| {
        let order = Arc::clone(&order);
        let store = Arc::clone(&store);
        async move {
            let noting = job(move |_| {
                Box::pin(async move {
                    order.lock().unwrap().push(number);
                    Ok(())
                })
            });
            store.write(noting).await
        }
    });
    let mut waiting = tokio::task::JoinSet::new();
    jobs.for_each(|job| drop(waiting.spawn(job)));
    assert!(waiting.join_all().await.into_iter().all(|ended| ended.is_ok()));
    assert_eq!(*order.lock().unwrap(), (0..300).collect::<Vec<_>>());
}

pub(super) async fn a_job_is_dropped_before_its_caller_goes_on(place: &dyn Place) {
    let store = place.empty().await;
    let outcome = Arc::new(AtomicU32::new(0));
    let kept = Arc::clone(&outcome);
    let noting = job(move |_| {
        Box::pin(async move {
            kept.store(1, Ordering::Relaxed);
            Ok(())
        })
    });
    store.write(noting).await.unwrap();
    assert_eq!(Arc::into_inner(outcome).expect("nobody else has it").into_inner(), 1);
}

pub(super) async fn a_job_is_done_when_its_caller_has_gone_away(place: &dyn Place) {
    let store = place.empty().await;
    {
        let mut writing = std::pin::pin!(write!(store, |rows| rows.put_product(&product(1));));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(writing.as_mut().poll(context)));
        assert!(polled.await.is_pending());
    }
    eventually("the job is done", async || {
        store.read().await.unwrap().product(id(1)).await.unwrap().is_some()
    })
    .await;
}
