//! What is asked and answered, for operators who try a configuration (`vouchmq auth test`).
//!
//! There is no other way to ask than the one of a client that connects: it is watched.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vouchmq_identity::acl::Said;
use zeroize::Zeroize;

use super::answer::{LoginAnswer, NotUnderstood};
use super::template::{HIDDEN, NotSayable};
use crate::transport::{Answer, Lost, Origin, Question, Servers};

/// A question to a service, and what came of it.
#[derive(Debug)]
pub struct Exchange {
    /// What is asked: `auth_req`, `super_req`, `acl_req`, or the path of the native protocol.
    pub asks: &'static str,
    /// The request as it was sent, to the first of the servers; without secrets.
    pub request: String,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a question.
#[derive(Debug)]
pub enum Outcome {
    /// It was not asked: the client says what no request can hold.
    NotSayable(NotSayable),
    /// No answer.
    Lost(Lost),
    /// An answer, as it came.
    Answered(Box<Answered>),
}

/// An answer, as it came.
#[derive(Debug)]
pub struct Answered {
    /// Of which server.
    pub server: Option<Origin>,
    /// What it says.
    pub answer: Answer,
    /// What that means.
    pub means: Result<Means, NotUnderstood>,
}

/// What an answer means.
#[derive(Clone, Debug)]
pub enum Means {
    /// Whether the client may connect.
    Login(LoginAnswer),
    /// Whether it is a superuser.
    Superuser(bool),
    /// Whether it may do something.
    Permission(Said),
}

/// Who is told of questions: mostly nobody.
#[derive(Clone, Default)]
pub(super) struct Watch(Option<Arc<dyn Fn(Exchange) + Send + Sync>>);

impl Watch {
    pub(super) fn by(sees: impl Fn(Exchange) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sees)))
    }

    /// Tells it, if somebody is told.
    pub(super) fn sees(&self, exchange: impl FnOnce() -> Exchange) {
        if let Some(sees) = &self.0 {
            sees(exchange());
        }
    }
}

impl Outcome {
    pub(super) fn answered(servers: &Servers, answer: &Answer, means: Result<Means, NotUnderstood>) -> Self {
        let server = servers.snapshot().into_iter().nth(answer.server).map(|server| server.origin);
        Self::Answered(Box::new(Answered { server, answer: answer.clone(), means }))
    }
}

/// A question of the native protocol as people may see it: without passwords.
pub(super) fn shown(servers: &Servers, question: &Question) -> String {
    let first = servers.snapshot().into_iter().next().map(|server| server.origin.to_string());
    let target = question.targets.first().map_or("", |target| target.as_str());
    let mut shown = format!("{} {}{target}\n", question.method, first.unwrap_or_default());
    for (name, value) in &question.headers {
        // Writing to a string never fails.
        let _ = writeln!(shown, "{name}: {}", value.to_str().unwrap_or(HIDDEN));
    }
    let mut body: Value = serde_json::from_slice(&question.body).unwrap_or_default();
    for item in body.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        for name in ["password", "password_b64"] {
            if let Some(Value::String(password)) = item.get_mut(name) {
                password.zeroize();
                HIDDEN.clone_into(password);
            }
        }
    }
    let _ = writeln!(shown, "\n{body}");
    shown
}

impl From<LoginAnswer> for Means {
    fn from(said: LoginAnswer) -> Self {
        Self::Login(said)
    }
}

impl From<bool> for Means {
    fn from(is_superuser: bool) -> Self {
        Self::Superuser(is_superuser)
    }
}

impl From<Said> for Means {
    fn from(said: Said) -> Self {
        Self::Permission(said)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("is_watched", &self.0.is_some()).finish()
    }
}
