//! Security events.

use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::event::Event as Body;
use vouchmq_client::dto::page::Page as PageBody;
use vouchmq_identity::SecretUse;
use vouchmq_identity::events::Event;
use vouchmq_identity::store::Page;

use super::Here;
use super::audit::Wanted;
use super::text::time_of;
use crate::http::{Code, Problem, QueryOf, page};

/// The last events since the start, oldest first. They are kept in memory, 4,096 of them.
#[utoipa::path(get, path = "/v1/events", operation_id = "list_events", tag = "events", params(Wanted),
    responses((status = 200, body = PageBody<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<PageBody<Body>>, Problem> {
    let request = wanted.request()?;
    let after = request.after.as_deref().map_or(Ok(0), str::parse).map_err(|_| {
        Problem::new(Code::BadCursor, "the cursor is not one that this list gave: start without one")
    })?;
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let found = here.events.after(after, limit.saturating_add(1));
    let found = Page::of(found, request.limit, |event| event.sequence.to_string().into());
    Ok(Json(page(found, |event| body_of(&event))))
}

fn body_of(event: &Event) -> Body {
    Body {
        seq: event.sequence,
        at: time_of(event.at),
        kind: event.what.kind.to_string(),
        device_id: event.what.device.as_ref().map(ToString::to_string),
        subject: subject_of(&event.what.subject),
        peer: event.what.peer.map(|peer| peer.to_string()),
        reason: event.what.reason.to_owned(),
    }
}

/// Who confuses the fields of a login gives a secret as name: it is not shown.
fn subject_of(subject: &str) -> String {
    let uses = [SecretUse::Device, SecretUse::Claim, SecretUse::ApiKey];
    if uses.iter().any(|used_for| subject.contains(used_for.prefix())) {
        return "(a secret)".to_owned();
    }
    subject.to_owned()
}
