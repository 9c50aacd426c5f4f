use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vouchmq_client::dto::device::Device as Body;
use vouchmq_client::dto::page::Page as PageBody;
use vouchmq_identity::model::Device;
use vouchmq_identity::store::{DeviceFilter, Page, PageRequest, Rows};

use crate::http::{Paging, Problem, QueryOf, page};
use crate::management::refusal::invalid;
use crate::management::text::read_some;
use crate::management::{Here, Management, products};

/// Which devices, and which part of the list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::management) struct Wanted {
    /// Of this product: its id or its key.
    product: Option<String>,
    /// With this tag: `name:value`.
    tag: Option<String>,
    /// In this state.
    state: Option<String>,
    /// With this text in their id or hardware id.
    q: Option<String>,
    /// Those that are connected now, or those that are not. Such a page may have fewer items than `limit`, and
    /// others behind it.
    online: Option<bool>,
    /// 1 to 200; 50 if it is missing.
    limit: Option<u32>,
    /// What the page before gave.
    cursor: Option<String>,
}

/// A page of devices, each with whether it is connected.
type Found = Page<(Device, bool)>;

/// Portions that are searched for devices that are connected, or not, before the client has to ask on.
const PORTIONS_MAX: usize = 20;
const TEXT_LEN_MAX: usize = 256;

/// Devices, in the order of their ids.
#[utoipa::path(get, path = "/v1/devices", operation_id = "list_devices", tag = "devices", params(Wanted),
    responses((status = 200, body = PageBody<Body>)))]
pub(in crate::management) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<PageBody<Body>>, Problem> {
    let paging = Paging::new(wanted.limit, wanted.cursor.as_deref())?;
    let mut rows = here.registry.read().await?;
    let found = match filter_of(&mut *rows, &wanted).await? {
        None => Found { items: Vec::new(), next: None },
        Some(filter) => here.search(&mut *rows, &filter, wanted.online, paging.request()).await?,
    };
    let Page { items, next } = found;
    let bodies = here.device_bodies(&mut *rows, items).await?;
    Ok(Json(page(Page { items: bodies, next }, |body| body)))
}

impl Management {
    async fn search(
        &self,
        rows: &mut dyn Rows,
        filter: &DeviceFilter,
        online: Option<bool>,
        request: &PageRequest,
    ) -> Result<Found, Problem> {
        let limit = request.limit as usize;
        let mut found = Found { items: Vec::new(), next: request.after.clone() };
        for _ in 0..PORTIONS_MAX {
            // No more than still fit, so that what is skipped is never lost.
            let left = u32::try_from(limit.saturating_sub(found.items.len())).unwrap_or(request.limit);
            let portion = PageRequest { after: found.next.take(), limit: left };
            let Page { items, next } = rows.devices(filter, portion).await?;
            let ids = items.iter().map(|device| device.id.clone()).collect();
            let connected = self.sessions.connected(ids).await;
            let states = connected.into_iter().chain(std::iter::repeat(false));
            let fits = |(_, is_online): &(Device, bool)| online.is_none_or(|wanted| wanted == *is_online);
            found.items.extend(items.into_iter().zip(states).filter(fits));
            found.next = next;
            if found.next.is_none() || found.items.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}

/// `None`: there is no such product, so no device fits.
async fn filter_of(rows: &mut dyn Rows, wanted: &Wanted) -> Result<Option<DeviceFilter>, Problem> {
    let mut filter =
        DeviceFilter { state: read_some("?state", wanted.state.as_deref())?, ..DeviceFilter::default() };
    if let Some(tag) = &wanted.tag {
        let parts = tag.split_once(':').filter(|_| tag.len() <= 2 * TEXT_LEN_MAX);
        let (name, value) = parts.ok_or_else(|| invalid("?tag", "write tag=name:value"))?;
        filter.tag = Some((name.into(), value.into()));
    }
    if let Some(text) = &wanted.q {
        if text.len() > TEXT_LEN_MAX {
            return Err(invalid("?q", "a text is at most 256 bytes"));
        }
        filter.text = Some(text.as_str().into());
    }
    if let Some(product) = &wanted.product {
        let Some(product) = products::find(rows, product).await? else { return Ok(None) };
        filter.product = Some(product.id);
    }
    Ok(Some(filter))
}
