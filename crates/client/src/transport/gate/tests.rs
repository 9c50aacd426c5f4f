use std::future::pending;

use tokio::task::JoinSet;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(5);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Of HTTP/1.1: a connection for each question.
fn gate(connections_max: usize, waiting_max: usize) -> Arc<Gate> {
    let bounds = ServerBounds { connections_max, waiting_max, ..ServerBounds::default() };
    Arc::new(Gate::new(Instant::now(), &bounds, TIMEOUT, false))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Answer,
    /// It was asked, and the connection closed since no answer came in time.
    Nothing,
    Refused(Refusal),
}

/// Asks a server that takes so long.
async fn ask(gate: Arc<Gate>, takes: Duration, deadline: Instant) -> Came {
    let place = match gate.place(deadline).await {
        Ok(place) => place,
        Err(refusal) => return Came::Refused(refusal),
    };
    let answered = Instant::now() + takes;
    let _ = timeout_at(answered.min(deadline), pending::<()>()).await;
    if answered > deadline {
        return Came::Nothing;
    }
    gate.give_back(place.into_what(), Some(takes));
    Came::Answer
}

/// How many answers came, and how many were asked for in vain, in half a minute of so many questions a second.
async fn storm(gate: Arc<Gate>, takes: &[u64], patience: Duration, per_second: u32) -> (usize, usize) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
    let mut asking = JoinSet::new();
    for (_, takes) in (0..30 * per_second).zip(takes.iter().cycle()) {
        let asked = ticks.tick().await.max(Instant::now());
        asking.spawn(ask(Arc::clone(&gate), millis(*takes), asked + patience));
    }
    let mut came = Vec::new();
    while let Some(one) = asking.try_join_next() {
        came.push(one.unwrap());
    }
    let of = |what| came.iter().filter(|one| **one == what).count();
    (of(Came::Answer), of(Came::Nothing))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_asked_for_more_than_it_can_do_goes_on_to_answer() {
    let uneven: Vec<_> = (1..=9).map(|at| at * 4 % 9 * 100 + 100).collect();
    for (takes, patience, waiting_max, per_second) in [
        (&[500][..], 1_000, 16_384, 2_000),
        (&[500], 2_000, 16_384, 2_000),
        (&[500], 5_000, 16_384, 2_000),
        (&[500], 2_000, 256, 2_000),
        (&[1_250], 2_000, 16_384, 800),
        (&[1_250], 2_000, 16_384, 210),
        (&uneven, 2_000, 16_384, 2_000),
    ] {
        let load = (takes, patience, waiting_max, per_second);
        let gate = gate(250, waiting_max);
        let (answers, in_vain) = storm(gate, takes, millis(patience), per_second).await;
        let mean = takes.iter().sum::<u64>() / u64::try_from(takes.len()).unwrap();
        let possible = usize::try_from(30_000 * 250 / mean).unwrap();
        assert!(answers * 10 >= possible * 8, "{load:?}: {answers} of {possible}");
        assert!(in_vain * 10 <= answers, "{load:?}: {in_vain} in vain, {answers} not");
    }
}

/// Of two places, one is given back after 100 ms, where an answer took so long; who waits then, has 300 ms in all.
async fn waits(gate: &Arc<Gate>, took: Duration) -> (Came, Duration) {
    let begun = Instant::now();
    let held = gate.place(begun).await.unwrap();
    let other = gate.place(begun).await;
    let waiting = tokio::spawn(ask(Arc::clone(gate), Duration::ZERO, begun + millis(300)));
    let _ = timeout_at(begun + millis(100), pending::<()>()).await;
    gate.give_back(held.into_what(), Some(took));
    let came = waiting.await.unwrap();
    drop(other);
    (came, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn who_has_less_time_left_than_an_answer_takes_is_sent_away_unasked() {
    let too_late = (Came::Refused(Refusal::TimedOut), millis(100));
    assert_eq!(waits(&gate(2, 8), millis(201)).await, too_late);
    assert_eq!(waits(&gate(2, 8), millis(199)).await, (Came::Answer, millis(100)));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_else_is_asked_somebody_is_with_little_time_too() {
    assert_eq!(waits(&gate(1, 8), millis(4_000)).await, (Came::Answer, millis(100)));
}

#[tokio::test(start_paused = true)]
async fn one_slow_answer_sends_nobody_away_who_has_half_of_the_time_of_an_answer() {
    let gate = gate(2, 8);
    let begun = Instant::now();
    let held = gate.place(begun).await.unwrap();
    let _other = gate.place(begun).await.unwrap();
    let waiting = tokio::spawn(ask(Arc::clone(&gate), Duration::ZERO, begun + TIMEOUT));
    let _ = timeout_at(begun + millis(2_400), pending::<()>()).await;
    gate.give_back(held.into_what(), Some(TIMEOUT));
    assert_eq!(waiting.await.unwrap(), Came::Answer);
}
