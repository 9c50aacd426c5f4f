use std::time::Duration;

use vouchmq_identity::store::{Node, Nodes, SeenNode};

use super::Place;
use crate::harness::eventually;
use crate::harness::samples::{id, parsed};

fn node(number: u64) -> Node {
    let closed = vec![(7, 1), (u64::from(u32::MAX), 3)];
    let log = parsed("000102030405060708090a0b0c0d0e0f");
    Node { id: id(number), log, sequence: number, closed }
}

async fn known(nodes: &dyn Nodes) -> Vec<Node> {
    nodes.all().await.unwrap().into_iter().map(|seen| seen.node).collect()
}

pub(super) async fn what_nodes_say_of_themselves_reads_back(place: &dyn Place) {
    let nodes = place.nodes().await;
    assert_eq!(known(&*nodes).await, []);
    let (one, other) = (node(1), Node { closed: Vec::new(), ..node(2) });
    nodes.put(&other).await.unwrap();
    nodes.put(&one).await.unwrap();
    assert_eq!(known(&*nodes).await, [one.clone(), other.clone()]);
    let later = Node { sequence: 9, closed: vec![(9, 2)], ..one };
    nodes.put(&later).await.unwrap();
    assert_eq!(known(&*nodes).await, [later.clone(), other]);
    nodes.remove(id(2)).await.unwrap();
    nodes.remove(id(3)).await.unwrap();
    assert_eq!(known(&*nodes).await, [later]);
}

pub(super) async fn a_node_that_says_nothing_is_silent_and_at_last_forgotten(place: &dyn Place) {
    const A_MOMENT: Duration = Duration::from_millis(20);
    let nodes = place.nodes().await;
    let silences = async || -> Vec<Duration> {
        nodes.all().await.unwrap().into_iter().map(|SeenNode { silent, .. }| silent).collect()
    };
    nodes.put(&node(1)).await.unwrap();
    eventually("it is silent", async || silences().await[0] >= A_MOMENT).await;
    nodes.put(&node(2)).await.unwrap();
    let silent = silences().await;
    assert!(silent[0] >= silent[1] + A_MOMENT, "{silent:?}");
    nodes.put(&node(1)).await.unwrap();
    let silent = silences().await;
    assert!(silent[0] <= silent[1], "{silent:?}");
    nodes.forget(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(known(&*nodes).await.len(), 2);
    eventually("both are silent", async || silences().await.iter().all(|silent| *silent > Duration::ZERO))
        .await;
    nodes.forget(Duration::ZERO).await.unwrap();
    assert_eq!(known(&*nodes).await, []);
}
