//! The broker that runs here: its clients, their subscriptions, messages, listeners and bounds.

pub(super) mod clients;
pub(super) mod limits;
pub(super) mod listeners;
pub(super) mod message;
pub(super) mod publish;
pub(super) mod retained;
pub(super) mod subscriptions;

use std::str::FromStr;

use vouchmq_broker::Control;
use vouchmq_client::dto::page::Page as PageBody;
use vouchmq_identity::registry::RecordDeed;
use vouchmq_identity::store::Page;
use vouchmq_mqtt::topic::{TopicFault, TopicFilter};

use super::Management;
use super::caller::Caller;
use super::refusal::invalid;
use crate::http::{Code, Paging, Problem, page};

/// A name in the audit log is shorter than a client id or a topic may be.
const NAME_LEN_MAX: usize = 256;

impl Management {
    /// The broker.
    fn broker(&self) -> Result<&Control, Problem> {
        self.broker.as_ref().ok_or_else(|| Problem::new(Code::Conflict, "no broker runs in this process"))
    }

    /// Takes down what is going to be done: what cannot be audited is not done.
    pub(super) async fn take_down(
        &self,
        caller: Caller,
        action: &'static str,
        name: &str,
        detail: String,
    ) -> Result<(), Problem> {
        let name = shortened(name);
        self.registry.execute(caller.actor, RecordDeed { action, name, detail }).await?;
        Ok(())
    }
}

/// So much of a text as there is room for.
pub(super) fn shortened(text: &str) -> String {
    text.get(..text.floor_char_boundary(NAME_LEN_MAX)).unwrap_or_default().to_owned()
}

/// A place in a list, as the page before gave it.
fn cursor_of<T: FromStr>(paging: &Paging) -> Result<Option<T>, Problem> {
    let read = |text: &str| {
        text.parse().map_err(|_| {
            Problem::new(Code::BadCursor, "the cursor is not one that this list gave: start without one")
        })
    };
    paging.request().after.as_deref().map(read).transpose()
}

/// The answer of a list.
fn page_of<T, B>(items: Vec<T>, next: Option<impl ToString>, body_of: impl FnMut(T) -> B) -> PageBody<B> {
    page(Page { items, next: next.map(|next| next.to_string().into()) }, body_of)
}

/// All items at once.
const fn whole<B>(items: Vec<B>) -> PageBody<B> {
    PageBody { items, next_cursor: None }
}

/// Reads a Topic Filter of a query. What no client may subscribe to may still have been retained or granted before a
/// bound was lowered: only the standard's own bounds count.
fn filter_of(pointer: &str, text: &str) -> Result<TopicFilter, Problem> {
    text.parse().map_err(|fault| invalid_topic(pointer, fault))
}

fn invalid_topic(pointer: &str, fault: TopicFault) -> Problem {
    invalid(pointer, fault.to_string())
}
