//! Verdicts that come later, and those that are looked at again.

use std::sync::{Mutex, Weak};

use super::*;
use crate::model::Unusable;

/// Does not know what to say until it is told.
#[derive(Default)]
struct Held {
    asked: Mutex<Vec<(AuthRequest, Reply)>>,
}

impl Authenticator for Held {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Elsewhere
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        panic!("it would have to wait")
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        self.asked.lock().unwrap().push((request, reply));
    }
}

/// Knows the users of a file, and counts what it computes.
#[derive(Default)]
struct Counted(Mutex<u32>);

impl Authenticator for Counted {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Expensive
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        *self.0.lock().unwrap() += 1;
        Verdict::NotMine
    }
}

/// Says the same whenever it is asked again.
struct Again(fn() -> Reconsidered);

impl Authenticator for Again {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        Verdict::NotMine
    }

    fn reconsider(&self, _: &Standing<'_>) -> Reconsidered {
        (self.0)()
    }
}

/// What came by a reply so far.
type Came = Arc<Mutex<Vec<Replied>>>;

fn reply() -> (Reply, Came) {
    let came = Came::default();
    let keep = came.clone();
    (Reply::new(Weak::new(), move |replied| keep.lock().unwrap().push(replied)), came)
}

/// The one thing that came, if it did.
fn taken(came: &Came) -> Option<Replied> {
    let mut came = came.lock().unwrap();
    assert!(came.len() <= 1, "once");
    came.pop()
}

#[track_caller]
fn verdict(came: &Came) -> String {
    match taken(came) {
        Some(Replied::Verdict(verdict)) => short(verdict),
        other @ (Some(Replied::Expensive(_)) | None) => panic!("{other:?}"),
    }
}

#[track_caller]
fn work(came: &Came) -> Work {
    match taken(came) {
        Some(Replied::Expensive(work)) => work,
        other @ (Some(Replied::Verdict(_)) | None) => panic!("{other:?}"),
    }
}

#[test]
fn a_reply_answers_exactly_once() {
    let (answered, came) = reply();
    answered.answer(Verdict::NotMine);
    assert_eq!(verdict(&came), "not mine");
    let (dropped, came) = reply();
    drop(dropped);
    assert_eq!(verdict(&came), "TimedOut");
    // One that is lost in between, too.
    let (lost, came) = reply();
    drop(lost.then(|verdict, reply| reply.answer(verdict)));
    assert_eq!(verdict(&came), "TimedOut");
    let (lost, came) = reply();
    lost.hand_back(Work::new(drop));
    let (second, came_second) = reply();
    work(&came).run(second);
    assert_eq!(verdict(&came_second), "TimedOut");
}

#[test]
fn a_reply_knows_whether_somebody_waits() {
    let somebody = Arc::new(());
    let reply = Reply::new(Arc::downgrade(&somebody), |_| {});
    let then = reply.then(|verdict, reply| reply.answer(verdict));
    assert!(then.is_wanted());
    drop(somebody);
    assert!(!then.is_wanted());
}

/// Everybody who does not know better answers at once.
#[test]
fn who_can_say_at_once_does() {
    let anonymous = Anonymous::everybody(Access::everything());
    let (reply, came) = reply();
    anonymous.verify_elsewhere(request(None, None), reply);
    assert_eq!(verdict(&came), "anonymous");
}

#[test]
fn a_chain_goes_on_when_the_answer_is_there() {
    let held = Arc::new(Held::default());
    let chain = chain(vec![
        Box::new(Says(|| Verdict::NotMine, Cost::Cheap)),
        Box::new(held.clone()),
        Box::new(Anonymous::without_user_name(Access::everything())),
    ]);
    type Case = (Option<&'static str>, fn() -> Verdict, &'static str);
    let cases: [Case; 4] = [
        (None, || Verdict::NotMine, "anonymous"),
        (Some("alice"), || Verdict::NotMine, "UnknownUser"),
        (None, || Verdict::Deny(Denial::WrongPassword), "WrongPassword"),
        (None, || Verdict::Unavailable(Unavailable::Busy), "Busy"),
    ];
    for (username, says, expected) in cases {
        let ask = request(username, Some("p"));
        assert_eq!(chain.cost(&ask), Cost::Elsewhere);
        let (reply, came) = reply();
        chain.verify_elsewhere(ask, reply);
        assert!(taken(&came).is_none(), "it waits");
        let (asked, later) = held.asked.lock().unwrap().pop().unwrap();
        assert_eq!(asked.password.unwrap().expose_secret(), b"p");
        later.answer(says());
        assert_eq!(verdict(&came), expected);
    }
    // Nobody in front of it asks in vain, and who is lost is refused.
    let (reply, came) = reply();
    chain.verify_elsewhere(request(None, None), reply);
    held.asked.lock().unwrap().clear();
    assert_eq!(verdict(&came), "TimedOut");
}

