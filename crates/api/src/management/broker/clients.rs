//! Clients.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use vouchmq_broker::{ClientFilter, ClientQuery, ClientStatus};
use vouchmq_client::dto::applied::Why;
use vouchmq_client::dto::client::{Client as Body, Disconnected, Will};
use vouchmq_client::dto::page::Page;
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::engine::WillState;

use super::{cursor_of, page_of};
use crate::http::{Paging, Problem, QueryOf};
use crate::management::Here;
use crate::management::answer::missing;
use crate::management::caller::Caller;
use crate::management::input::{IdOf, OptionalBody};
use crate::management::refusal::invalid;
use crate::management::text::{check_reason, read_some, time_of};

/// Which clients, and which part of the list: those of which all holds that is given.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::management) struct Wanted {
    /// With this Client Identifier.
    clientid: Option<String>,
    /// With this user name.
    username: Option<String>,
    /// That are connected as this device of the registry.
    device: Option<String>,
    /// Those that are connected now, or those that are not.
    connected: Option<bool>,
    /// That speak `3.1`, `3.1.1` or `5`.
    protocol: Option<String>,
    /// 1 to 200; 50 if it is missing.
    limit: Option<u32>,
    /// What the page before gave.
    cursor: Option<String>,
}

/// Why something is done.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::management) struct Because {
    /// Why, for the audit log: at most 256 bytes without control characters.
    #[serde(default)]
    reason: String,
}

/// Versions of MQTT, as they are called and as they stand in a CONNECT.
const PROTOCOLS: [(&str, u8); 3] = [("3.1", 3), ("3.1.1", 4), ("5", 5)];

/// Clients with a session, connected or not, in no particular order. A client that stays while pages are read is on
/// one of them, and on no other.
#[utoipa::path(get, path = "/v1/clients", operation_id = "list_clients", tag = "clients", params(Wanted),
    responses((status = 200, body = Page<Body>), (status = 409)))]
pub(in crate::management) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(wanted.limit, wanted.cursor.as_deref())?;
    let query = ClientQuery {
        after: cursor_of(&paging)?,
        limit: usize::try_from(paging.request().limit).unwrap_or(1),
        filter: wanted.filter()?,
    };
    let found = here.broker()?.clients_page(query).await;
    Ok(Json(page_of(found.items, found.next, |client| body_of(&client))))
}

/// One client, by its Client Identifier (percent-encoded: it may have any character but U+0000).
#[utoipa::path(get, path = "/v1/clients/{id}", operation_id = "read_client", tag = "clients",
    params(("id" = String, Path)), responses((status = 200, body = Body), (status = 409)))]
pub(in crate::management) async fn read(
    State(here): Here,
    IdOf(id): IdOf<String>,
) -> Result<Json<Body>, Problem> {
    let client = here.broker()?.client(&id).await.ok_or_else(|| missing("client"))?;
    Ok(Json(body_of(&client)))
}

/// Closes the connection of a client (DISCONNECT 0x98). Its session stays as long as its expiry says, its will is
/// published, and it may come again at once: a block keeps it out.
#[utoipa::path(post, path = "/v1/clients/{id}:disconnect", operation_id = "disconnect_client", tag = "clients",
    params(("id" = String, Path)), request_body = Option<Why>,
    responses((status = 200, body = Disconnected), (status = 409)))]
pub(in crate::management) async fn disconnect(
    State(here): Here,
    caller: Caller,
    IdOf(id): IdOf<String>,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Disconnected>, Problem> {
    let (broker, reason) = (here.broker()?, check_reason(why.reason)?);
    broker.client(&id).await.ok_or_else(|| missing("client"))?;
    here.take_down(caller, "client.disconnect", &id, reason.into()).await?;
    let disconnected = broker.disconnect_client(&id, ReasonCode::ADMINISTRATIVE_ACTION).await;
    Ok(Json(Disconnected { disconnected }))
}

/// Closes the connection of a client, if it has one, and ends its session with all that waits in it.
#[utoipa::path(delete, path = "/v1/clients/{id}", operation_id = "delete_client", tag = "clients",
    params(("id" = String, Path), Because), responses((status = 204), (status = 409)))]
pub(in crate::management) async fn delete(
    State(here): Here,
    caller: Caller,
    IdOf(id): IdOf<String>,
    QueryOf(because): QueryOf<Because>,
) -> Result<StatusCode, Problem> {
    let (broker, reason) = (here.broker()?, check_reason(because.reason)?);
    broker.client(&id).await.ok_or_else(|| missing("client"))?;
    here.take_down(caller, "client.delete", &id, reason.into()).await?;
    broker.end_session(&id, ReasonCode::ADMINISTRATIVE_ACTION).await;
    Ok(StatusCode::NO_CONTENT)
}

impl Wanted {
    fn filter(self) -> Result<ClientFilter, Problem> {
        let level = |word: &str| {
            let known = PROTOCOLS.iter().find(|(name, _)| *name == word);
            known.map(|(_, level)| *level).ok_or_else(|| invalid("?protocol", "write 3.1, 3.1.1 or 5"))
        };
        Ok(ClientFilter {
            client_id: self.clientid.map(Into::into),
            username: self.username.map(Into::into),
            device: read_some("?device", self.device.as_deref())?,
            is_connected: self.connected,
            protocol_level: self.protocol.as_deref().map(level).transpose()?,
            ..ClientFilter::default()
        })
    }
}

fn body_of(status: &ClientStatus) -> Body {
    let client = &status.client;
    let protocol = PROTOCOLS.iter().find(|(_, level)| *level == client.protocol_level);
    let never = client.session_expiry_secs == u32::MAX;
    Body {
        clientid: client.client_id.to_string(),
        connected: client.connection.is_some(),
        username: status.username.as_ref().map(ToString::to_string),
        device_id: status.device.as_ref().map(ToString::to_string),
        peer: status.peer.map(|peer| peer.to_string()),
        listener: status.listener.as_ref().map(ToString::to_string),
        protocol: protocol.map_or_else(|| client.protocol_level.to_string(), |(name, _)| (*name).to_owned()),
        keep_alive_secs: client.keep_alive_secs,
        clean_start: client.clean_start,
        session_expiry_secs: (!never).then_some(client.session_expiry_secs),
        connected_at: status.connected_at.map(time_of),
        disconnected_at: status.disconnected_at.map(time_of),
        session_expires_at: status.expires_at.map(time_of),
        subscriptions: client.subscription_count as u64,
        inflight: client.in_flight_count as u64,
        queued: client.queued_count as u64,
        queued_bytes: client.queued_bytes as u64,
        will: client.will.as_ref().map(will_of),
        shard: status.shard.0,
    }
}

fn will_of(will: &WillState) -> Will {
    Will {
        topic: will.topic().to_owned(),
        payload_bytes: will.payload().len() as u64,
        qos: will.qos().bits(),
        retain: will.retain(),
        delay_secs: will.delay.as_secs(),
    }
}
