use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::json;
use vouchmq_api::authentication_service::{AuthenticationServiceOptions, Judge};
use vouchmq_identity::resident::{Allowed, Judgement, Named, Resident};
use vouchmq_identity::{AuthRequest, Cost, Denial, Standing};

use super::{post, post_json};
use crate::harness::Server;
use crate::harness::world::{World, trusting};

/// Takes its time with whoever is called `slow`, until it is let go.
struct Slow {
    resident: Arc<Resident>,
    came: Sender<()>,
    go: Mutex<Receiver<()>>,
}

impl Judge for Slow {
    fn cost(&self, request: &AuthRequest) -> Cost {
        if request.username.as_deref() == Some("d1") { Cost::Cheap } else { Cost::Expensive }
    }

    fn judge(&self, request: &AuthRequest) -> Judgement {
        if request.username.as_deref() == Some("panics") {
            panic!("a bug");
        }
        if request.username.as_deref() == Some("slow") {
            self.came.send(()).unwrap();
            self.go.lock().unwrap().recv().unwrap();
        }
        Judge::judge(&*self.resident, request)
    }

    fn permit(&self, named: &Named<'_>) -> Result<Allowed, Denial> {
        self.resident.permit(named)
    }

    fn judge_again(&self, standing: &Standing<'_>) -> Judgement {
        self.resident.judge_again(standing)
    }

    fn applied(&self) -> u64 {
        self.resident.applied()
    }

    fn when_applied(&self, sequence: u64, then: Box<dyn FnOnce() + Send>) {
        self.resident.when_applied(sequence, then);
    }
}

fn serve(options: AuthenticationServiceOptions) -> (World, Server, Receiver<()>, Sender<()>) {
    serve_with_threads(AuthenticationServiceOptions { passwords_at_once_max: 1, ..options })
}

fn serve_with_threads(options: AuthenticationServiceOptions) -> (World, Server, Receiver<()>, Sender<()>) {
    let world = World::new();
    let ((came, has_come), (go, gone)) = (channel(), channel());
    let judge = Slow { resident: world.resident.clone(), came, go: Mutex::new(gone) };
    let server = world.serve_with(&options, Arc::new(judge));
    (world, server, has_come, go)
}

fn login(name: &str) -> String {
    let body = json!({ "clientid": name, "username": name, "password": "x" }).to_string();
    post("/v1/auth/verify", "application/json", "", &body)
}

fn decision(server: &Server, name: &str) -> String {
    server.ask(&login(name)).json()["decision"].as_str().unwrap().to_owned()
}

/// Passwords never run where requests are answered; and too many of them are nobody's wrong password.
#[test]
fn who_comes_when_the_pool_is_full_is_refused_for_the_moment_and_others_do_not_wait() {
    let (world, server, came, go) =
        serve(AuthenticationServiceOptions { passwords_waiting_max: 1, ..trusting() });
    let mut first = server.connect();
    first.send(login("slow").as_bytes());
    came.recv().unwrap();
    let mut second = server.connect();
    second.send(login("slow").as_bytes());
    // Both places are taken as soon as the second is in the queue.
    while decision(&server, "pw") != "unavailable" {}
    assert_eq!(decision(&server, "d1"), "deny", "what is quick is still quick");
    let form = format!("clientid=d1&username=d1&password={}", world.secret.expose());
    assert_eq!(server.ask(&post("/mqtt/auth", "application/x-www-form-urlencoded", "", &form)).status, 200);
    let form = "clientid=pw&username=pw&password=x";
    let busy = server.ask(&post("/mqtt/auth", "application/x-www-form-urlencoded", "", form));
    assert_eq!((busy.status, busy.code().as_str()), (503, "unavailable"));
    go.send(()).unwrap();
    assert_eq!(first.receive().json()["decision"], "not_mine");
    came.recv().unwrap();
    go.send(()).unwrap();
    assert_eq!(second.receive().json()["decision"], "not_mine");
    assert_eq!(decision(&server, "pw"), "deny", "there are places again");
}

/// T1: no call waits for another one's answer, be it slow, and a connection is good for many calls.
#[test]
fn calls_are_answered_side_by_side_on_connections_that_are_kept() {
    const CALLERS: usize = 4;
    let (_world, server, came, go) =
        serve_with_threads(AuthenticationServiceOptions { passwords_at_once_max: CALLERS, ..trusting() });
    let mut callers: Vec<_> = (0..CALLERS).map(|_| server.connect()).collect();
    for _ in 0..3 {
        callers.iter_mut().for_each(|caller| caller.send(login("slow").as_bytes()));
        // All of them are judged before the first one ends.
        (0..CALLERS).for_each(|_| came.recv().unwrap());
        (0..CALLERS).for_each(|_| go.send(()).unwrap());
        for caller in &mut callers {
            assert_eq!(caller.receive().json()["decision"], "not_mine");
        }
    }
}

#[test]
fn a_password_does_not_wait_for_ever_nor_does_a_panic_take_a_place() {
    let (_world, server, came, go) =
        serve(AuthenticationServiceOptions { patience_millis: 50, ..trusting() });
    for _ in 0..3 {
        assert_eq!(decision(&server, "panics"), "unavailable");
    }
    let mut first = server.connect();
    first.send(login("slow").as_bytes());
    came.recv().unwrap();
    assert_eq!(decision(&server, "pw"), "unavailable");
    let batch = json!({ "items": [
        { "clientid": "pw", "username": "pw", "password": "x" },
        { "clientid": "d1", "username": "d1", "password": "x" },
    ]});
    let results = post_json(&server, "/v1/auth/verify:batch", &batch.to_string()).json()["results"].clone();
    assert_eq!(
        (results[0]["decision"].as_str(), results[1]["decision"].as_str()),
        (Some("unavailable"), Some("deny"))
    );
    go.send(()).unwrap();
    assert_eq!(first.receive().json()["decision"], "not_mine");
}
