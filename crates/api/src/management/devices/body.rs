use std::collections::BTreeMap;

use vouchmq_client::dto::device::{Device as Body, LastFailure};
use vouchmq_identity::UnixMillis;
use vouchmq_identity::model::{Attributes, Device, DeviceId};
use vouchmq_identity::store::{Rows, StoreFault};

use crate::http::Problem;
use crate::management::Management;
use crate::management::text::time_of;

impl Management {
    /// A device with what is known of it beside its row: when it was seen, whether it is connected, why it was
    /// refused.
    pub(super) async fn device_body(&self, rows: &mut dyn Rows, device: &Device) -> Result<Body, Problem> {
        let seen = last_seen(rows, &device.id).await?;
        let online = self.sessions.connected(vec![device.id.clone()]).await;
        Ok(self.device_body_of(device, seen, online.first().copied().unwrap_or(false)))
    }

    /// A device that has just been entered: nobody has seen it yet.
    pub(super) fn new_device_body(&self, device: &Device) -> Body {
        self.device_body_of(device, None, false)
    }

    /// The same of many, in their order.
    pub(super) async fn device_bodies(
        &self,
        rows: &mut dyn Rows,
        devices: Vec<(Device, bool)>,
    ) -> Result<Vec<Body>, Problem> {
        let mut bodies = Vec::with_capacity(devices.len());
        for (device, online) in devices {
            let seen = last_seen(rows, &device.id).await?;
            bodies.push(self.device_body_of(&device, seen, online));
        }
        Ok(bodies)
    }

    fn device_body_of(&self, device: &Device, seen: Option<UnixMillis>, online: bool) -> Body {
        let last_failure = self.events.last_failure(device.id.as_str());
        Body {
            id: device.id.to_string(),
            product_id: device.product.to_string(),
            hw_id: device.hardware_id.as_ref().map(ToString::to_string),
            state: device.state.to_string(),
            tags: map_of(&device.tags),
            attributes: map_of(&device.attributes),
            expires_at: device.expires_at.map(time_of),
            source: device.origin.to_string(),
            online,
            last_seen_at: seen.map(time_of),
            last_failure: last_failure
                .map(|failure| LastFailure { reason: failure.reason.to_owned(), at: time_of(failure.at) }),
            version: device.version,
            created_at: time_of(device.created_at),
            updated_at: time_of(device.updated_at),
        }
    }
}

/// When a credential of the device was last used.
async fn last_seen(rows: &mut dyn Rows, device: &DeviceId) -> Result<Option<UnixMillis>, StoreFault> {
    let credentials = rows.credentials_of(device).await?;
    Ok(credentials.iter().filter_map(|credential| credential.last_used_at).max())
}

pub(in crate::management) fn map_of(pairs: &Attributes) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

pub(in crate::management) fn pairs_of(map: BTreeMap<String, String>) -> Attributes {
    map.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}
