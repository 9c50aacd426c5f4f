//! A process that is killed while it writes: what it acknowledged is there.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use vouchmq_identity::store::Aborted::Failed;
use vouchmq_identity::store::{AuditChain, NewEntry, Store};

use super::Directory;
use crate::contract::change_log::{chain_len, whole_log};
use crate::harness::job;
use crate::harness::samples::{audit_record, credential, device, id};

/// Tells the test that it is the process that is to be killed, and where to write.
const VICTIM: &str = "VOUCHMQ_STORE_TEST_VICTIM";
/// How its lines begin; the test harness writes lines of its own.
const MARK: &str = "@ ";
const ROUNDS: u64 = 100;
/// Writers at once: some commits have one job and some have several.
const WRITERS: u64 = 4;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_hundred_kills() {
    if let Some(path) = std::env::var_os(VICTIM) {
        return write_until_killed(path.into()).await;
    }
    let directory = Directory::new();
    for round in 0..ROUNDS {
        // The moment is another one each time: so many acknowledgements, and how quick both processes are.
        let acknowledged = kill_after(&directory, 1 + round * 7 % 40);
        let store = directory.open("a.db").await.expect("it opens, and is whole");
        let mut rows = store.read().await.unwrap();
        for number in &acknowledged {
            assert!(rows.device(&id(*number)).await.unwrap().is_some(), "round {round}: {number} is gone");
            assert!(rows.credential(id(*number)).await.unwrap().is_some());
        }
        drop(rows);
        let log = whole_log(&store).await;
        assert_eq!(log, (1..=log.len() as u64).collect::<Vec<_>>(), "no gaps");
        assert_eq!(chain_len(&store).await, log.len(), "all of a job or nothing");
        assert_eq!(loaded_count(&store).await, log.len());
        store.close().await;
    }
}

async fn loaded_count(store: &dyn Store) -> usize {
    let mut rows = store.read().await.unwrap();
    let loaded = rows.devices_with_credentials(None, None, u32::MAX).await.unwrap();
    loaded.iter().filter(|(_, credentials)| credentials.len() == 1).count()
}

/// Runs this test in a process of its own, and kills that after so many acknowledgements; returns what was
/// acknowledged.
fn kill_after(directory: &Directory, count: u64) -> Vec<u64> {
    let name = "sqlite::crash::what_was_acknowledged_is_there_after_a_hundred_kills";
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(VICTIM, directory.path("a.db"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    let number =
        |line: String| line.split_once(MARK).map(|(_, number)| number.parse::<u64>().expect("a number"));
    while (acknowledged.len() as u64) < count {
        let Some(Ok(line)) = lines.next() else { break };
        acknowledged.extend(number(line));
    }
    victim.kill().unwrap(); // SIGKILL
    victim.wait().unwrap();
    // What it had said before it died counts as well; the last line may be cut off.
    let mut rest: Vec<String> = lines.map_while(Result::ok).collect();
    rest.pop();
    acknowledged.extend(rest.into_iter().filter_map(number));
    assert!(acknowledged.len() as u64 >= count, "it did not write");
    acknowledged
}

async fn write_until_killed(path: std::path::PathBuf) {
    let location = vouchmq_store::Location::Sqlite(path);
    let options = vouchmq_store::StoreOptions::new(location);
    let store = std::sync::Arc::new(vouchmq_store::SqlStore::open(options).await.unwrap());
    let begun = store.read().await.unwrap().log_head().await.unwrap().1;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = std::sync::Arc::clone(&store);
        writers.spawn(async move {
            for number in (begun * WRITERS + writer..).step_by(WRITERS as usize) {
                register(&*store, number).await;
                writeln!(std::io::stdout().lock(), "{MARK}{number}").unwrap();
            }
        });
    }
    writers.join_all().await;
}

/// A device with its credential, and an entry of each log: what a registration writes.
async fn register(store: &dyn Store, number: u64) {
    let registering = job(move |rows| {
        Box::pin(async move {
            let device = device(number, id(1));
            let mut chain = rows.audit_head().await.map_err(Failed)?.as_ref().map(AuditChain::from);
            let entry = chain.get_or_insert_default().append(audit_record(number));
            rows.put_device(&device).await.map_err(Failed)?;
            rows.put_credential(&credential(number, &device.id)).await.map_err(Failed)?;
            rows.append_audit(&entry).await.map_err(Failed)?;
            rows.append_log(crate::harness::NOW, NewEntry::device(device.id, None))
                .await
                .map(drop)
                .map_err(Failed)
        })
    });
    store.write(registering).await.unwrap();
}
