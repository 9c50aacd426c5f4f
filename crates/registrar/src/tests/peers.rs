use std::collections::BTreeMap;
use std::sync::MutexGuard;

use async_trait::async_trait;
use tokio::time::Instant;
use vouchmq_identity::model::NodeId;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::store::{LogId, Node, Nodes, SeenNode, StoreFault};

use super::*;

/// What each node said, and when.
type Said = BTreeMap<NodeId, (Node, Instant)>;

/// What nodes say, in memory; the time is tokio's.
#[derive(Default)]
struct Table {
    rows: Mutex<Said>,
    is_away: Mutex<bool>,
    /// Who asks waits for ever.
    is_hanging: Mutex<bool>,
}

const STALE_AFTER: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(2);

impl Table {
    fn rows(&self) -> Result<MutexGuard<'_, Said>, StoreFault> {
        if *self.is_away.lock().unwrap() { Err(StoreFault::Busy) } else { Ok(self.rows.lock().unwrap()) }
    }
}

#[async_trait]
impl Nodes for Table {
    async fn put(&self, node: &Node) -> Result<(), StoreFault> {
        self.rows()?.insert(node.id, (node.clone(), Instant::now()));
        Ok(())
    }

    async fn all(&self) -> Result<Vec<SeenNode>, StoreFault> {
        if *self.is_hanging.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        let seen = |(node, at): &(Node, Instant)| SeenNode { node: node.clone(), silent: at.elapsed() };
        Ok(self.rows()?.values().map(seen).collect())
    }

    async fn remove(&self, id: NodeId) -> Result<(), StoreFault> {
        self.rows()?.remove(&id);
        Ok(())
    }

    async fn forget(&self, silent: Duration) -> Result<(), StoreFault> {
        self.rows()?.retain(|_, (_, at)| at.elapsed() <= silent);
        Ok(())
    }
}

/// Some nodes on one database.
struct Place {
    store: Arc<MemoryStore>,
    keyring: Arc<Keyring>,
    table: Arc<Table>,
}

impl Place {
    fn new() -> Self {
        Self { store: Arc::default(), keyring: keyring(), table: Arc::default() }
    }

    async fn open(&self) -> Registrar {
        let peers = Peers { nodes: self.table.clone(), stale_after: STALE_AFTER };
        let opening = opening(self.store.clone(), self.keyring.clone());
        Registrar::open(Opening { peers: Some(peers), ..opening }).await.unwrap()
    }

    /// A device, which is resident on every node that opens from now on.
    async fn device(&self) -> CredentialId {
        let opening = opening(self.store.clone(), self.keyring.clone());
        a_device(&Registrar::open(opening).await.unwrap()).await
    }
}

async fn revoke(registry: &Registry, id: CredentialId) -> u64 {
    let revoke = RevokeCredential { id, reason: "lost".into() };
    registry.execute(administrator(), revoke).await.unwrap().sequence.unwrap()
}

