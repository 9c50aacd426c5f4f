use std::net::IpAddr;
use std::sync::Arc;

use super::Reply;
use crate::events::{EventKind, Events, NewEvent};
use crate::resident::Resident;
use crate::{
    AuthRequest, Authenticator, Clock, Cost, Exchange, ExchangeMethod, Inquiry, Principal, Reconsidered,
    Standing, Step, Uses, Verdict,
};

/// Asks another authenticator and takes down what came of it: why somebody was refused, exactly, and when a
/// credential was last used. It changes no verdict.
#[derive(Clone)]
pub struct Witness<A> {
    inner: A,
    book: Arc<DoorBook>,
}

/// What is taken down at the door: why somebody was refused, and when credentials were last used.
pub struct DoorBook {
    resident: Arc<Resident>,
    events: Arc<Events>,
    uses: Arc<Uses>,
    clock: Arc<dyn Clock>,
}

/// Who wants to come in.
#[derive(Clone)]
struct Visitor {
    name: Box<str>,
    peer: Option<IpAddr>,
}

/// An exchange whose end is taken down.
struct Witnessed {
    exchange: Box<dyn Exchange>,
    visitor: Visitor,
    book: Arc<DoorBook>,
}

impl<A> Witness<A> {
    /// Takes down in `book` what `inner` says.
    pub const fn new(inner: A, book: Arc<DoorBook>) -> Self {
        Self { inner, book }
    }

    /// The same book, for a method of enhanced authentication.
    pub fn of<M: ExchangeMethod>(&self, method: M) -> Witness<M> {
        Witness { inner: method, book: self.book.clone() }
    }
}

impl<A: Authenticator> Authenticator for Witness<A> {
    fn cost(&self, request: &AuthRequest) -> Cost {
        self.inner.cost(request)
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let verdict = self.inner.verify(request);
        self.book.record(request, &verdict);
        verdict
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        let reply = self.book.clone().noting(Visitor::of(&request), reply);
        self.inner.verify_elsewhere(request, reply);
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        self.inner.decides(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.inner.reconsider(standing)
    }
}

impl<M: ExchangeMethod> ExchangeMethod for Witness<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn begin(&self, request: &AuthRequest) -> Box<dyn Exchange> {
        let exchange = self.inner.begin(request);
        Box::new(Witnessed { exchange, visitor: Visitor::of(request), book: self.book.clone() })
    }
}

impl Exchange for Witnessed {
    fn step(&mut self, data: &[u8]) -> Step {
        match self.exchange.step(data) {
            Step::Done(verdict, data) => {
                self.book.take_down(&self.visitor, &verdict);
                Step::Done(verdict, data)
            }
            Step::Later(inquiry, data) => {
                let (visitor, book) = (self.visitor.clone(), self.book.clone());
                let noted = Inquiry::new(|reply| inquiry.begin(book.noting(visitor, reply)));
                Step::Later(noted, data)
            }
            more @ Step::Continue(_) => more,
        }
    }
}

impl DoorBook {
    /// A book that writes to `events` and `uses`.
    pub fn new(resident: Arc<Resident>, events: Arc<Events>, uses: Arc<Uses>, clock: Arc<dyn Clock>) -> Self {
        Self { resident, events, uses, clock }
    }

    /// Takes down what came of judging somebody.
    pub fn record(&self, request: &AuthRequest, verdict: &Verdict) {
        self.take_down(&Visitor::of(request), verdict);
    }

    /// A reply that takes down what is replied.
    fn noting(self: Arc<Self>, visitor: Visitor, reply: Reply) -> Reply {
        reply.then(move |verdict, reply| {
            self.take_down(&visitor, &verdict);
            reply.answer(verdict);
        })
    }

    fn take_down(&self, visitor: &Visitor, verdict: &Verdict) {
        let now = self.clock.now();
        let (kind, reason) = match verdict {
            Verdict::Allow(allowance) => {
                if let Principal::Device(_, credential) = &allowance.principal {
                    self.uses.record(*credential, now);
                }
                return;
            }
            Verdict::NotMine => return,
            Verdict::Deny(denial) => (EventKind::LoginDenied, denial.code()),
            Verdict::Unavailable(unavailable) => (EventKind::LoginUnavailable, unavailable.code()),
        };
        let device = self.resident.device(&visitor.name).map(|device| device.id.clone());
        self.events.record(now, NewEvent::new(kind, &visitor.name, visitor.peer, reason).about(device));
    }
}

impl Visitor {
    fn of(request: &AuthRequest) -> Self {
        let name = request.username.clone().unwrap_or_else(|| request.client_id.clone());
        Self { name, peer: request.peer }
    }
}

impl std::fmt::Debug for DoorBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoorBook").finish_non_exhaustive()
    }
}

impl<A> std::fmt::Debug for Witness<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}
