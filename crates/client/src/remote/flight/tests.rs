use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::*;
use crate::remote::cache::Keys;

/// A client, its number, and whether it is still there; what it was told goes to the log of its test.
#[derive(Debug)]
struct Client {
    number: usize,
    is_there: Arc<AtomicBool>,
}

impl Passenger for Client {
    fn is_wanted(&self) -> bool {
        self.is_there.load(Ordering::SeqCst)
    }
}

type Relaunched = Arc<Mutex<Vec<(Lead<Client>, Client)>>>;

fn flights(joiners_max: usize) -> (Flights<Client>, Relaunched) {
    let relaunched = Relaunched::default();
    let log = relaunched.clone();
    (Flights::new(joiners_max, move |lead, client| log.lock().push((lead, client))), relaunched)
}

fn client(number: usize) -> Client {
    Client { number, is_there: Arc::new(AtomicBool::new(true)) }
}

fn key(password: &str) -> Key {
    Keys::new(&[7; 32]).key("c", Some("u"), Some(password.as_bytes()), &[])
}

#[track_caller]
fn lead(boarding: Boarding<Client>) -> (Lead<Client>, usize) {
    match boarding {
        Boarding::Lead(lead, client) => (lead, client.number),
        other @ (Boarding::Joined | Boarding::Full(_)) => panic!("{other:?} has to lead"),
    }
}

fn numbers(clients: impl Iterator<Item = Client>) -> Vec<usize> {
    clients.map(|client| client.number).collect()
}

#[test]
fn whoever_wants_to_know_the_same_waits_for_one_answer() {
    let (flights, _) = flights(10);
    let key = key("secret");
    let (first, number) = lead(flights.board(key, client(0)));
    assert_eq!(number, 0);
    assert!(first.is_alone());
    for number in 1..4 {
        assert!(matches!(flights.board(key, client(number)), Boarding::Joined));
    }
    assert!(!first.is_alone());
    assert_eq!(numbers(first.land()), [1, 2, 3]);
    let (second, _) = lead(flights.board(key, client(4)));
    assert_eq!(numbers(second.land()), [0; 0]);
    let counters = flights.counters();
    assert_eq!((counters.leads, counters.joins, counters.handed_over, counters.flights), (2, 3, 0, 0));
}

/// A wrong guess must not ride on a right answer.
#[test]
fn another_password_is_another_question() {
    let (flights, _) = flights(10);
    let keys = Keys::new(&[7; 32]);
    let of = |password: Option<&str>| keys.key("c", Some("u"), password.map(str::as_bytes), &[]);
    let _right = lead(flights.board(of(Some("right")), client(0)));
    let _wrong = lead(flights.board(of(Some("wrong")), client(1)));
    let _none = lead(flights.board(of(None), client(2)));
    assert_eq!(flights.counters().flights, 3);
}

#[test]
fn a_leader_that_goes_hands_over_to_the_next_who_is_still_there() {
    let (flights, relaunched) = flights(10);
    let key = key("secret");
    let (first, _) = lead(flights.board(key, client(0)));
    let gone = client(1);
    gone.is_there.store(false, Ordering::SeqCst);
    for client in [gone, client(2), client(3)] {
        assert!(matches!(flights.board(key, client), Boarding::Joined));
    }
    drop(first);
    let (second, next) = relaunched.lock().pop().unwrap();
    assert_eq!(next.number, 2);
    assert!(matches!(flights.board(key, client(4)), Boarding::Joined), "the question is still asked");
    assert_eq!(numbers(second.land()), [3, 4]);
    assert_eq!(flights.counters().handed_over, 1);
}

#[test]
fn a_question_that_nobody_waits_for_any_more_is_over() {
    let (flights, relaunched) = flights(10);
    let key = key("secret");
    let (first, _) = lead(flights.board(key, client(0)));
    let gone = client(1);
    let is_there = gone.is_there.clone();
    assert!(matches!(flights.board(key, gone), Boarding::Joined));
    is_there.store(false, Ordering::SeqCst);
    assert!(first.is_alone());
    drop(first);
    assert!(relaunched.lock().is_empty());
    assert_eq!(flights.counters().flights, 0);
    let _ = lead(flights.board(key, client(2)));
}

#[test]
fn so_many_wait_and_no_more_but_who_has_gone_keeps_no_place() {
    let (flights, _) = flights(2);
    let key = key("secret");
    let (first, _) = lead(flights.board(key, client(0)));
    let second = client(1);
    let is_there = second.is_there.clone();
    assert!(matches!(flights.board(key, second), Boarding::Joined));
    assert!(matches!(flights.board(key, client(2)), Boarding::Joined));
    assert!(matches!(flights.board(key, client(3)), Boarding::Full(Client { number: 3, .. })));
    is_there.store(false, Ordering::SeqCst);
    assert!(matches!(flights.board(key, client(4)), Boarding::Joined));
    assert_eq!(flights.counters().refused, 1);
    assert_eq!(numbers(first.land()), [2, 4]);
}