/// Looks again and again, in a time that is not the real one.
async fn eventually(mut holds: impl FnMut() -> bool) {
    let looking = async {
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        while !holds() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(STALE_AFTER * 100, looking).await.unwrap();
}

fn reach(acked: u64, total: u64, stale: u64, sessions_closed: u64) -> Reach {
    Reach { acked, total, stale, sessions_closed }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_change_waits_until_every_node_has_applied_it() {
    let place = Place::new();
    let credential = place.device().await;
    let (one, other) = (place.open().await, place.open().await);
    let registry = one.registry.clone();
    let (one, mut other) = (one.run(Arc::new(One::default())), other.run(Arc::new(One::default())));
    let sequence = revoke(&registry, credential).await;
    assert_eq!(one.progress().wait_everywhere(sequence, PATIENCE).await, reach(2, 2, 0, 2));
    assert_eq!(other.progress().wait_everywhere(sequence, Duration::ZERO).await, reach(2, 2, 0, 2));
    // A change that is not there yet is applied nowhere.
    let begun = Instant::now();
    assert_eq!(one.progress().wait_everywhere(sequence + 1, PATIENCE).await, reach(0, 2, 0, 0));
    assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    // Whoever goes says so.
    other.leave().await;
    assert_eq!(one.progress().wait_everywhere(sequence, Duration::ZERO).await, reach(1, 1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_killed_is_waited_for_until_it_is_stale() {
    let place = Place::new();
    let credential = place.device().await;
    let (one, other) = (place.open().await, place.open().await);
    let registry = one.registry.clone();
    let (one, other) = (one.run(Arc::new(One::default())), other.run(Arc::new(One::default())));
    drop(other);
    let sequence = revoke(&registry, credential).await;
    assert_eq!(one.progress().wait_everywhere(sequence, PATIENCE).await, reach(1, 2, 0, 1));
    assert_eq!(one.progress().wait_everywhere(sequence, STALE_AFTER).await, reach(1, 1, 1, 1));
    // It is not remembered for ever, and the node that is there is.
    eventually(|| place.table.rows().unwrap().len() == 1).await;
    assert_eq!(one.progress().wait_everywhere(sequence, PATIENCE).await, reach(1, 1, 0, 1));
}

/// It loads what was there before, and lets nobody in before it follows.
#[tokio::test(start_paused = true)]
async fn a_node_that_starts_is_waited_for_from_before_it_loads() {
    let place = Place::new();
    let credential = place.device().await;
    let one = place.open().await;
    let registry = one.registry.clone();
    let one = one.run(Arc::new(One::default()));
    let late = place.open().await;
    let head = late.opened().head;
    let sequence = revoke(&registry, credential).await;
    assert_eq!(one.progress().wait_everywhere(head, PATIENCE).await, reach(2, 2, 0, 0));
    assert_eq!(one.progress().wait_everywhere(sequence, STALE_AFTER * 2).await, reach(1, 2, 0, 1));
    let late = late.run(Arc::new(One::default()));
    assert_eq!(one.progress().wait_everywhere(sequence, PATIENCE).await, reach(2, 2, 0, 2));
    drop(late);
}

#[tokio::test(start_paused = true)]
async fn while_nobody_can_be_asked_a_change_is_not_said_to_be_everywhere() {
    let place = Place::new();
    let credential = place.device().await;
    *place.table.is_away.lock().unwrap() = true;
    // That keeps nobody from starting, or from following.
    let one = place.open().await;
    let registry = one.registry.clone();
    let one = one.run(Arc::new(One::default()));
    let sequence = revoke(&registry, credential).await;
    assert!(one.progress().wait(sequence, PATIENCE).await.is_applied);
    assert_eq!(one.progress().wait_everywhere(sequence, PATIENCE).await, reach(1, 2, 0, 1));
    *place.table.is_away.lock().unwrap() = false;
    eventually(|| place.table.rows().unwrap().len() == 1).await;
    assert_eq!(one.progress().wait_everywhere(sequence, PATIENCE).await, reach(1, 1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_for_a_database_that_hangs_wait_no_longer_than_one() {
    let place = Place::new();
    let one = place.open().await;
    let head = one.opened().head;
    let one = one.run(Arc::new(One::default()));
    *place.table.is_hanging.lock().unwrap() = true;
    let begun = Instant::now();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let progress = one.progress();
        waiting.spawn(async move { progress.wait_everywhere(head, PATIENCE).await });
    }
    while let Some(reached) = waiting.join_next().await {
        assert_eq!(reached.unwrap(), reach(1, 2, 0, 0));
    }
    assert!(begun.elapsed() < PATIENCE + Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_on_another_log_has_applied_nothing_of_this_one() {
    let place = Place::new();
    let one = place.open().await;
    let head = one.opened().head;
    let one = one.run(Arc::new(One::default()));
    let id = NodeId::generate(Standing.now(), &mut SystemEntropy).unwrap();
    let other = Node { id, log: LogId::default(), sequence: u64::MAX, closed: vec![(head, 7)] };
    place.table.put(&other).await.unwrap();
    assert_eq!(one.progress().wait_everywhere(head, PATIENCE).await, reach(1, 2, 0, 0));
}
