//! How other brokers ask.

use std::io;

use serde_json::{Value, json};

use super::super::caller::{Answer, Caller};
use super::truth::Truth;

/// The form of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// NanoMQ's: a connection for each.
    NanomqForm,
    /// EMQX's: connections are kept.
    Emqx,
    Native,
    /// One of many.
    Batch,
}

pub(super) const ALL: [Asking; 4] = [Asking::NanomqForm, Asking::Emqx, Asking::Native, Asking::Batch];

/// A verdict as its form has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) is_allowed: bool,
    /// Denied, and not only unknown.
    pub(super) is_denied: bool,
    /// How far the log was followed, where that is told.
    pub(super) as_of: Option<u64>,
}

/// Another broker's connection.
pub(super) struct Client {
    address: String,
    asking: Asking,
    caller: Caller,
}

const JSON: &str = "Content-Type: application/json";

impl Client {
    pub(super) fn dial(address: &str, asking: Asking) -> io::Result<Self> {
        Ok(Self { address: address.to_owned(), asking, caller: Caller::dial(address)? })
    }

    /// Asks about a login.
    pub(super) fn ask(&mut self, Truth { name, password, .. }: &Truth) -> io::Result<Told> {
        let login = json!({"clientid": name, "username": name, "password": password});
        match self.asking {
            Asking::NanomqForm => {
                self.caller = Caller::dial(&self.address)?;
                let head = "POST /mqtt/auth\r\nContent-Type: application/x-www-form-urlencoded";
                let body = format!("clientid={name}&username={name}&password={password}");
                let Answer { status, .. } = self.caller.ask(head, &body)?;
                // It cannot tell the unknown from the denied.
                Ok(Told { status, is_allowed: status == 200, is_denied: status == 403, as_of: None })
            }
            Asking::Emqx => {
                let head = format!(
                    "POST /emqx/authn\r\nAccept: application/json\r\nCache-Control: no-cache\r\n\
                     Connection: keep-alive\r\nKeep-Alive: timeout=30, max=1000\r\n{JSON}"
                );
                let answer = self.caller.ask(&head, &login.to_string())?;
                Ok(told(&answer, "result", &body(&answer), None))
            }
            Asking::Native => {
                let head = format!("POST /v1/auth/verify\r\n{JSON}");
                let answer = self.caller.ask(&head, &login.to_string())?;
                let body = body(&answer);
                Ok(told(&answer, "decision", &body, body["as_of"].as_u64()))
            }
            Asking::Batch => {
                let head = format!("POST /v1/auth/verify:batch\r\n{JSON}");
                let stranger = json!({"clientid": "x", "username": "x", "password": "x"});
                let items = [vec![stranger; 15], vec![login]].concat();
                let answer = self.caller.ask(&head, &json!({ "items": items }).to_string())?;
                let body = body(&answer);
                Ok(told(&answer, "decision", &body["results"][15], body["as_of"].as_u64()))
            }
        }
    }
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_default()
}

fn told(answer: &Answer, field: &str, verdict: &Value, as_of: Option<u64>) -> Told {
    let is = |word: &str| answer.status == 200 && verdict[field] == word;
    Told { status: answer.status, is_allowed: is("allow"), is_denied: is("deny"), as_of }
}