#[test]
fn a_chain_computes_nothing_on_the_thread_that_asks_or_answers() {
    let (held, counted) = (Arc::new(Held::default()), Arc::new(Counted::default()));
    let count = || *counted.0.lock().unwrap();
    let chain = chain(vec![
        Box::new(counted.clone()),
        Box::new(held.clone()),
        Box::new(counted.clone()),
        Box::new(counted.clone()),
        Box::new(Anonymous::everybody(Access::everything())),
    ]);
    let (first, came) = reply();
    chain.verify_elsewhere(request(Some("x"), Some("p")), first);
    assert_eq!(count(), 0);
    let (on_pool, came_first) = (work(&came), reply());
    on_pool.run(came_first.0);
    assert_eq!(count(), 1);
    held.asked.lock().unwrap().pop().unwrap().1.answer(Verdict::NotMine);
    assert_eq!(count(), 1, "not on the thread that answers");
    let (on_pool, came_second) = (work(&came_first.1), reply());
    on_pool.run(came_second.0);
    assert_eq!((count(), verdict(&came_second.1)), (3, "anonymous".to_owned()));
}

/// A chain in a chain: what the inner one leaves to the pool comes back to the outer one.
#[test]
fn work_of_a_chain_in_a_chain_ends_in_the_outer_one() {
    let counted = Arc::new(Counted::default());
    struct NotMine(Chain);
    impl Authenticator for NotMine {
        fn cost(&self, request: &AuthRequest) -> Cost {
            self.0.cost(request)
        }
        fn verify(&self, _: &AuthRequest) -> Verdict {
            panic!("it would have to wait")
        }
        fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
            self.0.verify_elsewhere(request, reply.then(|_, reply| reply.answer(Verdict::NotMine)));
        }
    }
    struct AtOnce;
    impl Authenticator for AtOnce {
        fn cost(&self, _: &AuthRequest) -> Cost {
            Cost::Elsewhere
        }
        fn verify(&self, _: &AuthRequest) -> Verdict {
            Verdict::NotMine
        }
    }
    let inner = NotMine(chain(vec![Box::new(AtOnce), Box::new(counted.clone())]));
    let outer = chain(vec![Box::new(inner), Box::new(Anonymous::everybody(Access::everything()))]);
    let (first, came) = reply();
    outer.verify_elsewhere(request(Some("x"), Some("p")), first);
    assert_eq!(*counted.0.lock().unwrap(), 0);
    let (second, came_second) = reply();
    work(&came).run(second);
    assert_eq!((*counted.0.lock().unwrap(), verdict(&came_second)), (1, "anonymous".to_owned()));
}

/// A device is judged at once, however long those take that are asked behind.
#[test]
fn who_is_known_does_not_pay_for_those_behind() {
    struct Knows;
    impl Authenticator for Knows {
        fn cost(&self, _: &AuthRequest) -> Cost {
            Cost::Cheap
        }
        fn verify(&self, _: &AuthRequest) -> Verdict {
            Verdict::Deny(Denial::WrongPassword)
        }
        fn decides(&self, request: &AuthRequest) -> bool {
            request.username.is_some()
        }
    }
    let chain = chain(vec![Box::new(Knows), Box::new(Held::default())]);
    assert_eq!(chain.cost(&request(Some("known"), None)), Cost::Cheap);
    assert_eq!(chain.cost(&request(None, None)), Cost::Elsewhere);
    assert_eq!(short(chain.verify(&request(Some("known"), None))), "WrongPassword");
}

#[test]
fn a_chain_ends_what_one_ends_and_changes_what_the_first_changes() {
    let again = |says: fn() -> Reconsidered| -> Box<dyn Authenticator> { Box::new(Again(says)) };
    let unchanged = || again(|| Reconsidered::Unchanged);
    let changed = || {
        again(|| {
            Reconsidered::Changed(crate::Allowance {
                principal: Principal::Anonymous,
                authorize: Arc::new(crate::DenyAll),
                expires_at: Some(crate::UnixMillis::new(1)),
            })
        })
    };
    let ended = || again(|| Reconsidered::Ended(Denial::Credential(Unusable::Revoked)));
    let standing = Standing { principal: &Principal::Anonymous, client_id: "c", username: None, peer: None };
    let of = |members| format!("{:?}", chain(members).reconsider(&standing));
    assert_eq!(of(vec![]), "Unchanged");
    assert_eq!(of(vec![unchanged(), Box::new(Anonymous::everybody(Access::nothing()))]), "Unchanged");
    assert!(of(vec![unchanged(), changed(), unchanged()]).starts_with("Changed"));
    for members in [vec![changed(), ended()], vec![ended(), changed()], vec![unchanged(), ended()]] {
        assert_eq!(of(members), "Ended(Credential(Revoked))");
    }
}
