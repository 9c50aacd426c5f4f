use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use vouchmq_broker::{ClientCursor, ClientFilter, ClientQuery, ClientStatus, Control};
use vouchmq_mqtt::ReasonCode;

use super::answer::{Answer, Refused, Said, done, found};
use super::code::ResultCode;
use super::listing::{PORTION, Parameters, everything, page};
use super::shared_text::SharedText;
use crate::management::Here;
use crate::management::caller::Caller;

/// A client, connected or not.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NanomqClient)]
pub(super) struct Client {
    #[schema(value_type = String)]
    client_id: SharedText,
    #[schema(value_type = String)]
    username: Box<str>,
    keepalive: u16,
    conn_state: &'static str,
    clean_start: bool,
    proto_name: &'static str,
    proto_ver: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    will_topic: Option<String>,
    /// What is no UTF-8 in it is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    will_msg: Option<String>,
}

const CONNECTED: &str = "connected";
const DISCONNECTED: &str = "disconnected";

/// A list of clients on current node.
#[utoipa::path(get, path = "/api/v4/clients", operation_id = "nanomq_list_clients", tag = "NanoMQ",
    params(("clientid" = Option<String>, Query), ("client_id" = Option<String>, Query),
        ("username" = Option<String>, Query), ("conn_state" = Option<String>, Query, description = "connected or disconnected"),
        ("clean_start" = Option<bool>, Query), ("proto_name" = Option<String>, Query),
        ("proto_ver" = Option<u8>, Query, description = "3, 4 or 5"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; without it and without cursor all are answered"),
        ("cursor" = Option<String>, Query, description = "what the page before gave")),
    responses((status = 200, body = Vec<Client>, description = "in `data`"), (status = 400, body = Said)))]
pub(super) async fn list(State(here): Here, wanted: Parameters) -> Result<Response, Refused> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let filter = filter_of(&wanted)?;
    match wanted.part::<ClientCursor>()? {
        None => Ok(all(broker, filter).await),
        Some(part) => {
            let wanted = ClientQuery { after: part.after, limit: part.limit, filter };
            let found = broker.clients_page(wanted).await;
            Ok(page(found.items.iter().map(Client::from).collect(), found.next))
        }
    }
}

/// Lookup a client in the cluster.
#[utoipa::path(get, path = "/api/v4/clients/{clientid}", operation_id = "nanomq_lookup_client", tag = "NanoMQ",
    params(("clientid" = String, Path)),
    responses((status = 200, body = Vec<Client>, description = "in `data`; none: an empty list")))]
pub(super) async fn read(
    State(here): Here,
    Path(client_id): Path<String>,
) -> Result<impl IntoResponse, Refused> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let client = broker.client(&client_id).await;
    Ok(found(client.iter().map(Client::from).collect::<Vec<_>>()))
}

/// Lookup a client via username in the cluster.
#[utoipa::path(get, path = "/api/v4/clients/username/{username}", operation_id = "nanomq_lookup_client_via_username",
    tag = "NanoMQ", params(("username" = String, Path)),
    responses((status = 200, body = Vec<Client>, description = "in `data`; none: an empty list")))]
pub(super) async fn of_user(State(here): Here, Path(username): Path<String>) -> Result<Response, Refused> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let filter = ClientFilter { username: Some(username.into()), ..ClientFilter::default() };
    Ok(all(broker, filter).await)
}

/// Disconnect a client; it may come again at once. NanoMQ does not have this.
#[utoipa::path(delete, path = "/api/v4/clients/{clientid}", operation_id = "nanomq_kick_client", tag = "NanoMQ",
    params(("clientid" = String, Path)),
    responses((status = 200, body = Said), (status = 404, body = Said, description = "112: it is not connected")))]
pub(super) async fn kick(State(here): Here, caller: Caller, Path(client_id): Path<String>) -> Answer<Said> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let offline = Refused::new(StatusCode::NOT_FOUND, ResultCode::Offline);
    let client = broker.client(&client_id).await;
    client.filter(|client| client.client.connection.is_some()).ok_or(offline)?;
    here.take_down(caller, "client.disconnect", &client_id, String::new()).await?;
    broker.disconnect_client(&client_id, ReasonCode::ADMINISTRATIVE_ACTION).await;
    Ok(done())
}

async fn all(broker: &Control, filter: ClientFilter) -> Response {
    let broker = broker.clone();
    everything(move |after| {
        let (broker, filter) = (broker.clone(), filter.clone());
        async move {
            let found = broker.clients_page(ClientQuery { after, limit: PORTION, filter }).await;
            (found.items.iter().map(Client::from).collect::<Vec<_>>(), found.next)
        }
    })
    .await
}

/// Which clients a query is for. What NanoMQ does not know is an error, with it too.
fn filter_of(wanted: &Parameters) -> Result<ClientFilter, Refused> {
    let mut filter = ClientFilter::default();
    for (name, value) in wanted.iter() {
        match (name, value) {
            ("clientid" | "client_id", id) => filter.client_id = Some(id.into()),
            ("username", name) => filter.username = Some(name.into()),
            ("conn_state", CONNECTED) => filter.is_connected = Some(true),
            ("conn_state", DISCONNECTED) => filter.is_connected = Some(false),
            ("clean_start", "true") => filter.clean_start = Some(true),
            ("clean_start", "false") => filter.clean_start = Some(false),
            ("proto_name", name) => filter.protocol_name = Some(name.into()),
            ("proto_ver", "3" | "4" | "5") => filter.protocol_level = value.parse().ok(),
            ("limit" | "cursor", _) => {}
            _ => return Err(Refused::parameter()),
        }
    }
    Ok(filter)
}

impl From<&ClientStatus> for Client {
    fn from(ClientStatus { client, username, .. }: &ClientStatus) -> Self {
        let will = client.will.as_ref();
        Self {
            client_id: SharedText(client.client_id.clone()),
            username: username.clone().unwrap_or_default(),
            keepalive: client.keep_alive_secs,
            conn_state: if client.connection.is_some() { CONNECTED } else { DISCONNECTED },
            clean_start: client.clean_start,
            proto_name: client.protocol_name,
            proto_ver: client.protocol_level,
            will_topic: will.map(|will| will.topic().to_owned()),
            will_msg: will.map(|will| String::from_utf8_lossy(will.payload()).into_owned()),
        }
    }
}
