use super::StoreFault;
use crate::model::{Device, DeviceId, DeviceState, ProductId, RegistrationState};

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Begin behind the item with this key; `None` begins at the start.
    pub after: Option<Box<str>>,
    /// At most so many items.
    pub limit: u32,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The key of the last item, when more follow it.
    pub next: Option<Box<str>>,
}

/// What was found, and the rows that were passed over for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The items.
    pub items: Vec<T>,
    /// Rows in between that are not what was written, each a [`StoreFault::Corrupt`].
    pub corrupt: Vec<StoreFault>,
}

/// Which devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Of this product.
    pub product: Option<ProductId>,
    /// In this state.
    pub state: Option<DeviceState>,
    /// With this tag, name and value.
    pub tag: Option<(Box<str>, Box<str>)>,
    /// With this text in their id or hardware id, as it is written.
    pub text: Option<Box<str>>,
    /// One of these.
    pub ids: Option<Vec<DeviceId>>,
}

/// Which registrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegistrationFilter {
    /// For this product.
    pub product: Option<ProductId>,
    /// In this state.
    pub state: Option<RegistrationState>,
}

impl PageRequest {
    /// The first `limit` items.
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    /// `limit` items behind the one with this key.
    pub fn after(key: impl Into<Box<str>>, limit: u32) -> Self {
        Self { after: Some(key.into()), limit }
    }
}

impl<T> Found<T> {
    /// The first `limit` items that are sound, and what had to be passed over.
    ///
    /// # Errors
    /// [`StoreFault`]: what is not the fault of one row.
    pub fn of(rows: impl IntoIterator<Item = Result<T, StoreFault>>, limit: u32) -> Result<Self, StoreFault> {
        let mut found = Self { items: Vec::new(), corrupt: Vec::new() };
        for row in rows {
            if found.items.len() >= limit as usize {
                break;
            }
            match row {
                Ok(item) => found.items.push(item),
                Err(fault @ StoreFault::Corrupt { .. }) => found.corrupt.push(fault),
                Err(fault @ (StoreFault::Unavailable(_) | StoreFault::Busy)) => return Err(fault),
            }
        }
        Ok(found)
    }
}

impl DeviceFilter {
    /// Whether a device fits.
    pub fn admits(&self, device: &Device) -> bool {
        let has_text = |text: &str| {
            device.id.as_str().contains(text)
                || device.hardware_id.as_ref().is_some_and(|hardware_id| hardware_id.as_str().contains(text))
        };
        self.product.is_none_or(|product| device.product == product)
            && self.state.is_none_or(|state| device.state == state)
            && self.tag.as_ref().is_none_or(|tag| device.tags.contains(tag))
            && self.text.as_deref().is_none_or(has_text)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&device.id))
    }
}

impl<T> Page<T> {
    /// A page of what a query found that was asked for one item more than `limit`.
    pub fn of(mut items: Vec<T>, limit: u32, key_of: impl Fn(&T) -> Box<str>) -> Self {
        let limit = limit as usize;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = if has_more { items.last().map(key_of) } else { None };
        Self { items, next }
    }
}
