use std::net::Ipv4Addr;

use futures_util::FutureExt;

use super::*;

fn network(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0xCB00_7100 + number).into()
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Somebody who waits, and has asked already.
struct Waiting(tokio::task::JoinHandle<Result<Place, NoPlace>>);

impl Waiting {
    async fn from(lines: &Lines, network: IpAddr) -> Self {
        let lines = lines.clone();
        let waiting = Self(tokio::spawn(async move { lines.enter(network).await }));
        tokio::task::yield_now().await;
        waiting
    }

    /// What has come of it, if something has.
    async fn now(&mut self) -> Option<Result<Place, NoPlace>> {
        tokio::task::yield_now().await;
        (&mut self.0).now_or_never().map(Result::unwrap)
    }
}

/// A network that sends guesses without end, and works on two of them.
async fn flooded(lines: &Lines, networks: impl IntoIterator<Item = u32>) -> (Vec<Place>, Vec<Waiting>) {
    let (mut working, mut waiting) = (Vec::new(), Vec::new());
    for number in networks {
        for _ in 0..WAITING_OF_NETWORK_MAX + 2 {
            let mut guess = Waiting::from(lines, network(number)).await;
            match guess.now().await {
                Some(Ok(place)) => working.push(place),
                Some(Err(fault)) => assert_eq!(fault, NoPlace::Busy),
                None => waiting.push(guess),
            }
        }
    }
    (working, waiting)
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_guesses_keeps_nobody_else_waiting_for_long() {
    let lines = Lines::default();
    let (mut working, _waiting) = flooded(&lines, [1]).await;
    assert_eq!(working.len(), WORKING_MAX);
    assert_eq!(lines.enter(network(1)).await.unwrap_err(), NoPlace::Busy);
    let mut other = Waiting::from(&lines, network(2)).await;
    let mut near = Waiting::from(&lines, HERE).await;
    // One of the flood is before them, and stays at work.
    drop(working.pop());
    assert!(other.now().await.is_none() && near.now().await.is_none());
    drop(working.pop());
    let place = other.now().await;
    assert!(matches!(place, Some(Ok(_))));
    drop(place);
    assert!(matches!(near.now().await, Some(Ok(_))));
}

#[tokio::test(start_paused = true)]
async fn a_flood_from_everywhere_gives_up_its_last_for_who_has_nobody_there() {
    let lines = Lines::default();
    let networks = u32::try_from(WAITING_MAX / WAITING_OF_NETWORK_MAX).unwrap();
    let (_working, waiting) = flooded(&lines, 0..networks).await;
    assert_eq!(waiting.len(), WAITING_MAX);
    let mut other = Waiting::from(&lines, network(networks)).await;
    assert!(other.now().await.is_none(), "it waits");
    assert_eq!(lines.state().waiting(), WAITING_MAX);
}

#[tokio::test(start_paused = true)]
async fn who_goes_takes_no_place_and_who_waits_too_long_is_told() {
    let lines = Lines::default();
    let (working, waiting) = flooded(&lines, [1]).await;
    for gone in waiting {
        gone.0.abort();
        let _ = gone.0.await;
    }
    let mut next = Waiting::from(&lines, network(1)).await;
    assert!(next.now().await.is_none(), "there is room in the line");
    assert_eq!(lines.enter(network(2)).await.unwrap_err(), NoPlace::Late);
    drop(working);
    let place = lines.enter(network(3)).await;
    assert!(place.is_ok());
    drop((place, next));
    let both = [lines.enter(network(4)).await, lines.enter(network(4)).await];
    assert!(both.iter().all(Result::is_ok), "{lines:?}");
    drop(both);
    let state = lines.state();
    assert_eq!((state.working, state.waiting()), (0, 0));
}
