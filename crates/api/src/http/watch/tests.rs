use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use tokio::time::advance;

use super::*;

/// Counts how often a task would have been woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Lets time pass, second by second; when the alarm is ready, and how often it has woken its task.
async fn pass(alarm: &mut Alarm<'_>, secs: u64) -> (Option<u64>, usize) {
    let wakes = Arc::new(Wakes::default());
    let waker = wakes.clone().into();
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(&mut *alarm).poll(&mut cx).is_pending());
    let mut seen = 0;
    for second in 1..=secs {
        advance(Duration::from_secs(1)).await;
        let woken = wakes.0.load(Ordering::Relaxed);
        // As a task does: only when it is woken.
        if woken > seen && Pin::new(&mut *alarm).poll(&mut cx).is_ready() {
            return (Some(second), woken);
        }
        seen = woken;
    }
    (None, seen)
}

fn limits() -> Arc<HttpLimits> {
    Arc::new(HttpLimits::default())
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_nothing_wakes_its_task_once_when_it_is_over() {
    let watch = Watch::start(limits());
    assert_eq!(pass(&mut Alarm::of(&watch), 60).await, (Some(10), 1), "no first request");
    let watch = Watch::start(limits());
    let mut alarm = Alarm::of(&watch);
    watch.received();
    watch.began();
    watch.answered();
    watch.flushed();
    // Armed for the first request, and then for the end.
    assert_eq!(pass(&mut alarm, 100).await, (Some(75), 2), "no second request");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_comes_nearer_is_kept_and_one_that_moves_away_costs_nothing() {
    let watch = Watch::start(limits());
    let mut alarm = Alarm::of(&watch);
    for _ in 0..1000 {
        watch.received();
        watch.began();
        watch.answered();
        watch.flushed();
    }
    assert_eq!(pass(&mut alarm, 30).await, (None, 1));
    watch.received();
    assert_eq!(pass(&mut alarm, 60).await, (Some(10), 1), "the head is too slow");
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_is_not_waited_for_when_it_stalls() {
    let watch = Watch::start(limits());
    let mut alarm = Alarm::of(&watch);
    watch.began();
    watch.streams();
    assert_eq!(pass(&mut alarm, 3600).await, (None, 1));
    watch.wrote(false);
    assert_eq!(pass(&mut alarm, 60).await, (Some(30), 1));
}

#[tokio::test(start_paused = true)]
async fn only_who_is_being_answered_does_not_wait() {
    let watch = Watch::start(limits());
    let start = Instant::now();
    assert_eq!(watch.waits_since(), Some(start));
    watch.received();
    assert_eq!(watch.waits_since(), Some(start), "part of a head asks nothing");
    watch.began();
    assert_eq!(watch.waits_since(), None);
    advance(Duration::from_secs(5)).await;
    watch.answered();
    assert_eq!(watch.waits_since(), Some(start + Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_taken_is_waited_for_as_long_as_a_stall_and_not_as_long_as_idleness() {
    let watch = Watch::start(limits());
    let mut alarm = Alarm::of(&watch);
    watch.received();
    watch.began();
    watch.answered();
    assert_eq!(pass(&mut alarm, 20).await.0, None);
    watch.wrote(true);
    assert_eq!(pass(&mut alarm, 20).await.0, None, "some of it was taken");
    watch.wrote(false);
    assert_eq!(pass(&mut alarm, 60).await.0, Some(10), "and nothing since");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_drop_by_drop_has_an_end_and_so_has_a_list() {
    let limits =
        Arc::new(HttpLimits { long_answer_timeout: Duration::from_secs(90), ..HttpLimits::default() });
    for is_list in [false, true] {
        let watch = Watch::start(limits.clone());
        let mut alarm = Alarm::of(&watch);
        watch.began();
        if is_list {
            watch.lists()
        } else {
            watch.answered()
        }
        let mut passed = 0;
        while pass(&mut alarm, 10).await.0.is_none() {
            passed += 10;
            assert!(passed <= 90, "list: {is_list}");
            watch.wrote(true);
        }
        assert_eq!(passed, 80, "list: {is_list}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_until_the_answer_before_it_is_taken() {
    let watch = Watch::start(limits());
    watch.settled().await;
    watch.began();
    watch.answered();
    let mut settled = std::pin::pin!(watch.settled());
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(settled.as_mut().poll(&mut cx).is_pending());
    watch.flushed();
    assert!(settled.as_mut().poll(&mut cx).is_ready());
}
