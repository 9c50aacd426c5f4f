use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use vouchmq_identity::model::CredentialId;
use vouchmq_identity::{AuthRequest, Clock, Generation, Pending, UnixMillis, Vouched};

use super::*;
use crate::dto::verify::{Decision, ReconsiderRequest, ReconsiderResponse, VerifyResponse};
use crate::remote::answer::Carried;
use crate::remote::options::{CacheOptions, NativeOptions, Protocol, RemoteOptions, ServerBounds};
use crate::remote::rights::Basis;
use crate::remote::service::{Spoken, Surroundings};
use crate::remote::settled::Grounds;
use crate::remote::standings::{Found, Newcomer};

/// A service that is asked again about devices.
#[derive(Default)]
struct Service {
    says: Mutex<Says>,
    as_of: AtomicU64,
    /// About how many it was asked.
    asked: AtomicUsize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Says {
    #[default]
    Stays,
    Ended,
    Nothing,
}

/// The connections of a broker: what they were told, and when.
#[derive(Default)]
struct Log {
    reconsidered: Mutex<Vec<(Instant, usize)>>,
    disconnected: Mutex<Vec<Whom>>,
}

/// The wall clock stands.
struct Standing;

struct World {
    service: Arc<Service>,
    log: Arc<Log>,
    following: Arc<Following>,
    /// Who is connected.
    who: Vec<Arc<Vouched>>,
    start: Instant,
    _works: JoinSet<()>,
}

const CREDENTIAL: &str = "01a203a1-6afa-7e66-adff-7f2cfa8c1a82";

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(1_700_000_000_000)
    }
}

impl Sessions for Log {
    fn reconsider(&self, whom: Whom) -> Pending<'_, usize> {
        let Whom::Devices(devices) = whom else { panic!("{whom:?}") };
        self.reconsidered.lock().push((Instant::now(), devices.len()));
        Box::pin(std::future::ready(0))
    }

    fn disconnect(&self, whom: Whom, _: Option<CredentialId>, _: Farewell) -> Pending<'_, usize> {
        self.disconnected.lock().push(whom);
        Box::pin(std::future::ready(0))
    }

    fn connected(&self, _: Vec<DeviceId>) -> Pending<'_, Vec<bool>> {
        panic!("nobody asks")
    }
}

impl Service {
    async fn answer(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let mut len = 0;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                let line = line.trim_end().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    len = value.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; len];
            stream.read_exact(&mut body).await.unwrap();
            let ReconsiderRequest { items } = serde_json::from_slice(&body).unwrap();
            self.asked.fetch_add(items.len(), Ordering::SeqCst);
            let says = *self.says.lock();
            let decision = match says {
                Says::Stays => Decision::Allow,
                Says::Ended => Decision::Deny,
                Says::Nothing => std::future::pending().await,
            };
            let as_of = self.as_of.load(Ordering::SeqCst);
            let result = VerifyResponse {
                decision,
                reason: None,
                device_id: None,
                credential_id: None,
                acl: Some(Vec::new()),
                expires_at: None,
                as_of,
            };
            let response = ReconsiderResponse { as_of, results: vec![result; items.len()] };
            let body = serde_json::to_string(&response).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.get_mut().write_all((head + &body).as_bytes()).await.unwrap();
        }
    }
}

impl World {
    /// So many are connected, whose verdicts are as of change 1.
    async fn with(count: usize, staleness_max: Option<Duration>) -> Self {
        let (service, log) = (Arc::new(Service::default()), Arc::new(Log::default()));
        service.as_of.store(1, Ordering::SeqCst);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let mut works = JoinSet::new();
        let serving = service.clone();
        works.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().answer(stream));
            }
        });
        let remote = Remote::new(options(server, staleness_max), &surroundings()).unwrap();
        let Spoken::Native(native) = remote.spoken() else { panic!("it is native") };
        let following = Following::new(remote.clone(), native.clone(), log.clone());
        let who = (0..count).map(|number| enter(&remote, number)).collect();
        let working = following.clone();
        works.spawn(async move { working.work().await });
        Self { service, log, following, who, start: Instant::now(), _works: works }
    }

    fn asked(&self) -> usize {
        self.service.asked.load(Ordering::SeqCst)
    }

    fn say(&self, says: Says, as_of: u64) {
        *self.service.says.lock() = says;
        self.service.as_of.store(as_of, Ordering::SeqCst);
    }

    fn hears(&self) {
        self.following.native.health.heard(self.following.native.now());
    }

    /// A change of the first device.
    fn change(&self, seq: u64, kick: &str) {
        let change = Change {
            seq,
            prev_seq: seq - 1,
            ts: String::new(),
            kind: "device".to_owned(),
            product_id: None,
            device_id: Some("d0".to_owned()),
            credential_id: None,
            kick: kick.to_owned(),
        };
        self.following.changed(&change);
    }

    fn has_ended(&self, number: usize) -> bool {
        let standings = self.following.remote.standings();
        matches!(standings.find(self.who[number].number, true, Generation::FIRST, |_| false), Found::Ended(_))
    }

    fn ended(&self) -> usize {
        (0..self.who.len()).filter(|number| self.has_ended(*number)).count()
    }

    /// To how many devices each time.
    fn told(&self) -> Vec<usize> {
        self.log.reconsidered.lock().iter().map(|(_, count)| *count).collect()
    }
}

fn surroundings() -> Surroundings {
    Surroundings::new(Handle::current(), Arc::new(Standing))
}