#[test]
fn a_lead_that_outlives_the_flights_harms_nobody() {
    let (flights, relaunched) = flights(2);
    let (first, _) = lead(flights.board(key("secret"), client(0)));
    drop(flights);
    assert_eq!(numbers(first.land()), [0; 0]);
    assert!(relaunched.lock().is_empty());
}

/// Whatever happens in whatever order: everybody who is still there is answered once or leads, and nothing stays.
#[test]
fn nobody_is_forgotten_and_nobody_answered_twice() {
    arbtest::arbtest(|u| {
        let (flights, relaunched) = flights(3);
        let keys = [key("a"), key("b")];
        let mut leads: Vec<(Lead<Client>, usize)> = Vec::new();
        let mut there: HashMap<usize, Arc<AtomicBool>> = HashMap::new();
        let mut answered = Vec::new();
        for number in 0..u.int_in_range(0..=40_usize)? {
            match u.int_in_range(0..=3)? {
                0 | 1 => {
                    let new = client(number);
                    there.insert(number, new.is_there.clone());
                    match flights.board(*u.choose(&keys)?, new) {
                        Boarding::Lead(lead, client) => leads.push((lead, client.number)),
                        Boarding::Joined => {}
                        Boarding::Full(client) => answered.push(client.number),
                    }
                }
                2 if !leads.is_empty() => {
                    let (lead, number) = leads.swap_remove(u.choose_index(leads.len())?);
                    answered.push(number);
                    answered.extend(numbers(lead.land()));
                }
                _ if !leads.is_empty() => {
                    // The client of the one who asks has gone.
                    let (lead, number) = leads.swap_remove(u.choose_index(leads.len())?);
                    there.remove(&number);
                    drop(lead);
                    leads.extend(relaunched.lock().drain(..).map(|(lead, client)| (lead, client.number)));
                }
                _ => {
                    if let Some(is_there) = there.get(&(number / 2)) {
                        is_there.store(false, Ordering::SeqCst);
                    }
                }
            }
            let leading: std::collections::HashSet<_> = leads.iter().map(|(lead, _)| *lead.key()).collect();
            assert_eq!(leading.len(), leads.len(), "one question for each key");
            assert_eq!(flights.counters().flights, leads.len());
        }
        for (lead, number) in leads {
            answered.push(number);
            answered.extend(numbers(lead.land()));
        }
        let mut once = answered.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), answered.len(), "answered twice");
        let waiting = there.iter().filter(|(_, is_there)| is_there.load(Ordering::SeqCst));
        for (number, _) in waiting {
            assert!(once.contains(number), "{number} is forgotten");
        }
        assert_eq!(flights.counters().flights, 0);
        Ok(())
    });
}

/// With the way back of the broker: a verdict is told once to everybody, from whatever thread.
#[test]
fn threads_that_board_and_land_at_once_lose_nobody() {
    struct Waiting(std::sync::mpsc::Sender<usize>, usize);
    impl Passenger for Waiting {
        fn is_wanted(&self) -> bool {
            true
        }
    }
    let (tell, told) = std::sync::mpsc::channel();
    let flights: Flights<Waiting> = Flights::new(1_000, |lead, waiting: Waiting| {
        waiting.0.send(waiting.1).unwrap();
        lead.land().for_each(|waiting| waiting.0.send(waiting.1).unwrap());
    });
    let key = key("secret");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (flights, tell) = (flights.clone(), tell.clone());
            scope.spawn(move || {
                for number in 0..500 {
                    match flights.board(key, Waiting(tell.clone(), thread * 500 + number)) {
                        // Every other leader goes away, its client with it.
                        Boarding::Lead(lead, waiting) => {
                            waiting.0.send(waiting.1).unwrap();
                            if number % 2 == 0 {
                                drop(lead);
                            } else {
                                lead.land().for_each(|waiting| waiting.0.send(waiting.1).unwrap());
                            }
                        }
                        Boarding::Joined => {}
                        Boarding::Full(_) => panic!("there is room for all"),
                    }
                }
            });
        }
    });
    let mut numbers: Vec<_> =
        (0..2_000).map(|_| told.recv_timeout(Duration::from_secs(20)).unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());
    assert_eq!(flights.counters().flights, 0);
}
