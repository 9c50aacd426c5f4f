use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vouchmq_client::dto::reload::Reloaded;

use super::answer::{Answer, Found, Refused, Said, done, found};
use super::body::ObjectOf;
use super::code::ResultCode;
use super::field::Change;
use super::in_effect::InEffect;
use super::section::{Section, ignored};
use super::shown::Shown;
use super::users;
use crate::management::caller::Caller;
use crate::management::{Configuration, Draft, Edit, Here, InvalidConfig, KeyChange, Management, Undrafted};

/// What is wanted: sections, or fields.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    pub(super) data: Map<String, Value>,
}

#[derive(Serialize)]
struct Nothing {
    code: ResultCode,
    data: Map<String, Value>,
}

/// Beside the users: whether they are let in at all.
const ENABLE: &str = "enable";
const USERS_ENABLED: &str = "auth.password.enable";

/// Show all configuration of broker.
#[utoipa::path(get, path = "/api/v4/configuration", operation_id = "nanomq_get_broker_configuration", tag = "NanoMQ",
    responses((status = 200, body = serde_json::Value, description = "in `data`; secrets are ******")))]
pub(super) async fn all(State(here): Here) -> Answer<Found<Shown>> {
    let values = here.in_effect().await?;
    Ok(found(Shown::object(Section::ALL.map(|section| (section.name(), section.shown(&values))))))
}

/// Show one section of the configuration.
#[utoipa::path(get, path = "/api/v4/configuration/{type}", operation_id = "nanomq_get_configuration", tag = "NanoMQ",
    params(("type" = String, Path, description = "basic, tls, auth, auth_http, websocket, http_server, sqlite, bridge or aws_bridge")),
    responses((status = 200, body = serde_json::Value, description = "in `data`; secrets are ******"), (status = 404, body = serde_json::Value)))]
pub(super) async fn one(State(here): Here, Path(name): Path<String>) -> Result<Response, Refused> {
    let Some(section) = Section::named(&name) else { return Ok(no_such_section()) };
    let values = here.in_effect().await?;
    Ok(found(Shown::object([(section.name(), section.shown(&values))])).into_response())
}

/// Set broker configuration, of all sections that are named: all of it or nothing.
#[utoipa::path(post, path = "/api/v4/configuration", operation_id = "nanomq_set_broker_configuration", tag = "NanoMQ",
    request_body = serde_json::Value, responses((status = 200, body = Said), (status = 400, body = Said), (status = 403, body = Said)))]
pub(super) async fn change_all(
    State(here): Here,
    caller: Caller,
    ObjectOf(Wanted { data }): ObjectOf<Wanted>,
) -> Answer<Said> {
    let values = here.in_effect().await?;
    let mut changes = Vec::new();
    for (name, wanted) in &data {
        match Section::named(name) {
            Some(section) => changes.extend(section.changes(&values, wanted)?),
            None if name == ENABLE => changes.extend(users_enabled(&values, wanted)?),
            None => ignored(name),
        }
    }
    here.apply(caller, changes).await
}

/// Set one section of the configuration.
#[utoipa::path(post, path = "/api/v4/configuration/{type}", operation_id = "nanomq_set_configuration", tag = "NanoMQ",
    params(("type" = String, Path)), request_body = serde_json::Value,
    responses((status = 200, body = Said), (status = 400, body = Said), (status = 403, body = Said), (status = 404, body = serde_json::Value)))]
pub(super) async fn change_one(
    State(here): Here,
    caller: Caller,
    Path(name): Path<String>,
    ObjectOf(Wanted { data }): ObjectOf<Wanted>,
) -> Result<Response, Refused> {
    let Some(section) = Section::named(&name) else { return Ok(no_such_section()) };
    let values = here.in_effect().await?;
    let mut changes = Vec::new();
    for (name, wanted) in &data {
        match name.as_str() {
            name if name == section.name() => changes.extend(section.changes(&values, wanted)?),
            ENABLE if section == Section::Users => changes.extend(users_enabled(&values, wanted)?),
            name => ignored(name),
        }
    }
    Ok(here.apply(caller, changes).await?.into_response())
}

