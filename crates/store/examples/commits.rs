//! How many durable registrations a second a database takes, by how many ask at once, and how quickly devices
//! are loaded.
//!
//! `cargo run --release -p vouchmq-store --example commits -- [DATABASE [SECONDS [DEVICES]]]`: a file, which
//! must not exist, or a `postgres://` URL of an empty database.
#![expect(clippy::print_stdout, reason = "an example prints its figures")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use vouchmq_identity::model::{
    ClaimTokenId, Credential, CredentialId, Device, DeviceId, DeviceOrigin, DeviceState, ProductId, Proof,
    Registration, RegistrationId, RegistrationState, Voucher,
};
use vouchmq_identity::store::{Aborted, AuditChain, AuditRecord, Job, NewEntry, Store, Transaction};
use vouchmq_identity::{KeyId, PepperVersion, SecretVerifier, UnixMillis};
use vouchmq_store::{Location, SqlStore, StoreOptions};

type Failure = Box<dyn Error + Send + Sync>;

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
/// Devices in one transaction, where many are made to be loaded.
const IMPORT_LEN: u64 = 1000;
/// Devices in one portion.
const PORTION_LEN: u32 = 5000;

/// What registers devices: from this number on, so many.
struct Register {
    from: u64,
    count: u64,
}

#[async_trait]
impl Job for Register {
    async fn run(&mut self, rows: &mut dyn Transaction) -> Result<(), Aborted> {
        for number in self.from..self.from + self.count {
            register(rows, number).await?;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir()?;
    let location = match arguments.next() {
        Some(location) => location.parse()?,
        None => Location::Sqlite(folder.path().join("commits.db")),
    };
    let seconds = arguments.next().map_or(Ok(5), |seconds| seconds.parse())?;
    let devices = arguments.next().map_or(Ok(0), |devices| devices.parse())?;
    let store = Arc::new(SqlStore::open(StoreOptions::new(location)).await?);
    let next = Arc::new(AtomicU64::new(0));
    for callers in [1, 16, 64, 256] {
        measure(&store, &next, callers, Duration::from_secs(seconds)).await?;
    }
    load(&store, &next, devices).await?;
    store.close().await;
    Ok(())
}

async fn measure(
    store: &Arc<SqlStore>,
    next: &Arc<AtomicU64>,
    callers: usize,
    time: Duration,
) -> Result<(), Failure> {
    let (begun, commits) = (Instant::now(), store.commit_count());
    let is_over = Arc::new(AtomicBool::new(false));
    let mut working = JoinSet::new();
    for _ in 0..callers {
        let (store, next, is_over) = (Arc::clone(store), Arc::clone(next), Arc::clone(&is_over));
        working.spawn(async move {
            let mut times = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let asked = Instant::now();
                store
                    .write(Box::new(Register { from: next.fetch_add(1, Ordering::Relaxed), count: 1 }))
                    .await?;
                times.push(asked.elapsed());
            }
            Ok::<_, Failure>(times)
        });
    }
    sleep(time).await;
    is_over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for worked in working.join_all().await {
        times.extend(worked?);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let at =
        |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    let commits = store.commit_count() - commits;
    println!(
        "{callers:>3} at once: {:>6.0} registrations/s, {:>5.0} commits/s, {:>6.2} ms half, {:>6.2} ms of 99 %",
        times.len() as f64 / elapsed,
        commits as f64 / elapsed,
        at(50),
        at(99),
    );
    Ok(())
}

/// Makes devices until there are so many, and loads them all.
async fn load(store: &SqlStore, next: &AtomicU64, devices: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    let before = next.load(Ordering::Relaxed);
    for from in (before..devices).step_by(IMPORT_LEN as usize) {
        store.write(Box::new(Register { from, count: IMPORT_LEN.min(devices - from) })).await?;
    }
    let made = devices.saturating_sub(before);
    println!("{made} more by {IMPORT_LEN}: {:.0}/s", made as f64 / begun.elapsed().as_secs_f64());
    let (begun, mut after, mut loaded) = (Instant::now(), None, 0);
    let mut rows = store.read().await?;
    loop {
        let portion = rows.devices_with_credentials(None, after.as_ref(), PORTION_LEN).await?;
        let Some((last, _)) = portion.last() else { break };
        after = Some(last.id.clone());
        loaded += portion.len();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{loaded} devices with credentials loaded in {seconds:.2} s, {:.0}/s", loaded as f64 / seconds);
    Ok(())
}

/// A registration as the registry makes it: it looks for what is there, then writes a device, its credential,
/// the registration, and an entry of each log.
async fn register(rows: &mut dyn Transaction, number: u64) -> Result<(), Aborted> {
    let product: ProductId = id(1)?;
    let device = Device {
        id: id(number)?,
        product,
        hardware_id: format!("serial-{number}").parse().ok(),
        state: DeviceState::Registered,
        tags: Vec::new(),
        attributes: Vec::new(),
        expires_at: None,
        origin: DeviceOrigin::Claim,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    };
    let verifier = SecretVerifier { version: PepperVersion::FIRST, mac: [7; 32] };
    let proof = Proof::Secret(KeyId::new([1, 2, 3, 4, 5, 6]), verifier);
    let credential = Credential::pending(id(number)?, device.id.clone(), proof, NOW);
    let Some(hardware_id) = device.hardware_id.clone() else { return Err(Aborted::Refused) };
    let registration = Registration {
        id: id::<RegistrationId>(number)?,
        product,
        hardware_id,
        voucher: Voucher::Claim(id::<ClaimTokenId>(1)?),
        device: Some(device.id.clone()),
        credential: Some(id::<CredentialId>(number)?),
        state: RegistrationState::Issued,
        peer: None,
        rival_count: 0,
        decided_by: None,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    };
    let failed = Aborted::Failed;
    rows.device_by_hardware_id(product, &registration.hardware_id).await.map_err(failed)?;
    rows.put_device(&device).await.map_err(failed)?;
    rows.put_credential(&credential).await.map_err(failed)?;
    rows.put_registration(&registration).await.map_err(failed)?;
    rows.append_log(NOW, NewEntry::device(device.id.clone(), Some(credential.id))).await.map_err(failed)?;
    let mut chain =
        rows.audit_head().await.map_err(failed)?.as_ref().map(AuditChain::from).unwrap_or_default();
    rows.append_audit(&chain.append(record(&device.id))).await.map_err(failed)
}

fn record(device: &DeviceId) -> AuditRecord {
    AuditRecord {
        at: NOW,
        actor: "claim".into(),
        address: None,
        request_id: None,
        action: "device.register".into(),
        target: format!("device/{device}").into(),
        reason: "".into(),
        before: None,
        after: None,
    }
}

fn id<T: std::str::FromStr>(number: u64) -> Result<T, Aborted> {
    format!("018bcfe5-6800-7000-8000-{number:012x}").parse().map_err(|_| Aborted::Refused)
}
