use std::collections::HashMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use vouchmq_identity::UnixMillis;
use vouchmq_identity::signature::Claim;

use super::*;
use crate::remote::cache::Ttl;

/// What was told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Changed(u64),
    Reset(u64),
    Health(Health),
}

use Health::{Healthy, Stale, Suspect};
use Told::{Changed, Reset};

struct Log(mpsc::UnboundedSender<Told>);

impl Followed for Log {
    fn changed(&self, change: &Change) {
        self.0.send(Changed(change.seq)).unwrap();
    }

    fn reset(&self, head: u64) {
        self.0.send(Reset(head)).unwrap();
    }

    fn health(&self, health: Health) {
        self.0.send(Told::Health(health)).unwrap();
    }
}

/// The wall clock stands.
struct Standing;

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        NOW
    }
}

/// A follower at work.
struct Work {
    told: mpsc::UnboundedReceiver<Told>,
    health: Arc<StreamHealth>,
    start: Instant,
    task: JoinHandle<()>,
}

impl Work {
    fn begin(servers: &[&Service], key: Option<SigningKey>) -> Self {
        let addresses: Vec<Box<str>> = servers.iter().map(|server| server.address()).collect();
        let follower = Follower::try_new(&addresses, None, key, Arc::new(Standing)).unwrap();
        let (tell, told) = mpsc::unbounded_channel();
        let (health, start) = (Arc::new(StreamHealth::new()), Instant::now());
        let shared = health.clone();
        let task = tokio::spawn(async move {
            follower.follow(&Log(tell), &shared, &move || start.elapsed()).await;
        });
        Self { told, health, start, task }
    }

    #[track_caller]
    fn tells(&mut self, expected: Told) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let told = timeout(Duration::from_mins(1), self.told.recv()).await;
            assert_eq!(told.ok().flatten(), Some(expected), "{caller}");
        }
    }

    fn cap(&self) -> Ttl {
        self.health.cap(self.start.elapsed())
    }

    /// Nothing was told that nobody looked at.
    fn is_silent(&mut self) -> bool {
        self.told.try_recv().is_err()
    }
}

/// Lets the time of the test go by: as soon as nothing else is left to do.
async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

impl Drop for Work {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A service, written by hand.
struct Service(TcpListener);

/// A request to it, and where the answer goes.
struct Asked {
    target: String,
    fields: HashMap<String, String>,
    stream: TcpStream,
}

impl Service {
    async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn address(&self) -> Box<str> {
        format!("http://{}", self.0.local_addr().unwrap()).into()
    }

    /// The next request.
    async fn asked(&self) -> Asked {
        let accepted = timeout(Duration::from_mins(1), self.0.accept()).await;
        let (mut stream, _) = accepted.expect("somebody has to come").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().to_owned();
        let fields = lines.filter_map(|line| line.split_once(": "));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Asked { target, fields, stream }
    }