fn users_enabled(values: &InEffect, wanted: &Value) -> Result<Option<Change>, Refused> {
    let wanted = wanted.as_bool().ok_or_else(Refused::parameter)?.to_string();
    let is_so = values.get(USERS_ENABLED).is_some_and(|value| value.value == wanted);
    Ok((!is_so).then(|| Change { key: USERS_ENABLED.to_owned(), value: Some(wanted) }))
}

/// As NanoMQ answers for a section that it does not know.
fn no_such_section() -> Response {
    let nothing = Nothing { code: ResultCode::Unreachable, data: Map::new() };
    (StatusCode::NOT_FOUND, Json(nothing)).into_response()
}

impl Management {
    /// The configuration, where there is one.
    pub(super) fn nanomq_configuration(&self) -> Result<&dyn Configuration, Refused> {
        self.configuration.as_deref().ok_or(Refused::absent())
    }

    /// Every value in effect.
    pub(super) async fn in_effect(&self) -> Result<InEffect, Refused> {
        Ok(InEffect::new(self.nanomq_configuration()?.effective().await))
    }

    /// Makes changes, all of them or none, and takes them down.
    pub(super) async fn apply(&self, caller: Caller, changes: Vec<Change>) -> Answer<Said> {
        if changes.is_empty() {
            return Ok(done());
        }
        let configuration = self.nanomq_configuration()?;
        let wanted =
            changes.iter().map(|Change { key, value }| KeyChange { key: key.clone(), value: value.clone() });
        let draft = configuration.draft(Edit::Keys(wanted.collect()), caller.authority()).await;
        let draft = draft.map_err(|why| undrafted(why, Refused::parameter()))?;
        if users::are_still_there(&changes, &InEffect::new(draft.effective())) {
            tracing::warn!(
                "users who were to be taken out stand in the configuration file: nothing has changed"
            );
            return Err(Refused::parameter());
        }
        let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
        self.go_on(caller, draft, "config.change", &keys.join(", "), Refused::parameter()).await
    }

    /// Takes a draft down, and goes on with it. `mistaken` is what is answered if that fails.
    pub(super) async fn go_on(
        &self,
        caller: Caller,
        draft: Box<dyn Draft>,
        action: &'static str,
        detail: &str,
        mistaken: Refused,
    ) -> Answer<Said> {
        let reloaded = self.commit(caller, draft, action, detail).await?.map_err(|why| {
            tell_of(&why);
            mistaken
        })?;
        tell_of_restart(&reloaded);
        Ok(done())
    }
}

/// What is answered where there is no draft: `mistaken`, or 403. Why goes to the log, since the answer has no place
/// for it.
pub(super) fn undrafted(why: Undrafted, mistaken: Refused) -> Refused {
    match why {
        Undrafted::Invalid(why) => {
            tell_of(&why);
            mistaken
        }
        Undrafted::Guarded(keys) => {
            let keys = keys.join(", ");
            tracing::warn!(keys = %keys.escape_debug(), "a change over NanoMQ's API needs the scope admin: nothing has changed");
            Refused::new(StatusCode::FORBIDDEN, ResultCode::Parameter)
        }
    }
}

/// Says why a configuration is not gone on with.
pub(super) fn tell_of(InvalidConfig { mistakes }: &InvalidConfig) {
    for (place, text) in mistakes.iter().take(MISTAKES_MAX) {
        tracing::warn!(%place, "a configuration over NanoMQ's API is refused: {}", text.escape_debug());
    }
}

/// Says what waits for a restart: NanoMQ's answer cannot.
fn tell_of_restart(Reloaded { changes, .. }: &Reloaded) {
    let waiting: Vec<&str> =
        changes.iter().filter(|change| change.takes != "now").map(|change| change.key.as_str()).collect();
    if !waiting.is_empty() {
        tracing::warn!(keys = waiting.join(", "), "changed over NanoMQ's API; they count after a restart");
    }
}

const MISTAKES_MAX: usize = 8;