fn options(server: String, staleness_max: Option<Duration>) -> RemoteOptions {
    let secs = Duration::from_secs;
    let native = NativeOptions {
        servers: vec![server.into()],
        tls: Default::default(),
        batch_window: Duration::from_millis(2),
        batch_max: 256,
        follows_changes: true,
        staleness_max,
    };
    RemoteOptions {
        protocol: Protocol::Native(native),
        timeout: secs(5),
        connect_timeout: secs(5),
        deadline: secs(8),
        server: ServerBounds::default(),
        cache: CacheOptions::default(),
        signing: None,
    }
}

fn enter(remote: &Arc<Remote>, number: usize) -> Arc<Vouched> {
    let id = format!("d{number}");
    let request = AuthRequest {
        client_id: (&*id).into(),
        username: Some((&*id).into()),
        password: None,
        peer: None,
        certificate: None,
        arrival: Default::default(),
    };
    let (device, credential): (Option<DeviceId>, _) = (id.parse().ok(), CREDENTIAL.parse().ok());
    let carried = Carried::default();
    let grounds = Arc::new(Grounds { carried, device: device.clone(), credential, as_of: 1 });
    remote.standings().enter(Newcomer {
        name: request.username.clone(),
        device,
        credential,
        client_id: request.client_id.clone(),
        peer: None,
        grounds: Basis::of(remote, &grounds, &request),
        as_of: 1,
        is_looked_after: true,
        rules: Generation::FIRST,
    })
}

/// Lets the time of the test go by: as soon as nothing else is left to do.
async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

async fn pass_secs(secs: u64) {
    pass(Duration::from_secs(secs)).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_stream_everybody_is_asked_about_once_a_minute() {
    let world = World::with(3, None).await;
    pass_secs(59).await;
    assert_eq!(world.asked(), 0);
    pass_secs(2).await;
    assert_eq!(world.asked(), 3);
    pass_secs(60).await;
    assert_eq!((world.asked(), world.ended()), (6, 0));
    world.say(Says::Ended, 1);
    pass_secs(60).await;
    assert_eq!(world.ended(), 3);
}

#[tokio::test(start_paused = true)]
async fn while_changes_are_heard_of_nobody_is_asked_about() {
    let world = World::with(3, Some(Duration::from_secs(5))).await;
    for _ in 0..180 {
        world.hears();
        pass_secs(1).await;
    }
    assert_eq!((world.asked(), world.ended()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_answers_they_stay() {
    let world = World::with(3, None).await;
    world.say(Says::Nothing, 1);
    pass_secs(600).await;
    assert_eq!(world.ended(), 0);
    world.say(Says::Ended, 1);
    pass_secs(70).await;
    assert_eq!(world.ended(), 3);
}

#[tokio::test(start_paused = true)]
async fn after_max_staleness_they_go_in_portions() {
    let world = World::with(2_500, Some(Duration::from_secs(30))).await;
    world.hears();
    world.say(Says::Nothing, 1);
    pass_secs(29).await;
    assert_eq!(world.ended(), 0);
    pass_secs(60).await;
    assert_eq!((world.ended(), world.told()), (2_500, vec![1_000, 1_000, 500]));
    let told = world.log.reconsidered.lock().clone();
    assert!(told.windows(2).all(|two| two[1].0 - two[0].0 >= SLICE_PAUSE), "{told:?}");
    // It is looked as often as that, and the question takes its time.
    assert!(told[0].0 - world.start <= Duration::from_secs(30 + 30) + PATIENCE, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_a_change_says_nothing_about_it() {
    let world = World::with(2, None).await;
    world.change(2, "none");
    pass_secs(1).await;
    assert!(world.asked() > 1 && world.told().is_empty(), "{}", world.asked());
    world.say(Says::Stays, 2);
    pass_secs(1).await;
    assert_eq!(world.told(), [1]);
    let asked = world.asked();
    pass_secs(20).await;
    assert_eq!((world.asked(), world.ended()), (asked, 0), "it is known, and the other has not changed");
}

#[tokio::test(start_paused = true)]
async fn of_whom_it_is_not_known_in_5_s_what_a_change_means_has_to_go() {
    for says in [Says::Nothing, Says::Stays] {
        let world = World::with(2, None).await;
        world.say(says, 1);
        world.change(2, "none");
        pass(Duration::from_millis(4_900)).await;
        assert_eq!(world.ended(), 0);
        pass_secs(1).await;
        assert!(world.has_ended(0) && !world.has_ended(1));
    }
}

#[tokio::test(start_paused = true)]
async fn where_numbers_begin_anew_everybody_is_asked_about() {
    let world = World::with(2, None).await;
    world.say(Says::Stays, 100);
    world.change(100, "none");
    pass_secs(1).await;
    assert_eq!((world.ended(), world.told()), (0, vec![1]));
    // Another log, that is at 3.
    world.say(Says::Ended, 3);
    world.following.reset(3);
    assert_eq!(world.following.native.last_applied(), 3);
    pass_secs(1).await;
    assert_eq!(world.ended(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_may_stay_and_is_to_come_again_is_thrown_out() {
    let world = World::with(2, None).await;
    world.say(Says::Stays, 2);
    world.change(2, "soft");
    pass_secs(1).await;
    let first = world.who[0].device.clone().unwrap();
    assert_eq!(*world.log.disconnected.lock(), [Whom::Devices([first].into())]);
    assert_eq!(world.ended(), 0);
}