    /// The next request, answered with a stream.
    async fn streams(&self, target: &str) -> Asked {
        let mut asked = self.asked().await;
        assert_eq!(asked.target, target);
        asked.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").await;
        asked
    }
}

impl Asked {
    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn beat(&mut self, log: &str, head: u64) {
        let data = format!(r#"{{"head_seq":{head},"server_time":"","log":"{log}"}}"#);
        self.say(&format!("event: heartbeat\ndata: {data}\n\n")).await;
    }

    async fn change(&mut self, log: &str, prev: u64, seq: u64) {
        let data = format!(r#"{{"seq":{seq},"prev_seq":{prev},"ts":"","kind":"device","kick":"none"}}"#);
        self.say(&format!("event: change\nid: {log}:{seq}\ndata: {data}\n\n")).await;
    }
}

/// A service that is followed and has said that it is at 7.
async fn heard() -> (Service, Work, Asked) {
    let service = Service::open().await;
    let mut work = Work::begin(&[&service], None);
    let mut stream = service.streams("/v1/changes").await;
    stream.beat("a1", 7).await;
    work.tells(Reset(7)).await;
    work.tells(Told::Health(Healthy)).await;
    (service, work, stream)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_relied_on_before_the_first_heartbeat_and_everything_after_it() {
    let service = Service::open().await;
    let mut work = Work::begin(&[&service], None);
    assert_eq!(work.cap(), Ttl::NotUsed);
    let mut stream = service.streams("/v1/changes").await;
    assert_eq!(work.cap(), Ttl::NotUsed, "an answer alone says nothing");
    stream.beat("a1", 7).await;
    work.tells(Reset(7)).await;
    work.tells(Told::Health(Healthy)).await;
    assert_eq!(work.cap(), Ttl::Full);
    for seq in 8..40 {
        stream.change("a1", seq - 1, seq).await;
    }
    for seq in 8..40 {
        work.tells(Changed(seq)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_goes_on_where_it_was() {
    let service = Service::open().await;
    let mut work = Work::begin(&[&service], None);
    let mut stream = service.streams("/v1/changes").await;
    stream.beat("a1", 7).await;
    stream.change("a1", 7, 8).await;
    // Half of a change is none.
    stream.say("event: change\nid: a1:9\ndata: {\"seq\":9,\"prev").await;
    drop(stream);
    let mut stream = service.streams("/v1/changes?after=8&log=a1").await;
    stream.beat("a1", 10).await;
    stream.change("a1", 8, 9).await;
    stream.change("a1", 9, 10).await;
    for expected in [Reset(7), Told::Health(Healthy), Changed(8), Changed(9), Changed(10)] {
        work.tells(expected).await;
    }
    assert!(work.is_silent() && work.start.elapsed() < Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_gap_a_reset_and_another_log_end_everything() {
    let (service, mut work, mut stream) = heard().await;
    stream.change("a1", 8, 9).await;
    work.tells(Reset(9)).await;
    stream.say("event: reset\nid: a1:12\ndata: {\"head_seq\":12,\"log\":\"a1\"}\n\n").await;
    work.tells(Reset(12)).await;
    stream.beat("b2", 3).await;
    work.tells(Reset(3)).await;
    drop(stream);
    let _stream = service.streams("/v1/changes?after=3&log=b2").await;
    assert!(work.is_silent());
}

#[tokio::test(start_paused = true)]
async fn the_longer_a_service_is_silent_the_less_is_relied_on() {
    let (service, mut work, mut stream) = heard().await;
    // Comments and events that mean nothing are no signs of life.
    let heard = Instant::now();
    let silent = async {
        loop {
            pass(Duration::from_millis(500)).await;
            if stream.stream.write_all(b": here\n\nevent: later\ndata: x\n\n").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let work_told = async {
        work.tells(Told::Health(Suspect)).await;
        assert_eq!(work.cap(), Ttl::Capped(Duration::from_secs(5)));
        work.tells(Told::Health(Stale)).await;
        assert_eq!(work.cap(), Ttl::NotUsed);
    };
    tokio::select! { () = silent => {}, () = work_told => {} }
    assert!(heard.elapsed() > Duration::from_secs(10) && heard.elapsed() < Duration::from_secs(16));
    // It comes back: the waiting attempts first, whose askers have gone.
    loop {
        let mut asked = service.asked().await;
        assert_eq!(asked.target, "/v1/changes?after=7&log=a1");
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        let beat = b"event: heartbeat\ndata: {\"head_seq\":7,\"server_time\":\"\",\"log\":\"a1\"}\n\n";
        let _ = asked.stream.write_all(&[&head[..], &beat[..]].concat()).await;
        if let Ok(Some(told)) = timeout(Duration::from_secs(1), work.told.recv()).await {
            assert_eq!(told, Told::Health(Healthy));
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_is_slow_is_one_and_a_slower_one_is_a_reason_to_ask_again() {
    let service = Service::open().await;
    let mut work = Work::begin(&[&service], None);
    let mut stream = service.streams("/v1/changes").await;
    stream.beat("a1", 7).await;
    for _ in 0..10 {
        pass(Duration::from_millis(2_900)).await;
        stream.beat("a1", 7).await;
    }
    work.tells(Reset(7)).await;
    work.tells(Told::Health(Healthy)).await;
    assert!(work.is_silent());
    pass(Duration::from_millis(3_100)).await;
    let mut stream = service.streams("/v1/changes?after=7&log=a1").await;
    stream.beat("a1", 7).await;
    work.tells(Told::Health(Suspect)).await;
    work.tells(Told::Health(Healthy)).await;
}

#[tokio::test(start_paused = true)]
async fn who_hears_that_there_is_more_relies_on_nothing_until_it_comes() {
    let (service, mut work, stream) = heard().await;
    drop(stream);
    let mut stream = service.streams("/v1/changes?after=7&log=a1").await;
    // Longer than a stream may be silent: what comes is of use, though there is always more.
    for seq in 8..20 {
        stream.beat("a1", 20).await;
        pass(Duration::from_secs(1)).await;
        stream.change("a1", seq - 1, seq).await;
        work.told.recv().await.unwrap();
    }
    assert_eq!(work.cap(), Ttl::NotUsed);
    stream.change("a1", 19, 20).await;
    while work.cap() != Ttl::Full {
        work.told.recv().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_is_no_stream_of_changes_is_given_up_and_tells_nothing() {
    let service = Service::open().await;
    let mut work = Work::begin(&[&service], None);
    let stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let endless = format!("{stream}data: {}", "x".repeat(20_000));
    for answer in [
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "no HTTP at all\r\n\r\n",
        &format!("{stream}event: heartbeat\ndata: <html>\n\n"),
        &format!("{stream}event: reset\ndata: {{\"head_seq\":1,\"log\":\"../..\"}}\n\n"),
        &endless,
    ] {
        let mut asked = service.asked().await;
        assert_eq!(asked.target, "/v1/changes");
        // It may hang up before it has read everything.
        let _ = asked.stream.write_all(answer.as_bytes()).await;
        let mut rest = Vec::new();
        let gone = timeout(Duration::from_secs(30), asked.stream.read_to_end(&mut rest)).await;
        assert!(gone.is_ok() || answer.contains("Content-Length: 0"), "{answer}");
    }
    assert!(work.is_silent());
    assert_eq!(work.cap(), Ttl::NotUsed);
    let mut asked = service.streams("/v1/changes").await;
    asked.beat("a1", 1).await;
    work.tells(Reset(1)).await;
}

#[tokio::test(start_paused = true)]
async fn another_server_goes_on_where_one_ends() {
    let (first, second) = (Service::open().await, Service::open().await);
    let mut work = Work::begin(&[&first, &second], None);
    // Which one is asked first is left to chance.
    let (mut asked, other) = tokio::select! {
        asked = first.asked() => (asked, second),
        asked = second.asked() => (asked, first),
    };
    asked.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n").await;
    asked.beat("a1", 7).await;
    work.tells(Reset(7)).await;
    drop(asked);
    let mut stream = other.streams("/v1/changes?after=7&log=a1").await;
    stream.change("a1", 7, 8).await;
    work.tells(Told::Health(Healthy)).await;
    work.tells(Changed(8)).await;
}

#[tokio::test(start_paused = true)]
async fn attempts_are_spread_and_become_fewer() {
    let service = Service::open().await;
    let _work = Work::begin(&[&service], None);
    let mut times = Vec::new();
    for _ in 0..20 {
        let mut asked = service.asked().await;
        times.push(Instant::now());
        asked.say("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    }
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for pause in &pauses {
        assert!((50..=2_050).contains(&pause.as_millis()), "{pauses:?}");
    }
    assert!(pauses[10..].iter().sum::<Duration>() > Duration::from_secs(3), "{pauses:?}");
}

/// RFC 9421 §2.2.7: the query is part of what is signed.
#[tokio::test(start_paused = true)]
async fn a_request_is_signed_with_its_query() {
    let service = Service::open().await;
    let key = SigningKey::new("broker-1", KEY).unwrap();
    let mut work = Work::begin(&[&service], Some(key.clone()));
    let mut nonces = std::collections::HashSet::new();
    for query in [None, Some("after=7&log=a1")] {
        let mut asked = service.asked().await;
        let field = |name: &str| asked.fields.get(name).map(String::as_str);
        let claim = Claim::parse(field("signature-input"), field("signature")).unwrap();
        let parts = RequestParts {
            method: "GET",
            authority: field("host").unwrap(),
            path: PATH,
            query,
            content_type: field("content-type"),
            content_digest: field("content-digest"),
            body: b"",
        };
        assert_eq!(claim.verify(&key, &parts, NOW), Ok(()));
        assert!(nonces.insert(claim.nonce().to_owned()));
        asked.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").await;
        asked.beat("a1", 7).await;
    }
    work.tells(Reset(7)).await;
}

#[test]
fn a_server_is_a_scheme_and_an_address() {
    for bad in
        ["", "auth.example", "https://auth.example", "http://auth.example/path", "http://a/?q", "ftp://a"]
    {
        let made = Follower::try_new(&[bad.into()], None, None, Arc::new(Standing));
        assert!(matches!(made, Err(RestFault::Address(text)) if *text == *bad), "{bad}");
    }
    assert!(Follower::try_new(&[], None, None, Arc::new(Standing)).is_err());
    assert!(Follower::try_new(&["http://auth.example:8080/".into()], None, None, Arc::new(Standing)).is_ok());
}
